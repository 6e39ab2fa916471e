// Copyright (c) The terraform-provider-helpcrunch Authors
// SPDX-License-Identifier: MPL-2.0

package budget

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"time"

	"github.com/gofrs/flock"
)

const (
	// lockPatience is how long the lock is waited for. It is held for less than
	// a millisecond, unless its holder was stopped or the file system is ill.
	lockPatience = 5 * time.Second
	// maxFile is more than any file of ours holds.
	maxFile = 1 << 20
)

// lineBreak ends the ledger. What follows is left from a longer one.
var lineBreak = []byte("\n")

// file is a ledger on disk that processes share.
//
// Another file next to it is locked for each change, as Windows lets nobody
// write to one that is locked. The lock goes with the process that holds it.
// Neither is used unless it is this user's own ([openOwn]): the place is known to
// every program of the machine, and what a link there leads to is not ours to
// overwrite.
//
// The ledger is written in place, in a single call and up to a line break that
// ends it. Renaming a new file over the old one would be safer still, but some
// file systems write that to disk at once: milliseconds instead of microseconds
// under the lock, twice for each request; and Windows refuses it while a virus
// scanner looks. A process that is killed in the middle of the write, or a
// machine that loses power, can leave a line that does not parse. It is then
// begun anew: every process still knows its own slots, so that what this can
// cost is one window with too many requests.
type file struct {
	path    string
	window  time.Duration
	horizon time.Duration // what lies further ahead is not believed; leaves room for others with a longer Hold
	wall    func() time.Time
	log     func(ctx context.Context, message string, fields map[string]any)

	retry   time.Time // the file did not work, and is left alone until then
	refused bool      // it did not work at least once
}

func newFile(c Config) *file {
	return &file{
		path:    c.File,
		window:  c.Window,
		horizon: max(c.Hold+c.Window, maxSharedPause),
		wall:    time.Now,
		log:     c.Log,
	}
}

// update lets change work on the ledger as it is now, and writes it back if
// change reports that it did something. Where that cannot be done it does
// nothing, and leaves the file alone for a window. The only error is that of ctx.
func (f *file) update(ctx context.Context, change func(l *ledger, now time.Duration) bool) error {
	if time.Now().Before(f.retry) {
		return nil
	}
	err := f.locked(ctx, func(disk *os.File) error {
		now := time.Duration(f.wall().UnixNano())
		l, repaired, err := f.read(ctx, disk, now)
		if err != nil {
			return err
		}
		l.prune(now)
		if !change(&l, now) && !repaired {
			return nil
		}
		return write(disk, l)
	})
	if err == nil || errors.Is(err, ctx.Err()) {
		return err
	}
	f.retry = time.Now().Add(f.window)
	if !f.refused {
		f.refused = true
		f.log(ctx, "The request budget cannot be shared with other processes", map[string]any{"file": f.path, "error": err.Error()})
	}
	return nil
}

// locked does something with the file while no other process does.
//
// It asks for the lock again and again rather than letting the system queue it
// up: that wait would not end with ctx, and would have no end at all if the
// holder is stopped (Ctrl-Z). As the lock is held so shortly, asking twice is rare.
func (f *file) locked(ctx context.Context, do func(disk *os.File) error) error {
	// Not one lock for ever: it would take a second caller in this process for the first.
	lock := flock.New(f.path+".lock", flock.SetFlag(os.O_RDONLY|os.O_CREATE|asItIs), flock.SetPermissions(0o600))
	for deadline := time.Now().Add(lockPatience); ; {
		own, err := openOwn(lock.Path())
		if err != nil {
			return err
		}
		ok, err := lock.TryLock()
		if err := errors.Join(err, own.Close()); err != nil {
			return err
		}
		if ok {
			break
		}
		if time.Now().After(deadline) {
			return errors.New("another process does not let go of the lock")
		}
		if err := sleep(ctx, time.Millisecond+rand.N(2*time.Millisecond), nil); err != nil {
			return err
		}
	}
	defer func() { _ = lock.Unlock() }()

	disk, err := openOwn(f.path)
	if err != nil {
		return err
	}
	return errors.Join(do(disk), disk.Close())
}

// read returns the ledger, and whether it is better than what the file holds.
func (f *file) read(ctx context.Context, disk io.Reader, now time.Duration) (l ledger, repaired bool, err error) {
	content, err := io.ReadAll(io.LimitReader(disk, maxFile))
	if err != nil {
		return ledger{}, false, err
	}
	if len(content) == 0 { // we have just made it
		return ledger{Version: ledgerVersion}, false, nil
	}
	line, _, _ := bytes.Cut(content, lineBreak)
	l, err = parseLedger(line)
	if err != nil {
		f.log(ctx, "The file of the request budget is damaged and begun anew", map[string]any{"file": f.path, "error": err.Error()})
		return ledger{Version: ledgerVersion}, true, nil //nolint:nilerr // the damage is repaired
	}
	repaired = l.clamp(tenths(now), tenths(now+f.horizon), tenths(now+f.window))
	if repaired {
		f.log(ctx, "The file of the request budget is ahead of the clock and set back", map[string]any{"file": f.path})
	}
	return l, repaired, nil
}

// encode is what a file with this ledger holds.
func encode(l ledger) ([]byte, error) {
	content, err := json.Marshal(l)
	return append(content, lineBreak...), err
}

func write(disk *os.File, l ledger) error {
	content, err := encode(l)
	if err != nil {
		return err
	}
	if _, err := disk.WriteAt(content, 0); err != nil {
		return err
	}
	return disk.Truncate(int64(len(content)))
}
