package timezone_test

import (
	"archive/zip"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"minisim/sim/api/timezone"
)

// TestHostsRulesDoNotCount has a machine that takes New York for Berlin.
func TestHostsRulesDoNotCount(t *testing.T) {
	newYork, err := timezone.Load("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	noon := time.Date(2026, time.July, 1, 12, 0, 0, 0, time.UTC)
	if got := noon.In(newYork).Format("15:04 MST"); got != "08:00 EDT" {
		t.Errorf("New York: %s", got)
	}
	packed, err := zip.OpenReader("zoneinfo.zip")
	if err != nil {
		t.Fatal(err)
	}
	defer packed.Close()
	rules, err := fs.ReadFile(packed, "America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	host := t.TempDir()
	t.Setenv("ZONEINFO", host) // nobody may have asked for a zone before
	if err := os.Mkdir(filepath.Join(host, "Europe"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(host, "Europe", "Berlin"), rules, 0o600); err != nil {
		t.Fatal(err)
	}
	theirs, err := time.LoadLocation("Europe/Berlin")
	if err != nil || noon.In(theirs).Format("15:04 MST") != "08:00 EDT" {
		t.Fatalf("the host has not been led astray: %v", err)
	}
	berlin, err := timezone.Load("Europe/Berlin")
	if err != nil || noon.In(berlin).Format("15:04 MST") != "14:00 CEST" {
		t.Errorf("Berlin: %v, %v", noon.In(berlin), err)
	}
}

func TestUnknown(t *testing.T) {
	for _, name := range []string{"", "Mars/Base", "Europe", "../timezone", "/UTC", "europe/berlin"} {
		if _, err := timezone.Load(name); err == nil || err.Error() != "unknown time zone "+name {
			t.Errorf("%q: %v", name, err)
		}
	}
	if l, err := timezone.Load("UTC"); err != nil || l.String() != "UTC" {
		t.Errorf("UTC: %v, %v", l, err)
	}
}
