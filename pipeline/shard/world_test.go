package shard

import (
	"bytes"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"
	_ "time/tzdata" // zones do not depend on the machine

	"github.com/holdfast/holdfast/internal/rowtest"
	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/policy"
	"github.com/holdfast/holdfast/pipeline/score"
	"github.com/holdfast/holdfast/pipeline/signal"
	"github.com/holdfast/holdfast/pipeline/state"
)

// prepared are parameters that alerts may rest on. They are made once: it takes
// longer than most tests.
var prepared = sync.OnceValues(func() (score.Parameters, error) {
	p := score.DefaultParameters()
	p.DataSufficiency, p.Version = signal.SufficiencyOK, "test"
	return p, p.Prepare()
})

// testConfig is a shard's configuration with a model that alerts may rest on.
func testConfig(t testing.TB, zone string) Config {
	t.Helper()
	parameters, err := prepared()
	if err != nil {
		t.Fatal(err)
	}
	rules := policy.Default()
	rules.HoldoutPercent = 0
	return Config{
		Zone: zoneNamed(t, zone), Lateness: event.Hour, Currency: [3]byte{'E', 'U', 'R'}, Segments: []string{"all", "retail"},
		Complaints: ComplaintTimes{FirstResponse: 24 * event.Hour, Resolution: 5 * event.Day24h,
			SevereFrom: 4, SevereFirstResponse: 4 * event.Hour, SevereResolution: 2 * event.Day24h},
		Policy: &rules, Parameters: &parameters,
		Alerts: AlertContext{Plays: policy.DefaultPlays(), CurrencyText: "EUR", ConfigHash: "test", EngineVersion: "test"},
	}
}

func zoneNamed(t testing.TB, name string) *Zone {
	t.Helper()
	location, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return NewZone(location)
}

var testMeta = signal.Meta{Currency: "EUR", CurrencyExponent: 2, TimeZone: "UTC"}

func newEffects() *Effects {
	return &Effects{Customers: score.NewCustomerBlock(testMeta), AlertRows: signal.NewAlertBlock(testMeta),
		Models: signal.NewModelBlock(testMeta), Quality: signal.NewQualityBlock(testMeta)}
}

// reset empties effects as a commit does.
func (fx *Effects) reset() {
	fx.Alerts, fx.Credits, fx.Sealed = fx.Alerts[:0], fx.Credits[:0], fx.Sealed[:0]
	fx.Customers.Reset(testMeta)
	fx.AlertRows.Reset(testMeta)
	fx.Models.Reset(testMeta)
	fx.Quality.Reset(testMeta)
}

// lastRow returns the latest row that was written, as a reader of its block sees it.
func lastRow(t testing.TB, fx *Effects) map[string]string {
	t.Helper()
	b, err := signal.Decode(fx.Customers.Encode(nil))
	if err != nil {
		t.Fatal(err)
	}
	return rowtest.ByName(b, b.Rows-1)
}

// instant is a time of day in UTC as an event time.
func instant(t testing.TB, text string) event.Instant {
	t.Helper()
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04", "2006-01-02"} {
		if at, err := time.Parse(layout, text); err == nil {
			return event.Instant(at.UnixMicro())
		}
	}
	t.Fatalf("%q is no time", text)
	return 0
}

// dump writes a record out in full, but for what is no part of its content:
// where it lies and whether a row is owed.
func dump(c *state.Customer) string {
	return fmt.Sprintf("%s judged %d last %d deadline %d folded %d flags %b\n events %v\n days %v\n weeks %v\n orders "+
		"%+v %v %v\n complaints %+v\n counts %v %d\n %+v %+v %+v %+v %+v\n silent %d parameters %d opaque %x",
		c.ID, c.JudgedAt, c.LastEvent(), c.Deadline, c.FoldedThrough, c.Flags&^state.RowPending, c.Events, c.Days, c.Weeks,
		c.Orders, c.Categories, c.OrderDays,
		c.Complaints, c.ComplaintDays, c.LastComplaint, c.Life, c.Profile, c.Ratings, c.Closing, c.Interest,
		c.Silence, c.Parameters, c.Opaque)
}

// records dumps every customer, by id.
func records(s *Shard) map[string]string {
	all := map[string]string{}
	var c state.Customer
	s.slab.Each(func(slot state.Slot) {
		s.slab.LoadSlot(&c, slot)
		all[string(c.ID)] = dump(&c)
	})
	return all
}

// image is every page's encoding, as of no batch and without owed rows: equal
// states have equal images.
func image(s *Shard) []byte {
	var codec state.PageCodec
	var out []byte
	s.slab.Each(func(slot state.Slot) { s.slab.SetRowPending(slot, false) })
	for n := 0; n < s.slab.Pages(); n++ {
		out = s.slab.AppendPage(&codec, out, 0, uint32(n), 0)
	}
	return out
}

// sameState compares two shards byte for byte and tells the first customers
// that differ.
func sameState(t testing.TB, want, got *Shard) {
	t.Helper()
	if bytes.Equal(image(want), image(got)) {
		return
	}
	a, b := records(want), records(got)
	shown := 0
	for _, id := range sortedKeys(a) {
		if a[id] != b[id] {
			if shown++; shown <= 3 {
				t.Errorf("customer %s differs:\nwant %s\n got %s", id, a[id], b[id])
			}
		}
	}
	for _, id := range sortedKeys(b) {
		if _, ok := a[id]; !ok {
			t.Errorf("customer %s should not be there", id)
		}
	}
	t.Errorf("states differ: %d customers want %d, %d of them differ", len(b), len(a), shown)
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// lines are alerts as JSON, sorted, so that the order of customers within a
// batch does not matter.
func lines(alerts []signal.Alert) []string {
	var all []string
	for i := range alerts {
		all = append(all, string(alerts[i].AppendJSON(nil)))
	}
	slices.Sort(all)
	return all
}

func sameLines(t testing.TB, want, got []string) {
	t.Helper()
	if slices.Equal(want, got) {
		return
	}
	missing, extra := difference(want, got), difference(got, want)
	t.Errorf("%d alerts, want %d; %d missing, %d too many", len(got), len(want), len(missing), len(extra))
	for _, l := range missing[:min(2, len(missing))] {
		t.Errorf("missing: %s", l)
	}
	for _, l := range extra[:min(2, len(extra))] {
		t.Errorf("too many: %s", l)
	}
}

// difference is what of a is not in b, each as often as it is missing.
func difference(a, b []string) (d []string) {
	count := map[string]int{}
	for _, l := range b {
		count[l]++
	}
	for _, l := range a {
		if count[l]--; count[l] < 0 {
			d = append(d, l)
		}
	}
	return d
}
