package fit

import (
	"compress/gzip"
	"encoding/csv"
	"io"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"testing"
	"time"
)

// sharedFile opens a file of the shared data, or skips the test.
func sharedFile(t testing.TB, name string) [][]string {
	t.Helper()
	dir := os.Getenv("HOLDFAST_SHARED_DATA")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "..", "shared", "data")
	}
	f, err := os.Open(filepath.Join(dir, name))
	if os.IsNotExist(err) {
		t.Skipf("the shared data are not here (%s): set HOLDFAST_SHARED_DATA to their folder", name)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var r io.Reader = f
	if strings.HasSuffix(name, ".gz") {
		if r, err = gzip.NewReader(f); err != nil {
			t.Fatal(err)
		}
	}
	rows, err := csv.NewReader(r).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

func day(t testing.TB, date string) Day {
	t.Helper()
	at, err := time.Parse(time.DateOnly, date)
	if err != nil {
		t.Fatal(err)
	}
	return Day(at.Unix() / 86400)
}

// buyer is one customer of a log up to a day.
type buyer struct {
	days []Day // distinct, rising
	paid map[Day]float64
}

// buyers reads a log whose columns are customer, date and, at amount ≥ 0, an
// amount; days after until are left out.
func buyers(t testing.TB, name string, customer, date, amount int, until string) []buyer {
	t.Helper()
	rows := sharedFile(t, name)[1:]
	end := day(t, until)
	byID := map[string]*buyer{}
	var ids []string
	for _, row := range rows {
		d := day(t, row[date])
		if d > end {
			continue
		}
		b := byID[row[customer]]
		if b == nil {
			b = &buyer{paid: map[Day]float64{}}
			byID[row[customer]] = b
			ids = append(ids, row[customer])
		}
		if _, seen := b.paid[d]; !seen {
			b.days = append(b.days, d)
		}
		v := 0.0
		if amount >= 0 {
			v, _ = strconv.ParseFloat(row[amount], 64)
		}
		b.paid[d] += v
	}
	all := make([]buyer, 0, len(ids))
	for _, id := range ids {
		b := byID[id]
		sort.Slice(b.days, func(i, j int) bool { return b.days[i] < b.days[j] })
		all = append(all, *b)
	}
	return all
}

func cellsOf(all []buyer, grain int) *Cells {
	cells := NewCells(grain)
	for _, b := range all {
		var gaps LogGap
		for i := 1; i < len(b.days); i++ {
			gaps += LogGapOf(b.days[i] - b.days[i-1])
		}
		cells.Add(b.days[0], b.days[len(b.days)-1], len(b.days)-1, gaps)
	}
	return cells
}

func spendOf(all []buyer, unit float64) []SpendPoint {
	var points []SpendPoint
	for _, b := range all {
		sum, n := 0.0, 0
		for _, d := range b.days[1:] {
			if v := b.paid[d]; v > 0 {
				sum += v
				n++
			}
		}
		if n > 0 {
			points = append(points, SpendPoint{Count: 1, X: n, Mean: sum / float64(n) / unit})
		}
	}
	return points
}
