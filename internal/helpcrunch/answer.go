// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package helpcrunch

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Answers are read by hand: encoding/json takes "NAME" for name, the last of
// two values for the right one, and what is left out for empty. Here a key is
// exact and stands once, and what is missing is known to be.
//
// A back end in PHP writes an empty object as [], and numbers and bools as it
// happens to hold them. That is read as what it plainly means; all else is an
// error, and of the customer alone that it is about.

var errType = errors.New("it does not have the documented type")

// object reads an object. twice is a key that stands in it more than once.
func object(data []byte) (fields map[string]json.RawMessage, twice string, err error) {
	reader := json.NewDecoder(bytes.NewReader(data))
	if start, err := reader.Token(); err != nil || start != json.Delim('{') {
		return nil, "", errType
	}
	fields = make(map[string]json.RawMessage)
	for reader.More() {
		key, err := reader.Token()
		name, ok := key.(string)
		var value json.RawMessage
		if err != nil || !ok || reader.Decode(&value) != nil {
			return nil, "", errType
		}
		if _, known := fields[name]; known {
			twice = name
		}
		if fields[name] = value; len(fields) > maxElements {
			return nil, "", errMeasure
		}
	}
	return fields, twice, nil
}

// objectOnce is object where a key that stands twice is an error.
func objectOnce(data []byte) (map[string]json.RawMessage, error) {
	fields, twice, err := object(data)
	if err == nil && twice != "" {
		err = errTwice
	}
	return fields, err
}

var errTwice = errors.New("it stands in the answer twice")

// maxElements is more than any list or object of an answer has. Reading takes time.
const maxElements = 10_000

var errMeasure = errors.New("it is beyond measure")

// list reads a list. PHP writes one with gaps as an object of numbers.
func list(data []byte) ([]json.RawMessage, error) {
	var elements []json.RawMessage
	if bytes.HasPrefix(data, []byte("[")) && json.Unmarshal(data, &elements) == nil {
		if len(elements) > maxElements {
			return nil, errMeasure
		}
		return elements, nil
	}
	fields, err := objectOnce(data)
	if err != nil {
		return nil, err
	}
	places := make([]int, 0, len(fields))
	for name := range fields {
		place, err := strconv.Atoi(name)
		if err != nil || strconv.Itoa(place) != name {
			return nil, errType
		}
		places = append(places, place)
	}
	slices.Sort(places)
	for _, place := range places {
		elements = append(elements, fields[strconv.Itoa(place)])
	}
	return elements, nil
}

func isNull(data []byte) bool { return string(data) == "null" }

// none reports whether the data is no object: null, or [] as PHP writes an empty one.
func none(data []byte) bool {
	var elements []json.RawMessage
	return isNull(data) || json.Unmarshal(data, &elements) == nil && len(elements) == 0
}

// textOf reads a string or null; a number is its digits.
func textOf(data []byte) (*string, error) {
	var text string
	switch {
	case isNull(data):
		return nil, nil
	case json.Unmarshal(data, &text) == nil:
	case strings.Trim(string(data), "-0123456789.") == "" && len(data) > 0:
		text = string(data)
	default:
		return nil, errType
	}
	return &text, nil
}

// flagOf reads a bool, whichever way PHP may write it. There is no null flag: it is not set.
func flagOf(data []byte) (bool, error) {
	switch string(data) {
	case "true", "1", `"1"`, `"true"`:
		return true, nil
	case "false", "0", `"0"`, `"false"`, `""`, "null":
		return false, nil
	}
	return false, errType
}

// idOf reads an id, 0 if it is none.
func idOf(data []byte) int64 {
	id, err := strconv.ParseInt(string(data), 10, 64)
	if err != nil || id < 0 {
		return 0
	}
	return id
}

// row is a customer as an answer has it.
type row struct {
	id      int64     // 0 = it does not say
	held    *Customer // as far as it can be read
	missing []string  // what a customer has and the answer does not
	odd     []string  // what is there and cannot be read
	err     error     // an [UnreadableError] where something is odd
	at      time.Time // when a search answered with it
}

