package btyd

import (
	"encoding/csv"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"testing"
)

// rows is a table of reference figures.
type rows struct {
	t     *testing.T
	index map[string]int
	lines [][]string
	worst *worstCase
}

// worstCase counts the figures compared and keeps the largest difference.
type worstCase struct {
	figures int
	off     float64
	column  string
}

func (w *worstCase) see(column string, off float64) {
	w.figures++
	if off > w.off {
		w.off, w.column = off, column
	}
}

// committed reads a table of testdata.
func committed(t *testing.T, name string) rows {
	return readRows(t, filepath.Join("testdata", name))
}

// sharedPath is where a file of the shared data would be, and whether it is.
func sharedPath(name string) (path string, there bool) {
	dir := os.Getenv("HOLDFAST_SHARED_DATA")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "..", "shared", "data")
	}
	path = filepath.Join(dir, name)
	_, err := os.Stat(path)
	return path, err == nil
}

// shared reads a full reference file, or skips the test.
func shared(t *testing.T, name string) rows {
	t.Helper()
	path, there := sharedPath(name)
	if !there {
		t.Skipf("the full reference file %s is not here (set HOLDFAST_SHARED_DATA to its folder); the committed table is "+
			"tested instead", name)
	}
	return readRows(t, path)
}

// sharedLines are the data lines of a shared file; ok is false where it is not.
func sharedLines(t testing.TB, name string) (lines [][]string, ok bool) {
	path, there := sharedPath(name)
	if !there {
		return nil, false
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines, err = csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return lines[1:], true
}

func readRows(t *testing.T, path string) rows {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	r := rows{t: t, index: map[string]int{}, lines: lines[1:], worst: &worstCase{}}
	t.Cleanup(func() {
		t.Logf("%s: %d rows, %d figures, largest difference %.2g (%s)",
			filepath.Base(path), len(r.lines), r.worst.figures, r.worst.off, r.worst.column)
	})
	for i, name := range lines[0] {
		r.index[name] = i
	}
	return r
}

// number is a cell; NaN where it is empty or there is no such column.
func (r rows) number(line []string, column string) float64 {
	r.t.Helper()
	i, ok := r.index[column]
	if !ok || line[i] == "" {
		return math.NaN()
	}
	v, err := strconv.ParseFloat(line[i], 64)
	if err != nil {
		r.t.Fatalf("%s: %v", column, err)
	}
	return v
}

// relative checks got against a reference column to `tolerance` of its size,
// and to 1e-12 where it is 0 or the history has no length.
func (r rows) relative(line []string, column string, got, tolerance float64) {
	r.t.Helper()
	want := r.number(line, column)
	if math.IsNaN(want) {
		return
	}
	if want == NoInfinity {
		if !math.IsInf(got, -1) {
			r.t.Errorf("%s = %v, want -Inf at %v", column, got, line)
		}
		return
	}
	allowed := tolerance * math.Abs(want)
	if want == 0 || r.number(line, "T") == 0 {
		allowed = 1e-12
	}
	r.worst.see(column, math.Abs(got-want)/math.Max(math.Abs(want), 1e-12))
	if !(math.Abs(got-want) <= math.Max(allowed, 5e-324)) {
		r.t.Errorf("%s = %.17g, want %.17g at %v", column, got, want, line)
	}
}

// close checks to 1e-9, absolute below 1 and relative above.
func (r rows) close(line []string, column string, got float64) {
	r.t.Helper()
	want := r.number(line, column)
	off := math.Abs(got-want) / math.Max(1, math.Abs(want))
	r.worst.see(column, off)
	if !(off <= 1e-9) {
		r.t.Errorf("%s = %.17g, want %.17g at %v", column, got, want, line)
	}
}

func (r rows) history(line []string) History {
	r.t.Helper()
	h := History{X: int(r.number(line, "x")), TX: r.number(line, "t_x"), T: r.number(line, "T")}
	if err := h.Validate(); err != nil {
		r.t.Fatalf("%v at %v", err, line)
	}
	return h
}
