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

// outside are buyers whose history is beyond the models' domain.
type outside struct {
	count int
	row   int64   // the first row of the first of them
	day   fit.Day // and its day
}

// buyersUntil condenses a log: what lies on or before `until` is history, what
// lies after it is counted. Customers whose first purchase is later are left
// out, and those whose history is outside the models' domain are counted.
func (l *purchaseLog) buyersUntil(until fit.Day) (buyers []buyer, beyond outside) {
	count := counting{lines: l.mapping.lines}
	later := counting{lines: l.mapping.lines}
	for from := 0; from < len(l.rows); {
		to := from
		for to < len(l.rows) && l.rows[to].customer == l.rows[from].customer {
			to++
		}
		days := count.daysOf(l.rows[from:to], until)
		if len(days) > 0 {
			b := l.condense(days, until)
			b.id = l.ids[l.rows[from].customer]
			if until < l.last {
				b.later = daysAfter(later.daysOf(l.rows[from:to], l.last), until)
			}
			if b.history.Validate() == nil {
				buyers = append(buyers, b)
			} else {
				if beyond.count == 0 || days[0].row < beyond.row {
					beyond.row, beyond.day = days[0].row, days[0].day
				}
				beyond.count++
			}
		}
		from = to
	}
	l.notes = append(l.notes, count.note()...)
	return buyers, beyond
}

func daysAfter(days []purchaseDay, until fit.Day) (n int) {
	for _, d := range days {
		if d.day > until {
			n++
		}
	}
	return n
}

// condense makes a buyer of one customer's purchase days.
func (l *purchaseLog) condense(days []purchaseDay, until fit.Day) (b buyer) {
	b.first, b.last = days[0].day, days[len(days)-1].day
	total := 0.0
	for i, d := range days[1:] {
		b.history.X++
		b.logGaps += fit.LogGapOf(d.day - days[i].day)
		if d.amount > 0 {
			b.spendDays++
			total += float64(d.amount) / millionth / l.mapping.divisor
		}
	}
	b.history.TX = float64(b.last-b.first) / daysPerWeek
	b.history.T = float64(until-b.first) / daysPerWeek
	if b.spendDays > 0 {
		b.meanSpend = total / float64(b.spendDays)
	}
	return b
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
