package backfill

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/holdfast/holdfast/internal/rowmap"
)

// contentOf is the plan of a file.
func contentOf(t *testing.T, name, text string, change func(*Options)) *Plan {
	t.Helper()
	options := Options{Name: name, Format: CSV, Zone: time.UTC, MemoryBytes: 16 << 20,
		Now:      time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC),
		Open:     func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(text)), nil },
		Rejected: func(r *Reject) error { return errors.New(r.Detail) }}
	if change != nil {
		change(&options)
	}
	plan, err := Prepare(options)
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

func inZone(name string) func(*Options) {
	return func(o *Options) { o.Zone = time.FixedZone(name, 3600) }
}

// TestOneContentIsKnown whatever the file is called, how it is packed, and
// whether it fits into memory; not where it is read otherwise.
func TestOneContentIsKnown(t *testing.T) {
	const text = "customer_id,occurred_at,kind\nc-1,2026-03-01,session\nc-2,2026-03-02,session\n"
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	_, _ = w.Write([]byte(text))
	_ = w.Close()
	plan := contentOf(t, "v.csv", text, nil)
	mapped := func(kind string) func(*Options) {
		return func(o *Options) {
			o.Map = &rowmap.Map{Fields: map[string]rowmap.Origin{"customer_id": {Column: "customer_id"},
				"occurred_at": {Column: "occurred_at"}, "kind": {Constant: kind}}}
		}
	}
	byMap := contentOf(t, "v.csv", text, mapped("session"))
	for name, test := range map[string]struct {
		other *Plan
		base  *Plan
		same  bool
	}{
		"again":          {contentOf(t, "v.csv", text, nil), plan, true},
		"another folder": {contentOf(t, "/old/v.csv", text, nil), plan, true},
		"another name":   {contentOf(t, "w.csv", text, nil), plan, true},
		"packed":         {contentOf(t, "v.csv.gz", packed.String(), nil), plan, true},
		"streamed":       {contentOf(t, "v.csv", text, func(o *Options) { o.MemoryBytes = 1 }), plan, true},
		"later":          {contentOf(t, "v.csv", text, func(o *Options) { o.Now = o.Now.Add(time.Hour) }), plan, true},
		"another row":    {contentOf(t, "v.csv", text+"c-3,2026-03-03,session\n", nil), plan, false},
		"another order": {contentOf(t, "v.csv",
			"customer_id,occurred_at,kind\nc-2,2026-03-02,session\nc-1,2026-03-01,session\n", nil), plan, false},
		"another zone":  {contentOf(t, "v.csv", text, inZone("east")), plan, false},
		"a map":         {byMap, plan, false},
		"the same map":  {contentOf(t, "v.csv", text, mapped("session")), byMap, true},
		"another map":   {contentOf(t, "v.csv", text, mapped("store_visit")), byMap, false},
		"its delimiter": {contentOf(t, "v.csv", text, func(o *Options) { o.Delimiter = ',' }), plan, true},
	} {
		if same := test.other.Content() == test.base.Content(); same != test.same || test.other.Content() == "" {
			t.Errorf("%s: content %s and %s, want equal %t", name, test.other.Content(), test.base.Content(), test.same)
		}
	}
	if plan.SessionID() != contentOf(t, "/old/v.csv.gz", packed.String(), nil).SessionID() ||
		plan.SessionID() == contentOf(t, "w.csv", text, nil).SessionID() {
		t.Error("a session's name is that of another file, or not that of the same")
	}
}
