package simulation

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"time"
)

// Shop is what is simulated. The zero value of an optional part leaves it out.
type Shop struct {
	Seed      uint64
	Customers int
	Start     time.Time
	Days      int // from Start; first purchases fall into the first three quarters

	// MeanGapDays is the mean time between the purchases of a customer of mean
	// rate. Rates are gamma distributed with shape RateShape.
	MeanGapDays float64
	RateShape   float64
	// Regularity is the shape of the gaps: 1 for purchases without memory, more for
	// an even rhythm.
	Regularity int
	// The probability to leave after a purchase is Beta(LeaveA, LeaveB).
	LeaveA, LeaveB float64

	VisitsPerPurchase float64 // besides purchases; 0 for none
	Complaints        float64 // probability that a purchase brings one; 0 for none
}

// Life is one customer: what happened, and the truth about it.
type Life struct {
	Customer   string
	Purchases  []time.Time // rising
	Visits     []time.Time // rising
	Complaints []Complaint
	// LeftAt is when the customer stopped being one; the zero time where that is
	// after the simulated days.
	LeftAt time.Time
}

// Complaint is one complaint and when it was solved, the zero time for never.
type Complaint struct{ OpenedAt, SolvedAt time.Time }

// Left reports whether the customer had left by then.
func (l *Life) Left(at time.Time) bool { return !l.LeftAt.IsZero() && !at.Before(l.LeftAt) }

// oddsWhileOpen is how many times as high the odds of leaving are while a
// complaint is open.
const oddsWhileOpen = 4

// Lives simulates the shop. The same shop gives the same lives.
func (s *Shop) Lives() []Life {
	lives := make([]Life, s.Customers)
	for i := range lives {
		r := rand.New(rand.NewPCG(s.Seed, uint64(i)))
		lives[i] = s.life(fmt.Sprintf("c-%05d", i), r)
	}
	return lives
}

// life is one customer's. Each draws from a source of its own, so that more
// customers do not change those before.
func (s *Shop) life(customer string, r *rand.Rand) Life {
	l := Life{Customer: customer}
	rate := gamma(r, s.RateShape) / s.RateShape / s.MeanGapDays // a day
	leave := beta(r, s.LeaveA, s.LeaveB)
	end := float64(s.Days)
	left := math.Inf(1)
	for day := r.Float64() * .75 * end; day < end; day += erlang(r, s.Regularity) / rate {
		l.Purchases = append(l.Purchases, s.at(day))
		if s.leaves(&l, day, leave, r) {
			left = day
			l.LeftAt = s.at(day)
			break
		}
	}
	s.visit(&l, rate, min(left, end), r)
	return l
}

// leaves draws whether a purchase is the last, and the complaint that it may bring.
func (s *Shop) leaves(l *Life, day, leave float64, r *rand.Rand) bool {
	odds := leave / (1 - leave)
	complained := r.Float64() < s.Complaints
	if complained {
		odds *= oddsWhileOpen
	}
	left := r.Float64() < odds/(1+odds)
	if complained {
		c := Complaint{OpenedAt: s.at(day + .1 + 2*r.Float64())}
		// Half are solved within three days; a customer who leaves has often not been helped.
		if !left || r.Float64() < .5 {
			c.SolvedAt = c.OpenedAt.Add(days(3 * math.Exp(r.NormFloat64())))
		}
		l.Complaints = append(l.Complaints, c)
	}
	return left
}

// visit adds visits from the first purchase until the customer leaves.
func (s *Shop) visit(l *Life, rate, until float64, r *rand.Rand) {
	if s.VisitsPerPurchase == 0 || len(l.Purchases) == 0 {
		return
	}
	day := l.Purchases[0].Sub(s.Start).Hours() / 24
	for {
		day += r.ExpFloat64() / (rate * s.VisitsPerPurchase)
		if day >= until {
			return
		}
		l.Visits = append(l.Visits, s.at(day))
	}
}

func (s *Shop) at(day float64) time.Time { return s.Start.Add(days(day)).Truncate(time.Second) }

func days(n float64) time.Duration { return time.Duration(n * float64(24*time.Hour)) }

// erlang draws a gap of mean 1 whose shape is k.
func erlang(r *rand.Rand, k int) float64 {
	sum := 0.0
	for range k {
		sum += r.ExpFloat64()
	}
	return sum / float64(k)
}

// gamma draws from the gamma distribution of a shape and scale 1: Marsaglia and
// Tsang (2000).
func gamma(r *rand.Rand, shape float64) float64 {
	if shape < 1 {
		return gamma(r, shape+1) * math.Pow(r.Float64(), 1/shape)
	}
	d := shape - 1.0/3
	c := 1 / math.Sqrt(9*d)
	for {
		x := r.NormFloat64()
		v := 1 + c*x
		if v <= 0 {
			continue
		}
		v *= v * v
		if math.Log(1-r.Float64()) < .5*x*x+d-d*v+d*math.Log(v) {
			return d * v
		}
	}
}

func beta(r *rand.Rand, a, b float64) float64 {
	x, y := gamma(r, a), gamma(r, b)
	return x / (x + y)
}

// Between returns how many of rising instants lie in [from, to).
func Between(at []time.Time, from, to time.Time) int {
	low, _ := slices.BinarySearchFunc(at, from, time.Time.Compare)
	high, _ := slices.BinarySearchFunc(at, to, time.Time.Compare)
	return high - low
}
