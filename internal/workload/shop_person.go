package workload

import (
	"math"
	"strconv"

	"github.com/holdfast/holdfast/pipeline/event"
)

// person is a customer of the shop.
type person struct {
	id        string
	channel   string
	rate      float64 // purchases a week while there
	leaving   float64 // chance to be gone after a purchase
	value     float64 // rate of the gamma law of a purchase's value
	visitGap  float64 // days from a visit to the next while there
	gone      bool
	consented bool // an event has carried the consent
	favourite int  // category of the catalogue
}

// bought is an order, for what follows from it.
type bought struct {
	id       string
	at       event.Instant
	net      int64
	discount int64
	last     bool // the customer is gone after it
}

var shopChannels = [...]string{"web", "web", "web", "web", "web", "app", "app", "app", "store", "store"}

// welcome lets a customer buy for the first time.
func (s *Shop) welcome(a *act) {
	p := s.cfg.Parameters
	who := &person{
		id:        "c-" + strconv.Itoa(10_001+len(s.people)),
		channel:   shopChannels[s.random.IntN(len(shopChannels))],
		rate:      s.gamma(p.R) / p.Alpha,
		leaving:   s.beta(p.A, p.B),
		value:     s.gamma(p.Q) / p.Nu,
		visitGap:  1.5 + 3.5*s.random.ExpFloat64(),
		favourite: s.random.IntN(len(catalogue)),
	}
	s.people = append(s.people, who)
	first := s.businessHour(a.at, a.at+10*event.Minute)
	s.plan(act{at: first - 5*event.Minute, do: (*Shop).browse, who: who})
	s.plan(act{at: first, do: (*Shop).purchase, who: who})
	s.plan(act{at: first + s.gapDays(who.visitGap), do: (*Shop).stroll, who: who})
}

// purchase is an order, and what will come of it.
func (s *Shop) purchase(a *act) {
	who := a.who
	s.orders++
	b := &bought{id: "o-" + strconv.Itoa(100_000+s.orders), at: a.at, last: s.happens(who.leaving)}
	amount := s.gamma(s.cfg.Parameters.P) / who.value
	b.net = max(int64(math.Round(amount*100)), 1)
	if s.happens(0.15) {
		b.discount = b.net / 9
	}
	who.gone = b.last
	s.emit(event.Purchase, a, s.renderOrder(a, b, "paid"))
	if !b.last {
		next := s.businessHour(a.at+s.gapDays(7/who.rate), a.at+20*event.Minute)
		s.plan(act{at: max(next-event.Hour+s.within(55*event.Minute), a.at+event.Minute), do: (*Shop).browse, who: who})
		s.plan(act{at: next, do: (*Shop).purchase, who: who})
	}
	s.planFollowUps(who, b)
}

// planFollowUps plans what an order brings with it.
func (s *Shop) planFollowUps(who *person, b *bought) {
	complains, refunds := 0.04, 0.02
	if b.last {
		complains, refunds = 0.14, 0.05
	}
	after := func(least, span event.Instant, do func(*Shop, *act)) {
		s.plan(act{at: b.at + least + s.within(span), do: do, who: who, about: b})
	}
	if s.happens(0.1) {
		after(36*event.Hour, 3*event.Day24h, (*Shop).delivery)
	}
	if s.happens(complains) {
		after(event.Day24h, 6*event.Day24h, (*Shop).complain)
	}
	if s.happens(refunds) {
		after(2*event.Day24h, 10*event.Day24h, (*Shop).refund)
	}
	if s.happens(0.08) {
		after(2*event.Day24h, 8*event.Day24h, (*Shop).rate)
	}
}

// browse is the visit that leads to a purchase.
func (s *Shop) browse(a *act) { s.emit(event.Visit, a, s.renderVisit(a)) }

// stroll is a visit for its own sake; they end when the customer is gone.
func (s *Shop) stroll(a *act) {
	if a.who.gone {
		return
	}
	s.emit(event.Visit, a, s.renderVisit(a))
	s.plan(act{at: s.businessHour(a.at+s.gapDays(a.who.visitGap), a.at+5*event.Minute), do: (*Shop).stroll, who: a.who})
}

// delivery tells that an order has arrived: the same order, another status.
func (s *Shop) delivery(a *act) { s.emit(event.Purchase, a, s.renderOrder(a, a.about, "delivered")) }

func (s *Shop) refund(a *act) { s.emit(event.Purchase, a, s.renderRefund(a)) }

func (s *Shop) rate(a *act) { s.emit(event.Complaint, a, s.renderRating(a)) }

// gapDays draws an exponential gap with a mean in days.
func (s *Shop) gapDays(mean float64) event.Instant {
	days := min(s.random.ExpFloat64()*mean, 100_000)
	return event.Instant(days * float64(event.Day24h))
}

// businessHour keeps the day of an instant and draws its time of day: from 7
// to 23 h, most around the early evening; never before earliest.
func (s *Shop) businessHour(at, earliest event.Instant) event.Instant {
	hour := 7 + 16*(s.random.Float64()+s.random.Float64()+max(s.random.Float64(), s.random.Float64()))/3
	drawn := at - at%event.Day24h + event.Instant(hour*float64(event.Hour))
	drawn -= drawn % event.Second
	if drawn < earliest {
		return earliest + s.within(10*event.Minute)
	}
	return drawn
}

// gamma draws from Gamma(shape, rate 1) by the method of Marsaglia and Tsang
// ("A simple method for generating gamma variables", ACM TOMS 26, 2000).
func (s *Shop) gamma(shape float64) float64 {
	if shape < 1 {
		return s.gamma(shape+1) * math.Pow(1-s.random.Float64(), 1/shape)
	}
	d := shape - 1.0/3
	c := 1 / math.Sqrt(9*d)
	for {
		x := s.random.NormFloat64()
		v := 1 + c*x
		if v <= 0 {
			continue
		}
		v = v * v * v
		if u := 1 - s.random.Float64(); math.Log(u) < x*x/2+d-d*v+d*math.Log(v) {
			return d * v
		}
	}
}

func (s *Shop) beta(a, b float64) float64 {
	x, y := s.gamma(a), s.gamma(b)
	return x / (x + y)
}
