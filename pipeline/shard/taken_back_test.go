package shard

import (
	"testing"

	"github.com/holdfast/holdfast/pipeline/state"
)

// TestTakenBackTwice: a refund or an adjustment that is sent again once its id is
// forgotten among the latest events is known by its order still, in any currency.
func TestTakenBackTwice(t *testing.T) {
	const others = state.MaxEvents + 5
	for _, c := range []struct {
		name, order, event string
		between            string
		want               money
	}{
		{"refund", "order order=1 net=10", "refund ref=1 net=4 id=r", "session", money{6, 0, 1, false}},
		{"adjustment", "order order=1 net=10", "adjustment ref=1 net=3 id=r", "session", money{7, 0, 1, false}},
		{"refund that waits", "session", "refund ref=1 net=4 id=r", "session", money{0, 4, 0, false}},
		{"refunds of one amount", "order order=1 net=10", "refund ref=1 net=1 id=r", "refund ref=1 net=0 id=r%d",
			money{8, 0, 1, false}}, // more than are known again
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRefundShop(t)
			r.send(1, c.order)
			r.send(1, c.event)
			r.send(others, c.between)
			before := r.shard.counters.Duplicates
			r.send(1, c.event)
			r.wants(t, c.want)
			if known := r.shard.counters.Duplicates > before; known != (c.between == "session") {
				t.Errorf("counted as a duplicate: %v", known)
			}
		})
	}
}

// TestRefundsThatAreNotTheSame: two refunds of one order and amount both count,
// and so does one event id about two orders.
func TestRefundsThatAreNotTheSame(t *testing.T) {
	r := newRefundShop(t)
	r.send(2, "order order=%d net=10")
	r.send(2, "refund ref=1 net=2 id=r%d")
	r.send(state.MaxEvents, "session")
	r.send(1, "refund ref=2 net=3 id=r1")
	r.wants(t, money{13, 0, 2, false})
}
