package backfill

import (
	"strings"
	"testing"
)

// Two rows without a number must not share an id made from it: one would be
// taken for the other again.
func TestATemplateWithAnEmptyColumnGivesNothing(t *testing.T) {
	m := mapOf(t, cdnowMap+"  order_id: number\n  event_id: {template: \"sale-{number}\"}\n")
	got := prepare(t, Options{Name: "sales.csv", Format: CSV, Map: m},
		"cust,date,cents,number\n1,2026-01-01,5,77\n2,2026-01-02,5,\n3,2026-01-03,5,\n")
	if got.err != nil || len(got.events) != 3 {
		t.Fatalf("%+v", got)
	}
	for i, id := range []string{"sale-77", "sales.csv:2:#", "sales.csv:3:#"} {
		if !strings.Contains(got.events[i], `"event_id":"`+id+`"`) {
			t.Errorf("row %d: %s, want the event id %s", i+1, got.events[i], id)
		}
	}
}
