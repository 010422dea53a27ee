package state

import "testing"

// TestRefundsTakenForOthers: that a refund is taken for another of its order must
// be as rare as that an event is, where all places are taken.
func TestRefundsTakenForOthers(t *testing.T) {
	const places, values = MaxTakenBack, 1 << KeyBits
	if chance := float64(places) / values; chance > 1e-12 {
		t.Errorf("%.3g of the refunds are taken for others", chance)
	}
}

// TestTakeBack: MaxTakenBack are known again, those with the highest keys.
func TestTakeBack(t *testing.T) {
	var o Order
	for key := range uint64(MaxTakenBack + 2) {
		if key++; !o.TakeBack(key) || o.TakeBack(key) {
			t.Errorf("%d is not noted once", key)
		}
	}
	for _, c := range []struct {
		key uint64
		new bool
	}{{3, false}, {MaxTakenBack + 2, false}, {2, true}, {3, false}} {
		if got := o.TakeBack(c.key); got != c.new {
			t.Errorf("%d is new: %v, want %v", c.key, got, c.new)
		}
	}
	if first := (&Order{}); !first.TakeBack(0) || first.TakeBack(0) {
		t.Error("0 is not noted")
	}
}
