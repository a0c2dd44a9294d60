// Package timezone has the rules of the world's time zones, the same on every machine:
// time.LoadLocation takes those of the machine where it has some, and a run must not
// depend on them. What does not live here: clocks, schedules.
package timezone

import (
	"archive/zip"
	_ "embed"
	"errors"
	"io/fs"
	"strings"
	"sync"
	"time"
)

// archive is Go's own copy of the IANA time zone database.
//
//go:generate sh -c "cp \"$(go env GOROOT)/lib/time/zoneinfo.zip\" ."
//go:embed zoneinfo.zip
var archive string

var files = sync.OnceValues(func() (*zip.Reader, error) { return zip.NewReader(strings.NewReader(archive), int64(len(archive))) })

// Load gives the time zone of a name such as Europe/Berlin. The error for one that
// there is not is that of time.LoadLocation.
func Load(name string) (*time.Location, error) {
	all, err := files()
	if err != nil {
		return nil, err
	}
	rules, err := fs.ReadFile(all, name)
	if err != nil {
		return nil, errors.New("unknown time zone " + name)
	}
	return time.LoadLocationFromTZData(name, rules)
}
