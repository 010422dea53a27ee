package workload

import (
	"bytes"
	"math"
	"testing"

	"github.com/holdfast/holdfast/pipeline/decode"
	"github.com/holdfast/holdfast/pipeline/event"
)

var shopEnd = testStart + 120*event.Day24h

func everything(s *Shop) (items []Item) {
	for item, ok := s.Next(); ok; item, ok = s.Next() {
		items = append(items, item)
	}
	return items
}

func TestShopIsAShop(t *testing.T) {
	shop := NewShop(ShopConfig{Seed: 7, End: shopEnd, LiveDays: 30})
	j, o := newJudge(t), NewOracle("EUR")
	counts := map[event.Kind]int{}
	last := event.Instant(0)
	history := 0
	for _, item := range everything(shop) {
		if reject := j.decode(item); reject.Reason != decode.None {
			t.Fatalf("%s: %+v", item.Value, reject)
		}
		if item.At < last || item.At != j.event.OccurredAt || item.At < shop.Start() {
			t.Fatalf("%s after %s", TimeOf(item.At), TimeOf(last))
		}
		if last = item.At; item.At < shopEnd {
			history++
		}
		counts[j.event.Kind]++
		o.Add(&j.event)
		j.arena.Reset()
	}
	near(t, "events of the history", float64(history), 60_000, 8_000)
	near(t, "last event", float64(shopEnd+30*event.Day24h-last)/float64(event.Hour), 0, 12)
	for _, kind := range []event.Kind{event.Order, event.Refund, event.Session, event.StoreVisit, event.Cart,
		event.ComplaintMade, event.Rating} {
		if counts[kind] < 50 {
			t.Errorf("%d events of kind %s", counts[kind], kind)
		}
	}
	truth := o.At(shopEnd)
	near(t, "customers", float64(len(truth)), 2000, 120)
	open, repeat := 0, 0
	for _, c := range truth {
		open += c.OpenComplaints
		if c.Repeat > 0 {
			repeat++
		}
	}
	if open < 10 || repeat < len(truth)/2 {
		t.Errorf("%d open complaints, %d repeat customers of %d", open, repeat, len(truth))
	}
}

func TestShopIsDeterministic(t *testing.T) {
	short := everything(NewShop(ShopConfig{Seed: 3, Customers: 200, End: shopEnd}))
	long := everything(NewShop(ShopConfig{Seed: 3, Customers: 200, End: shopEnd, LiveDays: 60}))
	other := everything(NewShop(ShopConfig{Seed: 4, Customers: 200, End: shopEnd}))
	if len(long) <= len(short) || bytes.Equal(short[0].Value, other[0].Value) {
		t.Errorf("%d and %d events", len(short), len(long))
	}
	for i := range short {
		if !bytes.Equal(short[i].Value, long[i].Value) {
			t.Fatalf("event %d depends on what comes after the history", i)
		}
	}
}

// TestShopObeysItsParameters compares with what the laws say: the probability
// never to buy again after the first purchase, and the mean of a purchase.
func TestShopObeysItsParameters(t *testing.T) {
	shop := NewShop(ShopConfig{Seed: 11, Customers: 4000, End: shopEnd, HistoryDays: 360})
	p := shop.Parameters()
	type buyer struct {
		first, next event.Instant
		amounts     []float64
	}
	buyers := map[string]*buyer{}
	j := newJudge(t)
	for _, item := range everything(shop) {
		if j.decode(item); item.Topic != event.Purchase || j.event.Kind != event.Order || j.event.Status != event.Paid {
			continue
		}
		b := buyers[string(item.Key)]
		if b == nil {
			b = &buyer{first: item.At}
			buyers[string(item.Key)] = b
		} else if b.next == 0 {
			b.next = item.At
		}
		b.amounts = append(b.amounts, float64(j.event.AmountNet)/100)
	}
	var came, within4, within26, sum float64
	for _, b := range buyers {
		if b.first > shopEnd-26*7*event.Day24h {
			continue
		}
		came++
		if b.next != 0 && b.next-b.first < 4*7*event.Day24h {
			within4++
		}
		if b.next != 0 && b.next-b.first < 26*7*event.Day24h {
			within26++
		}
		sum += b.amounts[0]
	}
	again := func(weeks float64) float64 {
		return p.B / (p.A + p.B) * (1 - math.Pow(p.Alpha/(p.Alpha+weeks), p.R))
	}
	near(t, "second purchase within 4 weeks", within4/came, again(4), 0.03)
	near(t, "second purchase within 26 weeks", within26/came, again(26), 0.03)
	near(t, "mean purchase", sum/came, p.P*p.Nu/(p.Q-1), 2)
}
