package modelcli

import (
	"errors"
	"fmt"
	"math"
	"strconv"

	"github.com/holdfast/holdfast/pipeline/score/btyd"
)

const daysPerWeek = 7

// row reads the cells of one record as numbers.
type row struct {
	table  *table
	record record
	fixed  map[string]float64 // parameters of the flags
	unit   float64            // 7 where times are in days
}

// number is the value of a column; ok is false where it is empty or absent.
func (r row) number(column string) (v float64, ok bool, err error) {
	text := r.table.field(r.record, column)
	if text == "" {
		return 0, false, nil
	}
	v, err = strconv.ParseFloat(text, 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) {
		return 0, false, fmt.Errorf("%s = %.40q: want a number", column, text)
	}
	return v, true, nil
}

// must is the value of a column that may not be empty.
func (r row) must(column string) (float64, error) {
	v, ok, err := r.number(column)
	if err == nil && !ok {
		err = fmt.Errorf("%s: empty", column)
	}
	return v, err
}

// whole is the value of a column that must be a whole number.
func (r row) whole(column string) (int, error) {
	v, err := r.must(column)
	if err != nil {
		return 0, err
	}
	return wholeNumber(column, v)
}

func wholeNumber(name string, v float64) (int, error) {
	if v != math.Trunc(v) || math.Abs(v) > 1e9 {
		return 0, fmt.Errorf("%s = %v: want a whole number", name, v)
	}
	return int(v), nil
}

// weeks is the value of a time column, in weeks.
func (r row) weeks(column string) (float64, error) {
	v, err := r.must(column)
	return v / r.unit, err
}

// horizon is t in weeks, or the default where the row gives none.
func (r row) horizon(otherwise float64) (float64, error) {
	v, ok, err := r.number("t")
	if err != nil {
		return 0, err
	}
	if !ok {
		return otherwise, nil
	}
	return v / r.unit, nil
}

// history is x, t_x and T, validated.
func (r row) history() (btyd.History, error) {
	x, errX := r.whole("x")
	tx, errTX := r.weeks("t_x")
	age, errT := r.weeks("T")
	if err := errors.Join(errX, errTX, errT); err != nil {
		return btyd.History{}, oneLine(errX, errTX, errT)
	}
	h := btyd.History{X: x, TX: tx, T: age}
	return h, h.Validate()
}

// opportunities is x, t_x and n of a BG/BB row, validated.
func (r row) opportunities() (btyd.Opportunities, error) {
	x, errX := r.whole("x")
	tx, errTX := r.whole("t_x")
	n, errN := r.whole("n")
	if err := oneLine(errX, errTX, errN); err != nil {
		return btyd.Opportunities{}, err
	}
	o := btyd.Opportunities{X: x, TX: tx, N: n}
	return o, o.Validate()
}

// parameters are the row's own cells, and the flags' where those are empty.
func (r row) parameters(names []string) ([]float64, error) {
	values := make([]float64, len(names))
	var problems []error
	for i, name := range names {
		v, ok, err := r.number(name)
		if err == nil && !ok {
			if v, ok = r.fixed[name]; !ok {
				err = fmt.Errorf("parameter %s: neither in the row nor by --params", name)
			}
		}
		values[i] = v
		problems = append(problems, err)
	}
	return values, oneLine(problems...)
}

// spendGiven reports whether any of p, q, nu is there for this row.
func (r row) spendGiven() bool {
	for _, name := range spendNames {
		if _, fixed := r.fixed[name]; fixed || r.table.field(r.record, name) != "" {
			return true
		}
	}
	return false
}

// oneLine joins errors with a semicolon; nil if all are.
func oneLine(problems ...error) error {
	var joined error
	for _, err := range problems {
		switch {
		case err == nil:
		case joined == nil:
			joined = err
		default:
			joined = fmt.Errorf("%w; %w", joined, err)
		}
	}
	return joined
}
