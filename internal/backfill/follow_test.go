package backfill

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// An export such as Shopify's has a row per line, and what is the whole order's in
// the first of them alone.
func TestRowsThatFollowTheFirstOfTheirOrderMayBeBlank(t *testing.T) {
	const export = "Name,Email,Created at,Total,Lineitem name\n" +
		"#1001,a@x.org,2026-03-01 09:10:00 +0200,50.00,tea\n#1001,a@x.org,,,cup\n#1001,a@x.org,2026-03-01 09:10:00 +0200,,pot\n" +
		"#1002,b@x.org,2026-03-02 09:10:00 +0200,7.00,tea\n" +
		"#1003,b@x.org,2026-03-02 10:10:00 +0200,,tea\n" + // the first of its order: no event
		"#1002,b@x.org,2026-03-02 09:10:00 +0200,,cup\n" // behind a row that is no event
	const fields = "amounts: decimal\nfields:\n  customer_id: Email\n  occurred_at: Created at\n" +
		"  event_type: {constant: purchase}\n  kind: {constant: order}\n  currency: {constant: EUR}\n" +
		"  amount_net: Total\n  order_id: Name\n  event_id: {template: \"{@file}/{@row}\"}\n"
	for lines, want := range map[string]struct{ events, leftOut, rejects int64 }{
		"lines: first\n": {2, 3, 1}, "": {2, 0, 4},
	} {
		got := prepare(t, Options{Name: "orders.csv", Format: CSV, Map: mapOf(t, lines+fields)}, export)
		if got.err != nil {
			t.Fatal(got.err)
		}
		if diff := cmp.Diff(want.events, got.plan.Events) + cmp.Diff(want.leftOut, got.plan.LeftOut) +
			cmp.Diff(want.rejects, got.plan.Rejects); diff != "" {
			t.Errorf("%q: %s", lines, diff)
		}
	}
}
