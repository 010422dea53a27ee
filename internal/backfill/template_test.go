package backfill

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/holdfast/holdfast/internal/config"
)

// What of a map does not fit its file is said at once, all of it.
func TestAllThatDoesNotFitAFile(t *testing.T) {
	m := mapOf(t, "fields: {customer_id: custmer, occurred_at: {template: \"{dat} {time}\"}, coupon_code: \"\\x1b[2J\"}\n"+
		"events: [{when: {knd: a}, fields: {kind: {constant: session}}}, {fields: {anonymous_id: c}}]\n")
	got := prepare(t, Options{Name: "x.csv", Format: CSV, Map: m, MapName: "m.yaml"}, "customer,date,time,kind,kind\n")
	var lines []string
	var invalid *config.Invalid
	if errors.As(got.err, &invalid) {
		for _, problem := range invalid.Problems {
			lines = append(lines, problem.Path+": "+problem.Message)
		}
	}
	want := []string{
		`: the column "kind" stands twice in the header`,
		`events[0].when.knd: the file has no column "knd"`,
		`events[0].fields.coupon_code: the file has no column "\x1b[2J"`,
		`events[0].fields.customer_id: the file has no column "custmer"`,
		`events[0].fields.occurred_at: the file has no column "dat"`,
		`events[1].fields.anonymous_id: the file has no column "c"`,
		`events[1].fields.coupon_code: the file has no column "\x1b[2J"`,
		`events[1].fields.customer_id: the file has no column "custmer"`,
		`events[1].fields.occurred_at: the file has no column "dat"`,
		`events[1].fields.kind: is missing`,
	}
	if diff := cmp.Diff(want, lines); diff != "" {
		t.Errorf("%v: %s", got.err, diff)
	}
}

// The ledger finds the same names whether they fit into memory or not.
func TestTheLedgerFindsWhatRepeats(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	rapid.Check(t, func(t *rapid.T) {
		names := rapid.SliceOfN(rapid.SampledFrom([]uint64{0, 1, 2, 1 << 58, 1<<58 + 1, 1 << 63, 1<<64 - 1}), 0,
			40).Draw(t, "names")
		room := rapid.IntRange(1, 50).Draw(t, "room")
		small, large := ledger{room: room}, ledger{room: 1000}
		want := map[uint64][]int64{}
		for i, name := range names {
			for _, l := range []*ledger{&small, &large} {
				if err := l.add(name, name*3, int64(i)); err != nil {
					t.Fatal(err)
				}
			}
			want[name] = append(want[name], int64(i))
		}
		for name, rows := range want {
			if len(rows) < 2 || name == 0 {
				delete(want, name)
			}
		}
		for _, l := range []*ledger{&small, &large} {
			got := map[uint64][]int64{}
			err := l.repeated(func(entries []entry) {
				for _, e := range entries {
					if e.content != e.name*3 {
						t.Fatalf("%d says %d", e.name, e.content)
					}
					got[e.name] = append(got[e.name], e.row)
				}
			})
			if diff := cmp.Diff(want, got); diff != "" || err != nil {
				t.Fatalf("room %d: %v %s", l.room, err, diff)
			}
			if err := l.close(); err != nil {
				t.Fatal(err)
			}
		}
	})
}
