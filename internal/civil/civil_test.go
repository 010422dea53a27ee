package civil

import (
	"archive/zip"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestTimesThatAreSkippedOrShownTwice(t *testing.T) {
	for _, test := range []struct{ zone, wall, want string }{
		{"Europe/Berlin", "2026-03-29 01:59:59", "2026-03-29T01:59:59+01:00"},
		{"Europe/Berlin", "2026-03-29 02:00:00", "2026-03-29T03:00:00+02:00"},
		{"Europe/Berlin", "2026-03-29 02:30:00", "2026-03-29T03:30:00+02:00"},
		{"Europe/Berlin", "2026-03-29 03:00:00", "2026-03-29T03:00:00+02:00"},
		{"Europe/Berlin", "2026-10-25 02:30:00", "2026-10-25T02:30:00+02:00"}, // the first
		{"Europe/Berlin", "2026-10-25 03:00:00", "2026-10-25T03:00:00+01:00"},
		{"America/Santiago", "2025-09-07 00:00:00", "2025-09-07T01:00:00-03:00"},
		{"America/Santiago", "2025-09-07 00:30:00", "2025-09-07T01:30:00-03:00"},
		{"America/Santiago", "2025-09-06 23:59:59", "2025-09-06T23:59:59-04:00"},
		{"America/Santiago", "2026-04-04 23:30:00", "2026-04-04T23:30:00-03:00"}, // the first
		{"Atlantic/Azores", "2026-03-29 00:00:00", "2026-03-29T01:00:00Z"},
		{"Atlantic/Azores", "2026-03-29 00:15:00", "2026-03-29T01:15:00Z"},
		{"America/Havana", "2026-03-08 00:00:00", "2026-03-08T01:00:00-04:00"},
		{"America/Havana", "2026-11-01 00:30:00", "2026-11-01T00:30:00-04:00"}, // the first
		{"America/Asuncion", "2023-10-01 00:00:00", "2023-10-01T01:00:00-03:00"},
		{"America/Sao_Paulo", "2017-10-15 00:00:00", "2017-10-15T01:00:00-02:00"},
		{"America/Scoresbysund", "2023-03-26 00:00:00", "2023-03-26T01:00:00Z"},
		{"Australia/Lord_Howe", "2026-10-04 02:10:00", "2026-10-04T02:40:00+11:00"},
		{"Pacific/Apia", "2011-12-30 10:00:00", "2011-12-31T10:00:00+14:00"}, // a day that was skipped
		{"Africa/Cairo", "2026-04-24 00:00:00", "2026-04-24T01:00:00+03:00"},
		{"America/Nuuk", "2026-03-28 23:30:00", "2026-03-29T00:30:00-01:00"}, // a day that ended early
		{"UTC", "2026-03-29 02:30:00", "2026-03-29T02:30:00Z"},
		{"Asia/Tehran", "2040-01-01 00:00:00", "2040-01-01T00:00:00+03:30"},
	} {
		zone, err := time.LoadLocation(test.zone)
		if err != nil {
			t.Fatal(err)
		}
		wall, err := time.Parse(time.DateTime, test.wall)
		if err != nil {
			t.Fatal(err)
		}
		if got := In(wall, zone).Format(time.RFC3339); got != test.want {
			t.Errorf("%s %s: %s, want %s", test.zone, test.wall, got, test.want)
		}
	}
}

// TestEveryDayOfEveryZone: the noon of a day is in that day, and so are the
// quarters of an hour, for all zones, and for the hours around each change of a clock.
func TestEveryDayOfEveryZone(t *testing.T) {
	zones := zoneNames(t)
	if len(zones) < 400 {
		t.Fatalf("%d zones", len(zones))
	}
	skipped, changes, seen := 0, 0, map[string]bool{}
	for _, name := range zones {
		zone, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		ends := changesOf(zone)
		if key := fmt.Sprint(ends); seen[key] {
			continue // another name of a zone that was tried
		} else {
			seen[key] = true
		}
		for day := from; day.Before(until); day = day.AddDate(0, 0, 1) {
			year, month, number := Noon(day, zone).Date()
			if number != day.Day() || month != day.Month() || year != day.Year() {
				skipped++
				if exists(day, zone) {
					t.Errorf("%s: the noon of %s is %s", name, day.Format(time.DateOnly), Noon(day, zone))
				}
			}
		}
		for _, end := range ends {
			changes++
			shown := end.At.Add(time.Duration(end.Offset) * time.Second).Truncate(15 * time.Minute)
			for quarter := -20; quarter < 20; quarter++ {
				checkShown(t, shown.Add(time.Duration(quarter)*15*time.Minute), zone)
			}
		}
	}
	if skipped == 0 || changes < 1000 {
		t.Errorf("%d skipped days and %d changes of clocks were seen", skipped, changes)
	}
}

var (
	from  = time.Date(1990, 1, 1, 0, 0, 0, 0, time.UTC)
	until = time.Date(2040, 1, 1, 0, 0, 0, 0, time.UTC)
)

// change is a change of a zone's clocks.
type change struct {
	At     time.Time
	Offset int
}

// changesOf returns the changes of a zone; later ones follow the rule of the last.
func changesOf(zone *time.Location) []change {
	var all []change
	for at := from.In(zone); at.Before(until); {
		_, end := at.ZoneBounds()
		if end.IsZero() {
			break
		}
		_, before := at.Zone()
		_, after := end.Zone()
		if before != after {
			all = append(all, change{end.UTC(), after})
		}
		at = end
	}
	return all
}

// checkShown holds In to what the clocks show: the first instant at which they
// show a time; where they never do, the later by the gap, and the same day.
func checkShown(t *testing.T, wall time.Time, zone *time.Location) {
	t.Helper()
	got := In(wall, zone)
	var first time.Time
	// All offsets are whole quarters of an hour but for a few of the past.
	for at := wall.Add(-15 * time.Hour); at.Before(wall.Add(15 * time.Hour)); at = at.Add(15 * time.Minute) {
		if _, offset := at.In(zone).Zone(); at.Add(time.Duration(offset) * time.Second).Equal(wall) {
			first = at
			break
		}
	}
	switch {
	case !first.IsZero() && !got.Equal(first):
		t.Errorf("%s: %s is %s, want %s", zone, wall.Format(time.DateTime), got, first.In(zone))
	case first.IsZero() && got.Format(time.DateTime) < wall.Format(time.DateTime):
		t.Errorf("%s: %s, which is skipped, goes back to %s", zone, wall.Format(time.DateTime), got)
	// else the day ended early
	case got.Format(time.DateOnly) != wall.Format(time.DateOnly) && exists(wall, zone) && wall.Hour() < 12:
		t.Errorf("%s: %s is on another day: %s", zone, wall.Format(time.DateTime), got)
	}
}

// exists reports whether the clocks of a zone have ever shown a day.
func exists(day time.Time, zone *time.Location) bool {
	for hour := -15; hour < 40; hour++ {
		if day.Add(time.Duration(hour)*time.Hour).In(zone).Format(time.DateOnly) == day.Format(time.DateOnly) {
			return true
		}
	}
	return false
}

// goroot is the folder of the toolchain, "" where none is there.
func goroot() string {
	out, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(out))
}

// zoneNames are those of Go's own copy of the zone data, or the system's.
func zoneNames(t *testing.T) []string {
	t.Helper()
	var names []string
	if archive, err := zip.OpenReader(filepath.Join(goroot(), "lib", "time", "zoneinfo.zip")); err == nil {
		defer archive.Close()
		for _, file := range archive.File {
			if !strings.HasSuffix(file.Name, "/") {
				names = append(names, file.Name)
			}
		}
		return names
	}
	const system = "/usr/share/zoneinfo"
	err := fs.WalkDir(os.DirFS(system), ".", func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() && !slices.Contains([]string{"posix", "right"}, strings.Split(path, "/")[0]) {
			if _, wrong := time.LoadLocation(path); wrong == nil {
				names = append(names, path)
			}
		}
		return err
	})
	if err != nil {
		t.Skip("neither the toolchain's nor the system's zone data is there: ", err)
	}
	return names
}
