package backfill

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/holdfast/holdfast/internal/textfile"
)

var (
	errBroken = errors.New("the disk is gone")
	errClosed = errors.New("it cannot be closed")
)

// file is one that is read as it stands and closed with an error, if any.
type file struct {
	io.Reader
	closing error
}

func (f file) Close() error { return f.closing }

// Which error of a file ends a backfill, and that nothing hides it.
func TestFilesThatCannotBeRead(t *testing.T) {
	const rows = "customer_id,occurred_at,kind\nk,2026-03-01,session\n"
	for name, test := range map[string]struct {
		open func() (io.ReadCloser, error)
		want error
	}{
		"not there":      {func() (io.ReadCloser, error) { return nil, os.ErrNotExist }, os.ErrNotExist},
		"not to be read": {func() (io.ReadCloser, error) { return file{iotest.ErrReader(errBroken), nil}, nil }, errBroken},
		"broken in between": {func() (io.ReadCloser, error) {
			return file{io.MultiReader(strings.NewReader(rows), iotest.ErrReader(errBroken)), nil}, nil
		}, errBroken},
		"not to be closed": {func() (io.ReadCloser, error) { return file{strings.NewReader(rows), errClosed}, nil },
			errClosed},
		"both": {func() (io.ReadCloser, error) { return file{iotest.ErrReader(errBroken), errClosed}, nil },
			errClosed},
		"UTF-16": {func() (io.ReadCloser, error) { return file{strings.NewReader("\xff\xfek\x00"), nil}, nil },
			textfile.ErrNoText},
		"a folder": {func() (io.ReadCloser, error) { return os.Open(t.TempDir()) }, errIsFolder},
	} {
		_, err := Prepare(Options{Name: "f.csv", Format: CSV, Zone: time.UTC, MemoryBytes: 1 << 20,
			Now: time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC), Open: test.open,
			Rejected: func(r *Reject) error { return errors.New(r.Detail) }})
		if errors.Is(test.want, errIsFolder) {
			if err == nil || !strings.Contains(err.Error(), "is a directory") {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if !errors.Is(err, test.want) || !strings.HasPrefix(err.Error(), "read f.csv: ") {
			t.Errorf("%s: %v, want %v", name, err, test.want)
		}
	}
}

var errIsFolder = errors.New("is a directory")

// withoutID matches the id that is made of a row's number and cells.
var withoutID = regexp.MustCompile(`"event_id":"[^"]*",?`)

// Who is told of bad rows may stop the reading; a file that is gone when it is read
// again is told too.
func TestReadingThatIsStopped(t *testing.T) {
	full := errors.New("no room for rejects")
	options := Options{Name: "f.csv", Format: CSV, Zone: time.UTC, MemoryBytes: 300,
		Now:      time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC),
		Rejected: func(*Reject) error { return full }}
	text := "customer_id,occurred_at,kind\nk,soon,session\n"
	options.Open = func() (io.ReadCloser, error) { return file{strings.NewReader(text), nil}, nil }
	if _, err := Prepare(options); !errors.Is(err, full) {
		t.Errorf("told: %v", err)
	}
	text = "customer_id,occurred_at,kind\n"
	for i := range 20 {
		text += fmt.Sprintf("k,2026-03-%02d,session\n", 1+i)
	}
	plan, err := Prepare(options)
	if err != nil || !plan.Streamed {
		t.Fatalf("streamed %v, %v", plan, err)
	}
	stop := errors.New("enough")
	seen := 0
	if err := plan.Each(func(Event) error {
		if seen++; seen == 3 {
			return stop
		}
		return nil
	}); !errors.Is(err, stop) || seen != 3 {
		t.Errorf("stopped: %d, %v", seen, err)
	}
	plan.options.Open = func() (io.ReadCloser, error) { return nil, os.ErrNotExist }
	if err := plan.Each(func(Event) error { return nil }); !errors.Is(err, os.ErrNotExist) ||
		!strings.HasPrefix(err.Error(), "read f.csv again: ") {
		t.Errorf("gone: %v", err)
	}
}

