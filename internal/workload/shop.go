package workload

import (
	"container/heap"
	"math/rand/v2"

	"github.com/holdfast/holdfast/pipeline/event"
)

// Parameters are those of the models that a shop's customers obey: MBG/NBD for
// when they buy (time in weeks), gamma-gamma for what a purchase is worth
// (major units of the currency).
type Parameters struct {
	R, Alpha, A, B float64 // purchase rate ~ Gamma(R, rate Alpha), dropout after a purchase ~ Beta(A, B)
	P, Q, Nu       float64 // a purchase ~ Gamma(P, rate v), v of the customer ~ Gamma(Q, rate Nu)
}

// ShopParameters are those of the default shop: a purchase in about three
// weeks, one customer in seven gone after each, 40.00 a purchase.
var ShopParameters = Parameters{R: 1.3, Alpha: 3.2, A: 0.8, B: 4.6, P: 4, Q: 4.5, Nu: 35}

// ShopConfig says which shop to simulate. Zero values stand for the defaults
// named.
type ShopConfig struct {
	Seed        uint64
	Customers   int           // who come within the history; 2,000
	End         event.Instant // the history ends here; required
	HistoryDays int           // days of history before End; 180
	LiveDays    int           // days after End; negative stands for no end
	Currency    string        // EUR
	Parameters  Parameters    // ShopParameters
}

// Shop is a simulated shop: an endless stream of what its customers do, in
// order of time.
//
// Purchases follow MBG/NBD and gamma-gamma exactly: a customer buys at
// exponential gaps with an own rate, and after every purchase, the first
// included, is gone with an own probability. All else is laid around the
// purchases and changes none of them: visits come only while a customer is
// there; complaints, bad ratings and partial refunds are likelier after the
// purchase that turns out to be the last. (What bends the parameters a little:
// purchases of one day count as one, and refunds lower a few amounts.)
//
// Two fifths of the customers come in the first two weeks, the others, and
// those of the days after the history, at a steady rate. The stream up to a
// moment does not depend on LiveDays.
type Shop struct {
	cfg      ShopConfig
	random   *rand.Rand
	start    event.Instant
	stop     event.Instant
	agenda   agenda
	sequence uint64
	people   []*person
	orders   int
	tickets  int
	item     Item
	ready    bool
}

// NewShop opens a shop.
func NewShop(cfg ShopConfig) *Shop {
	if cfg.Customers == 0 {
		cfg.Customers = 2000
	}
	if cfg.HistoryDays == 0 {
		cfg.HistoryDays = 180
	}
	if cfg.Currency == "" {
		cfg.Currency = "EUR"
	}
	if cfg.Parameters == (Parameters{}) {
		cfg.Parameters = ShopParameters
	}
	s := &Shop{cfg: cfg, random: rand.New(rand.NewPCG(cfg.Seed, 0x5409))}
	s.start = cfg.End - event.Instant(cfg.HistoryDays)*event.Day24h
	s.stop = cfg.End + event.Instant(max(cfg.LiveDays, 0))*event.Day24h
	for range cfg.Customers * 2 / 5 {
		s.plan(act{at: s.start + s.within(14*event.Day24h), do: (*Shop).welcome})
	}
	s.plan(act{at: s.nextArrival(s.start), do: (*Shop).arrive})
	return s
}

// Parameters returns the parameters that the shop's customers obey.
func (s *Shop) Parameters() Parameters { return s.cfg.Parameters }

// Start is the beginning of the history.
func (s *Shop) Start() event.Instant { return s.start }

// Next returns the next event, false after the last. The item is the caller's to
// keep.
func (s *Shop) Next() (Item, bool) {
	for len(s.agenda) > 0 {
		next := heap.Pop(&s.agenda).(act)
		if s.cfg.LiveDays >= 0 && next.at >= s.stop {
			return Item{}, false
		}
		next.do(s, &next)
		if s.ready {
			s.ready = false
			return s.item, true
		}
	}
	return Item{}, false
}

// arrive is a step of the steady stream of new customers.
func (s *Shop) arrive(a *act) {
	s.plan(act{at: s.nextArrival(a.at), do: (*Shop).arrive})
	s.welcome(a)
}

func (s *Shop) nextArrival(after event.Instant) event.Instant {
	steady := float64(s.cfg.Customers - s.cfg.Customers*2/5)
	gap := s.random.ExpFloat64() * float64(s.cfg.HistoryDays) / max(steady, 1)
	return after + event.Instant(gap*float64(event.Day24h)) + 1
}

// act is something that will happen: do makes the event and plans what follows
// from it.
type act struct {
	at     event.Instant
	order  uint64 // in which acts were planned, to break ties
	do     func(*Shop, *act)
	who    *person
	about  *bought
	ticket *ticket
}

// plan puts an act on the agenda.
func (s *Shop) plan(a act) {
	s.sequence++
	a.order = s.sequence
	heap.Push(&s.agenda, a)
}

// within draws an instant below a span.
func (s *Shop) within(span event.Instant) event.Instant {
	return event.Instant(s.random.Int64N(int64(span)))
}

func (s *Shop) happens(chance float64) bool { return s.random.Float64() < chance }

// agenda is a heap of acts by time.
type agenda []act

func (a agenda) Len() int { return len(a) }
func (a agenda) Less(i, j int) bool {
	return a[i].at < a[j].at || a[i].at == a[j].at && a[i].order < a[j].order
}
func (a agenda) Swap(i, j int) { a[i], a[j] = a[j], a[i] }
func (a *agenda) Push(x any)   { *a = append(*a, x.(act)) }
func (a *agenda) Pop() any {
	last := len(*a) - 1
	x := (*a)[last]
	(*a)[last] = act{}
	*a = (*a)[:last]
	return x
}