// whole is the customer if everything is there and can be read, else nil.
func (r row) whole() *Customer {
	if r.err != nil || len(r.missing) > 0 {
		return nil
	}
	return r.held
}

// lacks reports whether the answer does not tell this field of the customer.
func (r row) lacks(field string) bool {
	return slices.Contains(r.missing, field) || slices.Contains(r.odd, field)
}

// readRow never fails: what is wrong with one customer is not wrong with the others.
func readRow(data []byte) row {
	fields, twice, err := object(data)
	if err != nil {
		return row{err: &UnreadableError{Err: err}}
	}
	r := row{held: new(Customer)}
	refuse := func(name string, err error) {
		r.odd = append(r.odd, name)
		if r.err == nil {
			r.err = &UnreadableError{ID: r.id, Field: name, Err: err}
		}
	}
	if twice != "id" {
		r.id = idOf(fields["id"])
	}
	if r.held.ID = r.id; r.id == 0 {
		refuse("id", errors.New("a customer without an id"))
	}
	for _, f := range answerFields {
		value, present := fields[f.name]
		switch {
		case !present:
			r.missing = append(r.missing, f.name)
		case !utf8.Valid(value):
			refuse(f.name, errors.New("it is not valid UTF-8"))
		default:
			if err := f.read(r.held, value); err != nil {
				refuse(f.name, err)
			}
		}
	}
	if twice = OneLine(twice, 60); twice != "" && !slices.Contains(r.odd, twice) { // any name, and it is shown
		refuse(twice, errTwice)
	}
	return r
}

// answerField is a field of the customer object ("Customer model"): all of them
// are in every answer, the empty ones as null.
type answerField struct {
	name string
	read func(*Customer, json.RawMessage) error
}

// into reads a value into its place in a customer.
func into[T any](place func(*Customer) *T, parse func([]byte) (T, error)) func(*Customer, json.RawMessage) error {
	return func(c *Customer, data json.RawMessage) (err error) {
		*place(c), err = parse(data)
		return err
	}
}

var answerFields = func() []answerField {
	var all []answerField
	for _, f := range stringFields {
		all = append(all, answerField{f.Name, into(f.Held, textOf)})
	}
	return append(all,
		answerField{"firstSeen", func(c *Customer, data json.RawMessage) error { return c.FirstSeen.UnmarshalJSON(data) }},
		answerField{"lastSeen", func(c *Customer, data json.RawMessage) error { return c.LastSeen.UnmarshalJSON(data) }},
		answerField{"unsubscribed", into(func(c *Customer) *bool { return &c.Unsubscribed }, flagOf)},
		answerField{"blocked", into(func(c *Customer) *bool { return &c.Blocked }, flagOf)},
		answerField{"tags", into(func(c *Customer) *[]Tag { return &c.Tags }, readTags)},
		answerField{"customData", func(c *Customer, data json.RawMessage) error { return c.CustomData.UnmarshalJSON(data) }},
		answerField{"location", into(func(c *Customer) **Location { return &c.Location }, readLocation)},
		answerField{"device", into(func(c *Customer) **Device { return &c.Device }, readDevice)},
	)
}()

// readTags reads each name once: two colours of one name are one tag.
func readTags(data []byte) ([]Tag, error) {
	if isNull(data) {
		return nil, nil
	}
	elements, err := list(data)
	if err != nil {
		return nil, err
	}
	tags := make([]Tag, 0, len(elements))
	known := make(map[string]bool, len(elements))
	for _, element := range elements {
		fields, err := objectOnce(element)
		if err != nil {
			return nil, err
		}
		texts := make(map[string]*string)
		if err := readTexts(fields, texts, "name", "color"); err != nil {
			return nil, err
		}
		name := text(texts["name"])
		if name == "" {
			return nil, errors.New("a tag without a name")
		}
		if !known[name] {
			known[name] = true
			tags = append(tags, Tag{Name: name, Color: text(texts["color"])})
		}
	}
	return tags, nil
}

