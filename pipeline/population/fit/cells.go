package fit

import (
	"math"
	"sort"
)

// Day is whole days since 1970-01-01 in the business time zone.
type Day int32

// LogGap is a sum of natural logarithms of gaps in weeks, as fixed point with
// 32 fractional bits: adding and taking away are exact and in any order.
type LogGap int64

const logGapUnit = 1 << 32

// LogGapOf is the fixed-point logarithm of one gap; days ≥ 1.
func LogGapOf(days Day) LogGap {
	return LogGap(math.Round(math.Log(float64(days)/7) * logGapUnit))
}

// LogGapSum is a sum of logarithms of gaps in weeks as a LogGap.
func LogGapSum(sum float64) LogGap { return LogGap(math.Round(sum * logGapUnit)) }

// Value is the sum as a number.
func (g LogGap) Value() float64 { return float64(g) / logGapUnit }

// Cells are the sufficient statistics of a customer base: customers are grouped
// by the grain in which their first and last purchase days fall and by their
// number of repeats; each group keeps its count and exact sums. The passage of
// time changes nothing here: the age is computed when Points is called.
type Cells struct {
	grain Day
	cells map[cellKey]cellSums
}

type cellKey struct {
	first, last Day // in grains
	x           int
}

type cellSums struct {
	count       int64
	first, last int64 // days
	logGaps     LogGap
}

// NewCells makes empty cells. grainDays is 1 for exact cells, 7 for weekly ones.
func NewCells(grainDays int) *Cells {
	return &Cells{grain: Day(max(1, grainDays)), cells: make(map[cellKey]cellSums)}
}

// Add counts one customer: first and last purchase day, repeat days x, and the
// sum of ln(gap in weeks) over its x gaps.
func (c *Cells) Add(first, last Day, x int, logGaps LogGap) { c.move(first, last, x, logGaps, 1) }

// Remove takes away what Add counted, exactly.
func (c *Cells) Remove(first, last Day, x int, logGaps LogGap) { c.move(first, last, x, logGaps, -1) }

func (c *Cells) move(first, last Day, x int, logGaps LogGap, sign int64) {
	key := cellKey{floorDiv(first, c.grain), floorDiv(last, c.grain), x}
	s := c.cells[key]
	s.count += sign
	s.first += sign * int64(first)
	s.last += sign * int64(last)
	s.logGaps += LogGap(sign) * logGaps
	if s.count == 0 {
		delete(c.cells, key)
		return
	}
	c.cells[key] = s
}

func floorDiv(d, by Day) Day {
	q := d / by
	if d%by < 0 {
		q--
	}
	return q
}

// Len is the number of cells in use.
func (c *Cells) Len() int { return len(c.cells) }

// Points are the cells as the likelihoods take them at the end of day `until`:
// one point a cell, at the mean of its sums, ordered by x, age and silence.
// Cells that begin after `until` are left out.
func (c *Cells) Points(until Day) []Point {
	points := make([]Point, 0, len(c.cells))
	for key, s := range c.cells {
		n := float64(s.count)
		age := (float64(until)*n - float64(s.first)) / n / 7
		if age < 0 {
			continue
		}
		p := Point{Count: n, X: key.x, T: age, TX: float64(s.last-s.first) / n / 7, LogGaps: s.logGaps.Value() / n}
		p.TX = min(p.TX, p.T)
		points = append(points, p)
	}
	sortPoints(points)
	return points
}

// Point stands for Count customers with the same history. Times in weeks.
type Point struct {
	Count   float64
	X       int
	TX, T   float64
	LogGaps float64 // mean Σ ln(gap in weeks); MBG/CNBD-k only
}

func sortPoints(points []Point) {
	sort.Slice(points, func(i, j int) bool {
		a, b := points[i], points[j]
		switch {
		case a.X != b.X:
			return a.X < b.X
		case a.T != b.T:
			return a.T < b.T
		}
		return a.TX < b.TX
	})
}
