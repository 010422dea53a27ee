// Package refit fits the model that customers are scored by to the customers
// themselves: it gathers a base from the shards' records, says whether it suffices,
// fits, and decides between what was fitted and what is in force. Every function
// is pure; who calls it decides when, and on which goroutine.
package refit

import (
	"math"

	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/population/fit"
	"github.com/holdfast/holdfast/pipeline/score/btyd"
	"github.com/holdfast/holdfast/pipeline/shard"
	"github.com/holdfast/holdfast/pipeline/signal"
)

// What a base needs before a model is fitted to it; docs/models.md says why.
const (
	MinCustomers = 500 // with a purchase
	MinDays      = 180 // from the first purchase day on
	MinOutcomes  = 100 // customers who came back within the label window, and as many who did not
)

const (
	grainDays = 7 // of the cells
	// orderGrainDays is that of the cells that tell the order of gaps: sums of their
	// logarithms are exact whatever the grain.
	orderGrainDays = 28
	dayWeek        = 7.0
)

// Base is the sufficient statistics of a customer base, gathered from the records
// of shards. Its size is that of the distinct histories by the week, not that of
// the base.
type Base struct {
	Window event.Day // the first day of the label window

	purchase       *fit.Cells // as things stand
	timed          *fit.Cells // of those whose gaps are all known
	returned, away *fit.Cells // as they stood before the label window, by what came of it
	activity       *fit.Cells // activity days of those who have been seen, as things stand
	seen           int64
	firstActive    event.Day // of them
	spend          spendCells
	customers      int64
	timedCustomers int64
	firstDay       event.Day
	lastDay        event.Day
	cameBack, left int64

	names    []string // of the segments; empty: all customers are one
	segments []*Base  // the same of each
}

// NewBase makes an empty base whose label window begins with a day.
func NewBase(window event.Day) *Base {
	return &Base{Window: window, purchase: fit.NewCells(grainDays), timed: fit.NewCells(orderGrainDays),
		returned: fit.NewCells(grainDays), away: fit.NewCells(grainDays), activity: fit.NewCells(grainDays),
		spend: spendCells{}}
}

// Add counts one customer.
func (b *Base) Add(h *shard.History) {
	if int(h.Segment) < len(b.segments) {
		b.segments[h.Segment].Add(h)
	}
	first, last := fit.Day(h.FirstDay), fit.Day(h.LastDay)
	gaps := fit.LogGap(0)
	if h.GapsKnown {
		gaps = fit.LogGapSum(h.LogGaps)
		b.timed.Add(first, last, repeats(h.X), gaps)
		b.timedCustomers++
	}
	b.purchase.Add(first, last, repeats(h.X), gaps)
	if b.customers == 0 || h.FirstDay < b.firstDay {
		b.firstDay = h.FirstDay
	}
	if b.customers == 0 || h.LastDay > b.lastDay {
		b.lastDay = h.LastDay
	}
	b.customers++
	b.spend.add(h)
	b.addActivity(h)
	switch {
	case !h.Known:
	case h.Returned:
		b.cameBack++
		b.returned.Add(first, fit.Day(h.LastBefore), repeats(h.XBefore), 0)
	default:
		b.left++
		b.away.Add(first, fit.Day(h.LastBefore), repeats(h.XBefore), 0)
	}
}

// repeats is a number of repeat days as the models take it.
func repeats(x uint32) int { return int(min(x, btyd.MaxRepeats)) }

// Customers is how many customers with a purchase were counted.
func (b *Base) Customers() int64 { return b.customers }

// LastDay is the latest purchase day of all; 0 where there is none.
func (b *Base) LastDay() event.Day { return b.lastDay }

// Sufficiency says whether the base suffices for a fit at the end of a day.
func (b *Base) Sufficiency(until event.Day) signal.DataSufficiency {
	switch {
	case b.customers < MinCustomers:
		return signal.FewCustomers
	case until-b.firstDay < MinDays:
		return signal.ShortHistory
	case b.cameBack < MinOutcomes || b.left < MinOutcomes:
		return signal.FewOutcomes
	}
	return signal.SufficiencyOK
}

// spendKey is a cell of the spend model: repeat days and mean value by class.
type spendKey struct{ x, mean int }

type spendSums struct {
	count, x int64
	mean     float64 // sum of means, minor units
}

// spendCells are the sufficient statistics of the spend model. Sums are of
// customers in the order of their places, so equal bases give equal sums.
type spendCells map[spendKey]spendSums

// exactRepeats is up to how many repeat days each number is a class of its own;
// beyond, a class is an eighth of an octave, like that of the mean value.
const exactRepeats = 16

func eighthOfOctave(v float64) int { return int(math.Floor(8 * math.Log2(v))) }

func (s spendCells) add(h *shard.History) {
	if h.RepeatNetDays == 0 || h.RepeatNet <= 0 {
		return
	}
	mean := float64(h.RepeatNet) / float64(h.RepeatNetDays)
	key := spendKey{x: int(h.RepeatNetDays), mean: eighthOfOctave(mean)}
	if key.x > exactRepeats {
		key.x = exactRepeats + eighthOfOctave(float64(h.RepeatNetDays))
	}
	sums := s[key]
	sums.count++
	sums.x += int64(h.RepeatNetDays)
	sums.mean += mean
	s[key] = sums
}

// points are the cells as the likelihood takes them, values in major units.
func (s spendCells) points(minorPerMajor float64) []fit.SpendPoint {
	all := make([]fit.SpendPoint, 0, len(s))
	for _, sums := range s {
		n := float64(sums.count)
		all = append(all, fit.SpendPoint{Count: n, X: int(math.Round(float64(sums.x) / n)),
			Mean: sums.mean / n / minorPerMajor})
	}
	fit.SortSpendPoints(all)
	return all
}