// readTexts reads those of the fields that are there.
func readTexts(fields map[string]json.RawMessage, into map[string]*string, names ...string) (err error) {
	for _, name := range names {
		if value, present := fields[name]; present {
			if into[name], err = textOf(value); err != nil {
				return err
			}
		}
	}
	return nil
}

func readLocation(data []byte) (*Location, error) {
	if none(data) {
		return nil, nil
	}
	fields, err := objectOnce(data)
	if err != nil {
		return nil, err
	}
	texts := make(map[string]*string)
	err = readTexts(fields, texts, "regionCode", "countryCode", "city")
	return &Location{texts["regionCode"], texts["countryCode"], texts["city"]}, err
}

func readDevice(data []byte) (*Device, error) {
	if none(data) {
		return nil, nil
	}
	fields, err := objectOnce(data)
	if err != nil {
		return nil, err
	}
	texts := make(map[string]*string)
	err = readTexts(fields, texts, "ip", "timezone", "platform", "userAgent")
	device := &Device{nil, texts["ip"], texts["timezone"], texts["platform"], texts["userAgent"]}
	if id := fields["id"]; err == nil && id != nil && !isNull(id) {
		device.ID = new(Value)
		err = device.ID.UnmarshalJSON(id)
	}
	return device, err
}

// single is an answer that is one customer.
type single struct{ row }

func (s *single) UnmarshalJSON(data []byte) error {
	s.row = readRow(data)
	return s.err
}

// several is an answer that is a list of customers ("Batch update customers").
type several []row

func (s *several) UnmarshalJSON(data []byte) error {
	elements, err := list(data)
	if err != nil {
		return err
	}
	rows := make(several, len(elements))
	for i, element := range elements {
		rows[i] = readRow(element)
	}
	*s = rows
	return nil
}

// byID is the rows by the customer. Who stands there twice has told nothing.
func (s several) byID() map[int64]row {
	rows := make(map[int64]row, len(s))
	for _, r := range s {
		if _, twice := rows[r.id]; twice {
			r = row{id: r.id, missing: []string{"everything"}}
		}
		rows[r.id] = r
	}
	delete(rows, 0)
	return rows
}

// page is the envelope of lists and searches.
type page struct {
	rows  several
	total int // how many customers fit, on all pages; -1 = not said
}

// UnmarshalJSON refuses what is not a page: to be taken for an empty one, it
// would say that there is nobody.
func (p *page) UnmarshalJSON(data []byte) error {
	fields, err := objectOnce(data)
	if err == nil && (fields["data"] == nil || isNull(fields["data"]) || string(fields["data"]) == "{}") {
		err = errors.New("a page without a list of customers")
	}
	if err != nil {
		return err
	}
	*p = page{total: -1}
	if meta, err := objectOnce(fields["meta"]); err == nil && fields["total"] == nil {
		fields["total"] = meta["total"] // sister pages have it there ("Get agents")
	}
	if text, err := textOf(fields["total"]); err == nil && text != nil {
		if total, err := strconv.Atoi(*text); err == nil && total >= 0 {
			p.total = total
		}
	}
	return p.rows.UnmarshalJSON(fields["data"])
}

// acknowledged says why an answer without content of its own is not one: it is
// empty, the word Ok, or JSON ("Delete customer"). A web page is from somebody
// who stands in between.
func acknowledged(content []byte) error {
	content = bytes.TrimSpace(content)
	text := string(content)
	if len(content) == 0 || strings.EqualFold(text, "ok") {
		return nil
	}
	if err := json.Unmarshal(content, new(json.RawMessage)); err != nil {
		return err
	}
	fields, _, _ := object(content)
	_, refused := fields["errors"]
	if isText := content[0] == '"'; refused || text == "false" || isText && !strings.EqualFold(text, `"ok"`) {
		return errors.New("it does not say that this was done")
	}
	return nil
}
