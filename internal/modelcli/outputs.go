package modelcli

import (
	"math"
	"strconv"
	"strings"

	"github.com/holdfast/holdfast/pipeline/score/btyd"
)

// Output columns, in their order.
const (
	colPAlive = iota
	colLogOddsDead
	colPReturn
	colExpectedPurchases
	colLogLikelihood
	colCrossingHalf
	colGapQ90
	colExpectedSpend
	colDiscounted52
	colValue52
	colDERT
	colNote
	colError
	outputCount
)

var outputNames = [outputCount]string{"p_alive", "logodds_dead", "p_return", "expected_purchases",
	"log_likelihood", "crossing_half", "gap_q90", "expected_spend", "discounted_52", "value_52",
	"dert", "note", "error"}

// largestPrinted is the largest number that is given as one.
const largestPrinted = 1e300

// outputs are the output cells of one row.
type outputs struct {
	cells  [outputCount]string
	notes  []string
	errors []string
}

// set writes a number with 17 significant digits, −∞ as −1e308. What exceeds
// largestPrinted stays empty with a note.
func (o *outputs) set(column int, v float64) {
	switch {
	case math.IsNaN(v):
		o.errors = append(o.errors, outputNames[column]+": no number")
		return
	case math.IsInf(v, -1):
		v = btyd.NoInfinity
	case v > largestPrinted:
		o.note(outputNames[column] + " exceeds 1e300")
		return
	}
	o.cells[column] = strconv.FormatFloat(v, 'g', 17, 64)
}

// try writes v, or keeps err as a reason of the row.
func (o *outputs) try(column int, v float64, err error) bool {
	if err != nil {
		o.fail(err)
		return false
	}
	o.set(column, v)
	return true
}

func (o *outputs) note(text string) { o.notes = append(o.notes, text) }

// fail keeps a reason once.
func (o *outputs) fail(err error) {
	text := err.Error()
	for _, have := range o.errors {
		if have == text {
			return
		}
	}
	o.errors = append(o.errors, text)
}

// finish fills note and error.
func (o *outputs) finish() []string {
	o.cells[colNote] = strings.Join(o.notes, "; ")
	o.cells[colError] = strings.Join(o.errors, "; ")
	return o.cells[:]
}

// outputHeader is the input's columns, those named like an output as in_<name>,
// then the outputs.
func outputHeader(columns []string) []string {
	taken := make(map[string]bool, len(columns)+int(outputCount))
	for _, name := range outputNames {
		taken[name] = true
	}
	own := make(map[string]bool, len(columns))
	for _, name := range columns {
		own[name] = true
	}
	header := make([]string, 0, len(columns)+int(outputCount))
	for _, name := range columns {
		if taken[name] {
			name = "in_" + name
			for taken[name] || own[name] {
				name = "in_" + name
			}
		}
		taken[name] = true
		header = append(header, name)
	}
	return append(header, outputNames[:]...)
}
