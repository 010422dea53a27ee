package shard

import (
	"fmt"
	"strconv"
	"testing"

	"github.com/holdfast/holdfast/pipeline/state"
)

// TestForgottenForeignOrdersLowerNoAverage: orders in another currency stay out of the averages
// on both sides once they are forgotten, for as long as their days are within the windows.
func TestForgottenForeignOrdersLowerNoAverage(t *testing.T) {
	for _, c := range []struct {
		name           string
		at             int // day of the row
		foreign        string
		average, trend string
	}{
		{"all within 90 days", 50, "20", "100.00", "-"},
		{"some before", 100, "9", "100.00", "-"}, // and nothing else before
		{"all before", 150, "0", "100.00", "1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRefundShop(t)
			r.send(20, "order order=f%d net=7 currency=USD") // on the days 0 to 19
			r.send(state.MaxOrders+2, "order order=%d net=100")
			r.day = c.at
			r.send(1, "order order=last net=100")
			r.shard = reload(t, r.cfg, r.shard)
			r.shard.WriteRows(r.shard.clock, 1, r.fx)
			row := lastRow(t, r.fx)
			if row["orders_foreign_90d"] != c.foreign || row["aov_90d"] != c.average || row["aov_trend"] != c.trend {
				t.Errorf("%s orders in another currency, average %s, trend %s, want %s, %s and %s", row["orders_foreign_90d"],
					row["aov_90d"], row["aov_trend"], c.foreign, c.average, c.trend)
			}
			if row["approximate"] != "0" {
				t.Error("the row is approximate")
			}
		})
	}
}

// TestForeignOrdersOlderThanAllThatAreRemembered: one that comes when sixteen later ones are
// known counts as the others do.
func TestForeignOrdersOlderThanAllThatAreRemembered(t *testing.T) {
	p := newPlayer(t, "UTC")
	for n := range state.MaxOrders {
		referred(p, false, fmt.Sprintf("2026-02-%02d anna order order=%d net=100", n+1, n))
	}
	referred(p, false, "2026-01-10 anna order order=f1 net=7 currency=USD",
		"2026-01-10 anna order order=f2 net=7 currency=USD")
	p.shard = reload(t, p.cfg, p.shard)
	p.fx.reset()
	p.shard.WriteRows(0, 1, p.fx)
	row, want := lastRow(t, p.fx), strconv.Itoa(state.MaxOrders+2)
	if row["orders_foreign_90d"] != "2" || row["aov_90d"] != "100.00" || row["orders_90d"] != want {
		t.Errorf("%s of %s orders in another currency, average %s, want 2 of %s and 100", row["orders_foreign_90d"],
			row["orders_90d"], row["aov_90d"], want)
	}
}
