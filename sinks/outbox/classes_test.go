package outbox

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/holdfast/holdfast/pipeline/signal"
)

// classed is an error of a class.
type classed struct{ class Class }

func (e classed) Error() string { return e.class.String() + " it is" }

// scripted is a store whose answers are said beforehand; then all is well.
type scripted struct {
	checks, inserts []error
	refuses         func(from, to int) bool // beside what is said
	took            [][2]int                // rows that it has taken, in ranges
}

func (s *scripted) Name() string { return "scripted" }

func (s *scripted) Tables(of signal.Table) []string { return []string{of.String()} }

func (s *scripted) NewRows(signal.Table) Rows { return nil }

func (s *scripted) Check(context.Context) error { return next(&s.checks) }

func (s *scripted) Insert(_ context.Context, b Batch) error {
	if err := next(&s.inserts); err != nil {
		return err
	}
	if s.refuses != nil && s.refuses(b.From, b.To) {
		return classed{Refused}
	}
	s.took = append(s.took, [2]int{b.From, b.To})
	return nil
}

func next(said *[]error) (err error) {
	if len(*said) > 0 {
		err, *said = (*said)[0], (*said)[1:]
	}
	return err
}

func (s *scripted) Classify(err error) Failure {
	var c classed
	if !errors.As(err, &c) {
		c.class = Ambiguous
	}
	return Failure{Class: c.class, Kind: "scripted." + c.class.String(), Text: err.Error(), Fix: "put it right"}
}

