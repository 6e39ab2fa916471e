// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package helpcrunch

// Customer is a customer as HelpCrunch holds it ("Customer model"). A nil
// string is null.
type Customer struct {
	ID            int64      `json:"id"`
	Name          *string    `json:"name"`
	Email         *string    `json:"email"`
	UserID        *string    `json:"userId"`
	Company       *string    `json:"company"`
	Phone         *string    `json:"phone"`
	FirstSeen     Timestamp  `json:"firstSeen"`
	LastSeen      Timestamp  `json:"lastSeen"`
	Location      *Location  `json:"location"`
	Device        *Device    `json:"device"`
	Unsubscribed  bool       `json:"unsubscribed"`
	Blocked       bool       `json:"blocked"`
	Source        *string    `json:"source"`
	Referer       *string    `json:"referer"`
	LastPage      *string    `json:"lastPage"`
	Locale        *string    `json:"locale"`
	CreatedFrom   *string    `json:"createdFrom"`
	IntegrationID *string    `json:"integrationId"`
	Notes         *string    `json:"notes"`
	Tags          []Tag      `json:"tags"`
	CustomData    CustomData `json:"customData"`
}

// UnmarshalJSON refuses what is not a customer: an answer without an id says
// nothing about anybody. What is left out is null.
func (c *Customer) UnmarshalJSON(data []byte) error {
	read := readRow(data)
	if read.err != nil {
		return read.err
	}
	*c = *read.held
	return nil
}

// Tag is a tag of a customer. An empty colour is left to HelpCrunch; answers
// always have one.
type Tag struct {
	Name  string `json:"name"`
	Color string `json:"color,omitempty"`
}

// Location is where a customer was seen. HelpCrunch finds it out by itself.
type Location struct {
	RegionCode  *string `json:"regionCode"`
	CountryCode *string `json:"countryCode"`
	City        *string `json:"city"`
}

// Device is what a customer was seen with. HelpCrunch finds it out by itself.
type Device struct {
	ID        *Value  `json:"id"` // its type is not documented
	IP        *string `json:"ip"`
	Timezone  *string `json:"timezone"`
	Platform  *string `json:"platform"`
	UserAgent *string `json:"userAgent"`
}
