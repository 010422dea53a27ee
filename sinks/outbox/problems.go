package outbox

import (
	"context"
	"log/slog"
	"maps"
	"time"
)

// Position returns, by outbox partition assigned to this loader, the offset that
// it has committed: everything below is in the store or set aside. Partitions
// without a commit of this loader are not in it.
func (l *Loader) Position() map[int32]int64 {
	l.lock.Lock()
	defer l.lock.Unlock()
	return maps.Clone(l.position)
}

// Problems returns by partition what keeps it from being loaded; none where all
// is well. Under -1 stands what keeps the loader out of its group, under -2 that
// the store is away or not as it should be.
func (l *Loader) Problems() map[int32]Problem {
	l.lock.Lock()
	defer l.lock.Unlock()
	return maps.Clone(l.problems)
}

func (l *Loader) committed(partition int32, offset int64) {
	l.lock.Lock()
	defer l.lock.Unlock()
	l.position[partition] = offset
}

// setProblem reports whether the problem is news: of another class, or another
// thing for a person to put right. Other words of one class (a connection's own
// port is in them) are shown and not told again.
func (l *Loader) setProblem(partition int32, c Class, text string) bool {
	l.lock.Lock()
	defer l.lock.Unlock()
	before, there := l.problems[partition]
	if there && before.Class == c.String() {
		news := c == Configuration && before.Text != text
		l.problems[partition] = Problem{Class: before.Class, Text: text, Since: before.Since}
		return news
	}
	l.problems[partition] = Problem{Class: c.String(), Text: text, Since: l.now()}
	return true
}

func (l *Loader) clearProblem(partition int32) {
	l.lock.Lock()
	defer l.lock.Unlock()
	delete(l.problems, partition)
}

// oldest keeps the time of the oldest pending record; zero: none.
func (l *Loader) oldest(partition int32, at time.Time) {
	l.lock.Lock()
	defer l.lock.Unlock()
	l.pending[partition] = at
	least := time.Time{}
	for _, t := range l.pending {
		if !t.IsZero() && (least.IsZero() || t.Before(least)) {
			least = t
		}
	}
	seconds := 0.0
	if !least.IsZero() {
		seconds = float64(least.UnixMilli()) / 1000
	}
	l.metrics.oldestPending.WithLabelValues(l.sink.Name()).Set(seconds)
}

// report tells a problem of the worker's partition.
func (w *worker) report(f Failure) {
	w.problem = true
	w.loader.report(w.partition, f)
}

// report tells a problem once: until it is settled or becomes another, attempts
// are counted and not logged.
func (l *Loader) report(partition int32, f Failure) {
	if !l.setProblem(partition, f.Class, f.Text) {
		return
	}
	level, message := slog.LevelWarn, "loading waits and tries again"
	if f.Class == Configuration {
		level, message = slog.LevelError, "loading is paused until this is put right"
	}
	fix := f.Fix + "; rows wait in the outbox meanwhile"
	attributes := []any{"sink", l.sink.Name(), "class", f.Class.String(), "problem", f.Text, "fix", fix}
	if partition >= 0 {
		attributes = append([]any{"partition", partition}, attributes...)
	} else if f.Class != Configuration {
		message = "loading waits for the store"
	}
	l.log.Log(context.Background(), level, message, attributes...)
}

// settle ends a reported problem.
func (w *worker) settle() {
	if w.problem {
		w.problem = false
		w.loader.clearProblem(w.partition)
		w.loader.log.Info("loading goes on", "partition", w.partition)
	}
}
