package explain

import (
	"fmt"

	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/score"
	"github.com/holdfast/holdfast/pipeline/shard"
)

// facts are what was counted of a customer.
func facts(e *shard.Explanation) []string {
	s := &e.Statistics
	return append(append(purchases(e), visits(e)...), append(complaints(s), standing(s)...)...)
}

// major is an amount in major units.
func major(e *shard.Explanation, minor float64) float64 {
	for range e.Parameters.CurrencyExponent {
		minor /= 10
	}
	return minor
}

func purchases(e *shard.Explanation) []string {
	s := &e.Statistics
	if !s.HasPurchase {
		return []string{"has not bought anything yet"}
	}
	all := []string{
		Orders(s.OrdersLife, s.PurchaseDaysLife, s.FirstDay, s.LastDay) + ", " +
			Money(e.Currency, major(e, float64(s.NetLife))) + " in all, " + Money(e.Currency, major(e, float64(s.Net365))) +
			" in the last 365 days",
		Rhythm(s.X, int32(s.LastDay-s.FirstDay), s.RecencyDays()),
	}
	if s.RefundsWaiting != 0 {
		all = append(all, RefundsWaiting(e.Currency, major(e, float64(s.RefundsWaiting))))
	}
	return all
}

// Orders words how many orders there were, and when.
func Orders(orders, days uint32, first, last event.Day) string {
	if first == last {
		return Counted(orders, "order") + " on " + Day(first)
	}
	return fmt.Sprintf("%s on %s, from %s to %s", Counted(orders, "order"), Counted(days, "day"), Day(first), Day(last))
}

// RefundsWaiting words refunds whose order is not known.
func RefundsWaiting(currency string, amount float64) string {
	return "refunds of " + Money(currency, amount) + " name an order that is not known; they are deducted from nothing"
}

// Visits words how often somebody came.
func Visits(in30, in90 uint32) string {
	return fmt.Sprintf("%s in 30 days, %d in 90", Counted(in30, "visit"), in90)
}

func visits(e *shard.Explanation) []string {
	s := &e.Statistics
	all := []string{Visits(s.Visits30, s.Visits90)}
	if e.Parameters.ByActivity(&s.Facts) {
		all = append(all, "last seen on "+Day(s.LastActivityDay)+": judged by days with a purchase or a visit")
	}
	return all
}

func complaints(s *score.Statistics) []string {
	var in90 uint32
	for _, n := range s.Complaints90 {
		in90 += n
	}
	switch {
	case s.ComplaintsOpen > 0 && s.OldestOpenAt != 0:
		return []string{OpenComplaints(s.ComplaintsOpen, uint32(max(0, s.Today-s.OldestOpenDay)), s.SLABreachedOpen)}
	case in90 > 0:
		return []string{Counted(in90, "complaint") + " in 90 days, none open"}
	}
	return nil
}

// OpenComplaints words the complaints that are open.
func OpenComplaints(open, oldestDays uint32, late bool) string {
	text := fmt.Sprintf("%s open, the oldest for %s", Counted(open, "complaint"), Counted(oldestDays, "day"))
	if late {
		text += ", past the time allowed"
	}
	return text
}

// standing is how customer and shop stand to each other.
func standing(s *score.Statistics) (all []string) {
	if s.RatingLast != 0 {
		all = append(all, fmt.Sprintf("the latest rating is %d of 5", s.RatingLast))
	}
	if s.Closed {
		why := ""
		if s.Closure != event.ClosureNone {
			why = " (" + s.Closure.String() + ")"
		}
		all = append(all, "has closed the account"+why)
	}
	if s.OptedOut {
		all = append(all, "has opted out of marketing: alerts about silence and loyalty are recorded, not delivered")
	}
	if s.DoNotRetain {
		all = append(all, "is not to be kept: no alert is delivered")
	}
	if s.Approximate {
		all = append(all, "some figures are approximate: something is older than what is remembered")
	}
	return all
}