// The names of rows need a folder where they do not fit into memory; without one
// the error says which variable names it.
func TestWithoutAFolderForNames(t *testing.T) {
	t.Setenv("TMPDIR", "/nowhere/at/all")
	var text strings.Builder
	text.WriteString("event_id,customer_id,occurred_at,kind\n")
	for i := range 50 {
		fmt.Fprintf(&text, "e%d,k,2026-03-01,session\n", i)
	}
	got := prepare(t, Options{Name: "x.csv", Format: CSV, MemoryBytes: 400}, text.String())
	if !errors.Is(got.err, os.ErrNotExist) || !strings.Contains(got.err.Error(), "TMPDIR says where") {
		t.Errorf("%v", got.err)
	}
}

// The same rows in any dress are the same events: the content of the file, not its
// look, is what is sent.
func TestFilesInEveryDress(t *testing.T) {
	const rows = "customer_id,occurred_at,kind,coupon_code\nk-1,2026-03-01,session,\nÜ,2026-03-02,session,\n"
	want := prepare(t, Options{Name: "x.csv", Format: CSV}, strings.ReplaceAll(rows, ",coupon_code", ",note"))
	if want.err != nil || len(want.values) != 2 {
		t.Fatal(want.err, want.values)
	}
	packed := func(text string) string {
		var out bytes.Buffer
		w := gzip.NewWriter(&out)
		_, errWrite := io.WriteString(w, text)
		if err := errors.Join(errWrite, w.Close()); err != nil {
			t.Fatal(err)
		}
		return out.String()
	}
	quote := func(text string) string {
		lines := strings.Split(strings.TrimSpace(text), "\n")
		for i, line := range lines {
			lines[i] = `"` + strings.ReplaceAll(line, ",", `","`) + `"`
		}
		return strings.Join(lines, "\n")
	}
	for name, text := range map[string]string{
		"plain": rows, "mark": "\ufeff" + rows, "CRLF": strings.ReplaceAll(rows, "\n", "\r\n"),
		"CR": strings.ReplaceAll(rows, "\n", "\r"), "gzip": packed(rows), "gzip twice": packed(packed("\ufeff" + rows)),
		"no end": strings.TrimSpace(rows), "blank lines": "\n" + strings.ReplaceAll(rows, "\n", "\n\n"),
		"quotes":            quote(rows),
		"blanks":            strings.ReplaceAll(rows, ",", " , "),
		"another order":     "kind,note,occurred_at,customer_id\nsession,,2026-03-01,k-1\nsession,,2026-03-02,Ü\n",
		"a nameless column": strings.ReplaceAll(strings.ReplaceAll(rows, "\n", ",,\n"), "coupon_code", "note"),
		"sep":               "sep=;\n" + strings.ReplaceAll(rows, ",", ";"),
	} {
		text = strings.ReplaceAll(text, "coupon_code", "note")
		got := prepare(t, Options{Name: "x.csv", Format: CSV}, text)
		if got.err != nil || len(got.rejects) > 0 {
			t.Errorf("%s: %v, %v", name, got.err, got.rejects)
			continue
		}
		for i := range got.values {
			got.values[i] = withoutID.ReplaceAllString(got.values[i], "")
		}
		plain := make([]string, len(want.values))
		for i, value := range want.values {
			plain[i] = withoutID.ReplaceAllString(value, "")
		}
		if diff := cmp.Diff(plain, got.values); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	options := Options{Name: "x.csv", Format: CSV, Map: mapOf(t,
		"delimiter: \";\"\nfields: {customer_id: c, occurred_at: t, kind: {constant: session}}")}
	got := prepare(t, options, "sep=;\nc;t\nk;2026-03-01\n")
	if got.err != nil || len(got.values) != 1 {
		t.Errorf("a map and the line that names the delimiter: %v %v", got.err, got.values)
	}
}
