package simulation

import (
	"math"
	"reflect"
	"testing"
	"time"
)

var shop = Shop{Seed: 1, Customers: 4000, Start: time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC), Days: 1092,
	MeanGapDays: 35, RateShape: 1.2, Regularity: 1, LeaveA: .9, LeaveB: 6, VisitsPerPurchase: 3, Complaints: .05}

// TestLivesHoldTheirTruth: after a customer has left nothing of his own comes, and
// the shares are those that were asked for.
func TestLivesHoldTheirTruth(t *testing.T) {
	end := shop.Start.AddDate(0, 0, shop.Days)
	purchases, last, visits, complaints := 0, 0, 0, 0
	for _, l := range shop.Lives() {
		if len(l.Purchases) == 0 {
			t.Fatalf("%s has no purchase", l.Customer)
		}
		purchases, visits, complaints = purchases+len(l.Purchases), visits+len(l.Visits), complaints+len(l.Complaints)
		if !l.LeftAt.IsZero() {
			last++
			if !l.Left(l.LeftAt) || l.Left(l.LeftAt.Add(-time.Second)) || l.Purchases[len(l.Purchases)-1] != l.LeftAt {
				t.Fatalf("%s left at %v, purchases %v", l.Customer, l.LeftAt, l.Purchases)
			}
		}
		for _, at := range l.Visits {
			if l.Left(at) || at.Before(l.Purchases[0]) || at.After(end) {
				t.Fatalf("%s visits at %v", l.Customer, at)
			}
		}
	}
	// The first purchase of each ends with the mean of the beta distribution, .130;
	// later ones less often, because those who would leave have left.
	if share := float64(last) / float64(purchases); share < .05 || share > .13 {
		t.Errorf("%.3f of purchases are the last", share)
	}
	if share := float64(complaints) / float64(purchases); math.Abs(share-.05) > .005 {
		t.Errorf("%.4f of purchases bring a complaint", share)
	}
	if ratio := float64(visits) / float64(purchases); ratio < 2 || ratio > 4 {
		t.Errorf("%.2f visits to a purchase", ratio)
	}
}

// TestDrawsHaveTheirMeans of the distributions that shops are made of.
func TestDrawsHaveTheirMeans(t *testing.T) {
	few := shop
	few.Customers, few.Complaints = 3, 0
	if more := shop.Lives(); reflect.DeepEqual(few.Lives()[2], more[3]) {
		t.Error("two customers live one life")
	}
	all := shop
	all.LeaveA, all.LeaveB, all.Complaints = 1e-9, 1, 0 // nobody leaves
	rate := 0.0
	for _, l := range all.Lives() {
		if !l.LeftAt.IsZero() {
			t.Fatalf("%s left", l.Customer)
		}
		rate += float64(len(l.Purchases)-1) / (float64(all.Days) - l.Purchases[0].Sub(all.Start).Hours()/24)
	}
	if mean := float64(all.Customers) / rate; math.Abs(mean-all.MeanGapDays) > 1.5 {
		t.Errorf("a purchase in %.2f days, want %g", mean, all.MeanGapDays)
	}
}

func TestBetween(t *testing.T) {
	at := []time.Time{shop.Start, shop.Start.Add(time.Hour), shop.Start.Add(2 * time.Hour)}
	if got := Between(at, shop.Start, shop.Start.Add(2*time.Hour)); got != 2 {
		t.Errorf("%d, want 2", got)
	}
}
