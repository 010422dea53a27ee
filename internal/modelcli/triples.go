package modelcli

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strconv"

	"github.com/holdfast/holdfast/pipeline/population/fit"
	"github.com/holdfast/holdfast/pipeline/score/btyd"
)

// triples is a base given row by row as x, t_x, T (or n).
type triples struct {
	points     []fit.Point
	spend      []fit.SpendPoint
	calendar   []fit.CalendarPoint
	hasGaps    bool
	rows, bad  int
	complaints []string
}

// isTriples reports whether the columns are a model's own rather than a log's.
func isTriples(t *table, model string) bool {
	if model == fit.GammaGamma {
		return t.has("x") && t.has("m_x")
	}
	return t.has("x") && t.has("t_x") && (t.has("T") || t.has("n"))
}

// readTriples reads them all; count is the column with the number of customers
// a row stands for, "" for one each. A bad row is counted and left out.
func readTriples(t *table, model string, unit float64, count string) (*triples, error) {
	need := []string{"x", "t_x", "T"}
	switch model {
	case fit.BGBB:
		need = []string{"x", "t_x", "n"}
	case fit.GammaGamma:
		need = []string{"x", "m_x"}
	}
	if count != "" {
		need = append(need, count)
	}
	if err := t.require(need...); err != nil {
		return nil, err
	}
	base := &triples{hasGaps: t.has("litt")}
	t.isRow = func(r record) bool {
		return new(triples).add(row{table: t, record: r, unit: unit}, model, count) == nil
	}
	for {
		r, err := t.next()
		if errors.Is(err, io.EOF) {
			return base, nil
		}
		if err != nil {
			return nil, fmt.Errorf("read row %d: %w", base.rows+1, err)
		}
		base.rows++
		if err := base.add(row{table: t, record: r, unit: unit}, model, count); err != nil {
			base.bad++
			if len(base.complaints) < maxComplaints {
				base.complaints = append(base.complaints, fmt.Sprintf("row %d: %v", base.rows, err))
			}
		}
	}
}

// add takes one row into the base.
func (b *triples) add(r row, model, count string) error {
	if r.record.problem != "" {
		return errors.New(r.record.problem)
	}
	n := 1.0
	if count != "" {
		v, err := r.must(count)
		if err != nil {
			return err
		}
		if n = v; !(n > 0 && n <= 1e12) {
			return fmt.Errorf("%s = %v: want a number above 0", count, n)
		}
	}
	switch model {
	case fit.BGBB:
		o, err := r.opportunities()
		if err == nil {
			b.calendar = append(b.calendar, fit.CalendarPoint{Count: n, Opportunities: o})
		}
		return err
	case fit.GammaGamma:
		return b.addSpend(r, n)
	}
	h, err := r.history()
	if err != nil {
		return err
	}
	gaps, given, err := r.number("litt")
	switch {
	case err != nil:
		return err
	case math.IsNaN(gaps) || math.IsInf(gaps, 0):
		return fmt.Errorf("litt = %v: want the sum of ln(gap in weeks), a number", gaps)
	case model == fit.MBGCNBDK && h.X > 0 && !given:
		return errors.New("litt: empty")
	}
	b.points = append(b.points, fit.Point{Count: n, X: h.X, TX: h.TX, T: h.T, LogGaps: gaps})
	return nil
}

func (b *triples) addSpend(r row, n float64) error {
	x, err := r.whole("x")
	if err != nil {
		return err
	}
	mean, _, err := r.number("m_x")
	if err != nil {
		return err
	}
	if x < 0 || x > btyd.MaxRepeats || !(math.Abs(mean) < 1e12) {
		return fmt.Errorf("x = %d, m_x = %v: want x from 0 to %d and an amount below 1e12", x, mean, btyd.MaxRepeats)
	}
	b.spend = append(b.spend, fit.SpendPoint{Count: n, X: x, Mean: mean})
	return nil
}

// writeTriples writes the buyers as `score` reads them, in weeks.
func writeTriples(path string, buyers []buyer, hasAmount bool) error {
	return writeWhole(path, func(out io.Writer) error {
		w := csv.NewWriter(out)
		header := []string{"customer", "x", "t_x", "T", "litt"}
		if hasAmount {
			header = append(header, "m_x")
		}
		if err := w.Write(header); err != nil {
			return err
		}
		for _, b := range buyers {
			line := []string{b.id, strconv.Itoa(b.history.X), number(b.history.TX), number(b.history.T),
				number(b.logGaps.Value())}
			if hasAmount {
				line = append(line, number(b.meanSpend))
			}
			if err := w.Write(line); err != nil {
				return err
			}
		}
		w.Flush()
		return w.Error()
	})
}

func number(v float64) string { return strconv.FormatFloat(v, 'g', 17, 64) }

// writeWhole writes a file so that it is there whole or not at all.
func writeWhole(path string, write func(io.Writer) error) error {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	err = write(f)
	if closing := f.Close(); err == nil {
		err = closing
	}
	if err == nil {
		err = os.Chmod(f.Name(), 0o644)
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}
