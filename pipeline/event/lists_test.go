package event

import "testing"

// TestListsAreFound finds each name of each list again, and nothing else.
func TestListsAreFound(t *testing.T) {
	for name, c := range map[string]struct {
		names []string
		parse func([]byte) (uint8, bool)
	}{
		"kind":       {kindNames[:], func(b []byte) (uint8, bool) { v, ok := ParseKind(b); return uint8(v), ok }},
		"status":     {statusNames[:], func(b []byte) (uint8, bool) { v, ok := ParseStatus(b); return uint8(v), ok }},
		"category":   {categoryNames[:], func(b []byte) (uint8, bool) { v, ok := ParseCategory(b); return uint8(v), ok }},
		"channel":    {channelNames[:], func(b []byte) (uint8, bool) { v, ok := ParseChannel(b); return uint8(v), ok }},
		"resolution": {resolutionNames[:], func(b []byte) (uint8, bool) { v, ok := ParseResolution(b); return uint8(v), ok }},
		"closure":    {closureNames[:], func(b []byte) (uint8, bool) { v, ok := ParseClosureReason(b); return uint8(v), ok }},
		"outcome":    {outcomeNames[:], func(b []byte) (uint8, bool) { v, ok := ParseOutcome(b); return uint8(v), ok }},
	} {
		for i, text := range c.names {
			if v, ok := c.parse([]byte(text)); int(v) != i || ok != (i > 0) {
				t.Errorf("%s %q: got %d, %v", name, text, v, ok)
			}
		}
		for _, text := range []string{"no such name", c.names[1] + "x", c.names[1][:2]} {
			if v, ok := c.parse([]byte(text)); ok || v != 0 {
				t.Errorf("%s %q: got %d, %v", name, text, v, ok)
			}
		}
	}
}

func TestStatusesOfComplaints(t *testing.T) {
	for v := Placed; v < statusCount; v++ {
		if got := v.OfComplaint(); got != (v > Chargeback) {
			t.Errorf("%s: %v", v, got)
		}
	}
}

func TestHashIDIsNeverZero(t *testing.T) {
	if HashID(nil) != 0xef46db3751d8e999 || HashID([]byte("c-1")) == HashID([]byte("c-2")) {
		t.Error("hashes must be stable and differ")
	}
}
