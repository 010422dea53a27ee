package shard

import (
	"math"
	"strconv"
	"strings"
	"testing"

	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/state"
	"github.com/holdfast/holdfast/pipeline/window"
)

// valueNow is the column of the customer's row, through pages.
func (r *refundShop) valueNow() float64 {
	r.t.Helper()
	r.shard = reload(r.t, r.cfg, r.shard)
	if n := r.shard.WriteRows(r.shard.clock, 1, r.fx); n != 1 {
		r.t.Fatalf("%d rows", n)
	}
	got, err := strconv.ParseFloat(lastRow(r.t, r.fx)["value_now"], 64)
	if err != nil {
		r.t.Fatal(err)
	}
	return got
}

// TestMarginThatOrdersGive: it counts instead of 30 % of the order's net, and what is
// taken off the net takes its part.
func TestMarginThatOrdersGive(t *testing.T) {
	for _, c := range []struct {
		name   string
		events []string
		want   float64
	}{
		{"none", []string{"order order=1 net=1000"}, 300},
		{"given", []string{"order order=1 net=1000 margin=450"}, 450},
		{"0", []string{"order order=1 net=1000 margin=0"}, 0},
		{"below 0", []string{"order order=1 net=1000 margin=-200"}, -200},
		{"beside one without", []string{"order order=1 net=1000 margin=450", "order order=2 net=500"}, 600},
		{"refund in part", []string{"order order=1 net=1000 margin=450", "refund ref=1 net=200"}, 360},
		{"refund in full", []string{"order order=2 net=100", "order order=1 net=1000 margin=450",
			"refund ref=1 net=1000"}, 30},
		{"refund beyond the net", []string{"order order=1 net=1000 margin=450", "refund ref=1 net=1200",
			"order order=2 net=10"}, -87},
		{"adjustment", []string{"order order=1 net=1000 margin=450", "adjustment ref=1 net=500"}, 225},
		{"cancel", []string{"order order=2 net=100", "order order=1 net=1000 margin=450", "cancel ref=1"}, 30},
		{"no net", []string{"order order=1 net=0 margin=-70"}, -70},
		{"no net, cancelled", []string{"order order=2 net=100", "order order=1 net=0 margin=-70", "cancel ref=1"}, 30},
		{"another currency", []string{"order order=1 net=1000 margin=450 currency=USD",
			"order order=2 net=100"}, 30},
		{"of the highest status", []string{"order order=1 net=1000 margin=450",
			"order order=1 net=1000 margin=410 status=delivered",
			"order order=1 net=1000 margin=1 status=placed"}, 410},
		{"none of the highest status", []string{"order order=1 net=1000 margin=450",
			"order order=1 net=1000 status=delivered"}, 300},
		{"not paid", []string{"order order=2 net=100", "order order=1 net=1000 margin=450 status=placed",
			"order order=1 net=1000 status=payment_failed"}, 30},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRefundShop(t)
			for _, e := range c.events {
				r.send(1, e)
			}
			if got := r.valueNow(); math.Abs(got-c.want) > 1e-9 {
				t.Errorf("value_now is %v, want %v", got, c.want)
			}
		})
	}
}

// TestMarginOfForgottenOrders: it stays on its day while that is within 365 days, whether the
// order is remembered or not, and nothing of it is kept beyond.
func TestMarginOfForgottenOrders(t *testing.T) {
	r := newRefundShop(t)
	const orders = state.MaxOrders + 10
	r.send(orders, "order order=%d net=100 margin=50")
	for _, c := range []struct {
		days int // since the first order
		want float64
	}{{orders, orders * 50}, {364, orders * 50}, {365, orders*50 - 50}, {365 + 9, 16 * 50}, {389, 50},
		{390, 0}, {420, 0}} {
		r.day = c.days
		r.send(1, "session id=s"+strconv.Itoa(c.days))
		if got := r.valueNow(); got != c.want {
			t.Errorf("after %d days value_now is %v, want %v", c.days, got, c.want)
		}
	}
	r.day = 450
	r.send(1, "session id=last")
	anna := findRecord(t, r.shard)
	if len(anna.OrderDays) != 0 || strings.Contains(dump(anna), "approximate") {
		t.Errorf("%v is kept", anna.OrderDays)
	}
}

// TestMarginLeavesNothingWhereNoneIsGiven: a record without margins takes no room for them.
func TestMarginLeavesNothingWhereNoneIsGiven(t *testing.T) {
	with, without := newRefundShop(t), newRefundShop(t)
	with.send(3, "order order=%d net=100 margin=50")
	without.send(3, "order order=%d net=100")
	if a, b := findRecord(t, with.shard), findRecord(t, without.shard); len(a.OrderDays) != 3 || len(b.OrderDays) != 0 {
		t.Errorf("%v and %v are kept, want three days and none", a.OrderDays, b.OrderDays)
	}
}

func findRecord(t *testing.T, s *Shard) *state.Customer {
	t.Helper()
	c := new(state.Customer)
	if !s.slab.Peek(c, event.HashID([]byte("anna")), []byte("anna")) {
		t.Fatal("the customer is not there")
	}
	return c
}

func TestPartOf(t *testing.T) {
	const limit = window.MoneyLimit
	for _, c := range []struct{ amount, part, whole, want int64 }{
		{450, 800, 1000, 360}, {450, 0, 1000, 0}, {10, 1, 3, 3}, {-10, 1, 3, -3}, {10, -1, 3, -3}, {-10, -2, 3, 6},
		{1e12, 1e12, 1, limit}, {1e12, -limit, 1, -limit}, {-1e12, limit, 1e12, -limit}, {7, limit, limit, 7},
	} {
		if got := partOf(c.amount, c.part, c.whole); got != c.want {
			t.Errorf("%d of %d of %d is %d, want %d", c.amount, c.part, c.whole, got, c.want)
		}
	}
}