// loading is a worker of a loader with such a store, and what it logs.
func loading(t *testing.T, s *scripted) (*worker, *bytes.Buffer) {
	t.Helper()
	log := &bytes.Buffer{}
	l, err := New(Config{OutboxTopic: "outbox", DeadLetterTopic: "dead", Group: "g"},
		Deps{Kafka: []kgo.Opt{kgo.ClientID("x")}, Sink: s, Log: slog.New(slog.NewTextHandler(log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	return newWorker(l, nil, 4), log
}

// valueOf is that of a counter or a gauge.
func valueOf(t *testing.T, m prometheus.Metric) float64 {
	t.Helper()
	var one dto.Metric
	if err := m.Write(&one); err != nil {
		t.Fatal(err)
	}
	return one.GetCounter().GetValue() + one.GetGauge().GetValue()
}

// rows are some that wait for a table.
func rows(count int) target { return target{table: "rows", joined: &joined{count: count}} }

// TestEachClassIsWaitedOutInItsOwnTime, told once, counted each time, and settled.
func TestEachClassIsWaitedOutInItsOwnTime(t *testing.T) {
	for _, c := range []struct {
		class       Class
		least, most time.Duration // of three waits
		level       string
	}{
		{Unreachable, 300 * time.Millisecond, 2 * time.Second, "WARN"},
		{Ambiguous, 300 * time.Millisecond, 2 * time.Second, "WARN"},
		{Busy, 3 * time.Second, 4 * time.Second, "WARN"},
		{Configuration, 6 * time.Second, 6 * time.Second, "ERROR"},
	} {
		synctest.Test(t, func(t *testing.T) {
			failure := classed{c.class}
			s := &scripted{inserts: []error{failure, failure, failure}}
			w, log := loading(t, s)
			began := time.Now()
			if err := w.load(w.hard, rows(9), 0, 9); err != nil {
				t.Fatal(err)
			}
			if took := time.Since(began); took < c.least || took > c.most {
				t.Errorf("%s: %s for three attempts, want %s to %s", c.class, took, c.least, c.most)
			}
			if len(s.took) != 1 || s.took[0] != [2]int{0, 9} {
				t.Errorf("%s: the store has taken %v, want all rows, once", c.class, s.took)
			}
			if n := valueOf(t, w.loader.metrics.retries.WithLabelValues(c.class.String())); n != 3 {
				t.Errorf("%s: %v attempts are counted, want 3", c.class, n)
			}
			said := log.String()
			if strings.Count(said, "level="+c.level) != 1 || strings.Count(said, "loading goes on") != 1 ||
				!strings.Contains(said, "rows wait in the outbox meanwhile") || len(w.loader.Problems()) != 0 {
				t.Errorf("%s: %v are left, and it says\n%s", c.class, w.loader.Problems(), said)
			}
			if w.unfit != (c.class == Configuration) {
				t.Errorf("%s: all is inserted again: %v", c.class, w.unfit)
			}
		})
	}
}

// TestAStopEndsTheAttempts of whatever class, at once: the rows are the successor's.
func TestAStopEndsTheAttempts(t *testing.T) {
	for _, class := range []Class{Unreachable, Busy, Ambiguous, Configuration} {
		synctest.Test(t, func(t *testing.T) {
			s := &scripted{}
			for range 1000 {
				s.inserts = append(s.inserts, classed{class})
			}
			w, _ := loading(t, s)
			began := time.Now()
			time.AfterFunc(10*time.Second+time.Millisecond, func() { w.halts(errStopped) })
			err := w.load(w.hard, rows(9), 0, 9)
			if !errors.Is(err, errStopped) || len(s.took) != 0 {
				t.Errorf("%s: %v, and the store has taken %v", class, err, s.took)
			}
			if took := time.Since(began); took != 10*time.Second+time.Millisecond {
				t.Errorf("%s: it ends after %s", class, took)
			}
		})
	}
}

// TestWhenRowsAreNotAtFault: what a store refuses while it is not what it was is
// no reason to set rows aside.
func TestWhenRowsAreNotAtFault(t *testing.T) {
	for _, c := range []struct {
		name            string
		checks, inserts []error
		words           string
	}{
		{"the check fails before the insert", []error{classed{Configuration}}, nil, "configuration it is"},
		{"the check is refused before any row was tried", []error{classed{Refused}}, nil, "data it is"},
		{"the check fails after the rows were refused", []error{nil, classed{Unreachable}}, []error{classed{Refused}},
			"unreachable it is, so it is not the rows' fault that rows refuses them: data it is"},
	} {
		synctest.Test(t, func(t *testing.T) {
			s := &scripted{checks: c.checks, inserts: c.inserts}
			w, log := loading(t, s)
			if err := w.load(w.hard, rows(9), 0, 9); err != nil {
				t.Fatal(err)
			}
			if len(s.took) != 1 || s.took[0] != [2]int{0, 9} || !w.unfit || w.rejects["rows"] != 0 {
				t.Errorf("%s: the store has taken %v, unfit is %v, %d rejects", c.name, s.took, w.unfit, w.rejects["rows"])
			}
			if n := valueOf(t, w.loader.metrics.retries.WithLabelValues("configuration")); n != 1 ||
				!strings.Contains(log.String(), c.words) {
				t.Errorf("%s: %v attempts wait for a person; it says\n%s", c.name, n, log)
			}
		})
	}
}

// TestATableThatRefusesEveryRow is under suspicion after some rejects in a row,
// and one row that goes in clears it.
func TestATableThatRefusesEveryRow(t *testing.T) {
	for _, c := range []struct {
		rejects int
		refuses func(from, to int) bool
		blamed  bool
	}{
		{rejectsInARow - 1, func(int, int) bool { return true }, false},
		{rejectsInARow, func(int, int) bool { return true }, true},
		{rejectsInARow, func(from, _ int) bool { return from < 90 }, false},
	} {
		s := &scripted{refuses: c.refuses}
		w, _ := loading(t, s)
		w.rejects["rows"] = c.rejects
		blame := w.suspect(t.Context(), rows(100), &Failure{Class: Refused, Kind: "k", Text: "a constraint"})
		if (blame != nil) != c.blamed {
			t.Errorf("%d rejects: %+v", c.rejects, blame)
			continue
		}
		if blame != nil && (blame.Class != Configuration ||
			blame.Text != "table rows refuses every row tried: a constraint") {
			t.Errorf("%d rejects: %+v", c.rejects, blame)
		}
		if len(s.took) > 0 && w.rejects["rows"] != 0 {
			t.Errorf("a row went in, and %d rejects are counted on", w.rejects["rows"])
		}
	}
}

// TestTheStoreIsAwaited at the pace of what is wrong, until it is right or the
// end is asked for.
func TestTheStoreIsAwaited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &scripted{checks: []error{classed{Unreachable}, classed{Configuration}, classed{Configuration}}}
		w, log := loading(t, s)
		began := time.Now()
		if !w.loader.awaitStore(t.Context()) {
			t.Error("a store that is right is not found")
		}
		if took := time.Since(began); took < 4*time.Second || took > 5*time.Second {
			t.Errorf("it takes %s", took)
		}
		said := log.String()
		if strings.Count(said, "loading waits for the store") != 1 || strings.Count(said, "level=ERROR") != 1 ||
			strings.Count(said, "the store answers and its tables fit") != 1 || len(w.loader.Problems()) != 0 {
			t.Errorf("it says\n%s", said)
		}
		for range 100 {
			s.checks = append(s.checks, classed{Unreachable})
		}
		ctx, cancel := context.WithTimeout(t.Context(), 7*time.Second)
		defer cancel()
		if w.loader.awaitStore(ctx) {
			t.Error("a store that is away is found")
		}
		if p := w.loader.Problems()[storeProblem]; p.Class != "unreachable" || p.Text != "unreachable it is" {
			t.Errorf("the problem is %+v", p)
		}
	})
}
