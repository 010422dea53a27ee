package modelcli

import (
	"github.com/holdfast/holdfast/pipeline/population/fit"
	"github.com/holdfast/holdfast/pipeline/score/btyd"
)

// buyer is one customer as the models see it on the last day of calibration.
type buyer struct {
	id          string
	first, last fit.Day
	history     btyd.History
	logGaps     fit.LogGap
	spendDays   int     // repeat days of positive value
	meanSpend   float64 // over those
	later       int     // purchase days after the calibration
}

// buyersUntil condenses a log: what lies on or before `until` is history, what
// lies after it is counted. Customers whose first purchase is later are left
// out, and those whose history is outside the models' domain are counted.
func (l *purchaseLog) buyersUntil(until fit.Day) (buyers []buyer, outside int) {
	for from := 0; from < len(l.days); {
		to := from
		for to < len(l.days) && l.days[to].customer == l.days[from].customer {
			to++
		}
		b, any := l.condense(l.days[from:to], until)
		if any {
			if b.history.Validate() == nil {
				buyers = append(buyers, b)
			} else {
				outside++
			}
		}
		from = to
	}
	return buyers, outside
}

// condense makes a buyer of one customer's days. A refund on a day without a
// purchase is taken off the latest purchase day before it.
func (l *purchaseLog) condense(days []purchaseDay, until fit.Day) (b buyer, any bool) {
	net, total := 0.0, 0.0
	closeDay := func() {
		if b.history.X > 0 && net > 0 {
			b.spendDays++
			total += net
		}
	}
	for _, d := range days {
		switch {
		case d.day > until && d.bought:
			b.later++
		case d.day > until || !any && !d.bought:
		case !d.bought:
			net += d.amount
		case !any:
			any = true
			b.first, b.last, net = d.day, d.day, d.amount
		default:
			closeDay()
			b.history.X++
			b.logGaps += fit.LogGapOf(d.day - b.last)
			b.last, net = d.day, d.amount
		}
	}
	if !any {
		return b, false
	}
	closeDay()
	b.id = l.ids[days[0].customer]
	b.history.TX = float64(b.last-b.first) / daysPerWeek
	b.history.T = float64(until-b.first) / daysPerWeek
	if b.spendDays > 0 {
		b.meanSpend = total / float64(b.spendDays)
	}
	return b, true
}

// pointsOf are the buyers as cells of grainDays.
func pointsOf(buyers []buyer, grainDays int, until fit.Day) []fit.Point {
	cells := fit.NewCells(grainDays)
	for _, b := range buyers {
		cells.Add(b.first, b.last, b.history.X, b.logGaps)
	}
	return cells.Points(until)
}

// spendPointsOf are the buyers with repeat days of positive value.
func spendPointsOf(buyers []buyer) []fit.SpendPoint {
	var points []fit.SpendPoint
	for _, b := range buyers {
		if b.spendDays > 0 {
			points = append(points, fit.SpendPoint{Count: 1, X: b.spendDays, Mean: b.meanSpend})
		}
	}
	return points
}
