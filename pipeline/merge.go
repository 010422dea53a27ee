package pipeline

import (
	"slices"
	"time"

	"github.com/holdfast/holdfast/pipeline/event"
)

// While inputs are behind they are applied merged by event time: one that is
// read ahead of the others waits, or visits of this year would be counted
// before the purchases of the year before. What waits is bounded in bytes; the
// partitions that are ahead are paused then.

const (
	// mergeSlack is by how much an input may be ahead of the one that is
	// furthest behind: reading as events arrive does not order them more
	// exactly either.
	mergeSlack = 10 * event.Second
	// mergePatience is how long an input that is behind and brings nothing
	// holds the others back: an upstream transaction that hangs must not hold
	// alerts. The clock waits for it all the same.
	mergePatience = 10 * time.Second
	// forever is later than any event.
	forever event.Instant = 1<<62 - 1
)

// frontier is the event time up to which events may be applied: that of the
// input which is furthest behind, as far as it has been read.
func (w *worker) frontier(asked *logEnds, now time.Time) event.Instant {
	if asked == nil || !w.heard(asked, now) {
		return noTime // what there is to read is not known yet
	}
	f := forever
	for i := range w.inputs {
		q := &w.queues[i]
		r := asked.ends[i][w.partition]
		switch {
		case i == w.control || w.sessionOf(i) != nil:
		case r.Start >= r.End || q.next >= r.End: // read
		case now.Sub(q.movedAt) > mergePatience:
		default:
			f = min(f, q.latest)
		}
	}
	if f == forever {
		return f
	}
	return f + mergeSlack
}

// heard reports whether what is said to the pipeline itself has been read, as
// far as it was there when asked: a backfill that has been announced must be
// known before its events are applied.
func (w *worker) heard(asked *logEnds, now time.Time) bool {
	if w.control < 0 {
		return true
	}
	q, r := &w.queues[w.control], asked.ends[w.control][w.partition]
	return r.Start >= r.End || q.next >= r.End || now.Sub(q.movedAt) > mergePatience
}

// crowded reports whether more waits than may.
func (w *worker) crowded() bool { return w.queuedBytes() > w.holdBytes }

func (w *worker) queuedBytes() (n int64) {
	for i := range w.queues {
		n += w.queues[i].bytes
	}
	return n
}

// admissible is how many of an input's items may be applied up to an event
// time, of those before an offset.
func (q *queue) admissible(upTo event.Instant, before int64) int {
	waiting := q.waiting()
	for n := range waiting {
		if waiting[n].at > upTo || waiting[n].offset() >= before {
			return n
		}
	}
	return len(waiting)
}

// bounded lowers the frontier so that a batch has about a given number of
// events at most: what a long wait has gathered must not become one batch.
func (w *worker) bounded(upTo event.Instant, most int) event.Instant {
	w.more = false
	total := 0
	for i := range w.queues {
		total += len(w.queues[i].waiting())
	}
	if total <= most {
		return upTo
	}
	// An item goes with all before it, so it is worth the latest of their times:
	// then these never fall within an input, and are searched instead of sorted.
	w.times, w.timesEnd = w.times[:0], w.timesEnd[:0]
	for i := range w.queues {
		if i == w.control || w.sessionOf(i) != nil {
			continue
		}
		waiting, latest := w.queues[i].waiting(), noTime
		for n := range waiting {
			if latest = max(latest, waiting[n].at); latest > upTo {
				break
			}
			w.times = append(w.times, latest)
		}
		w.timesEnd = append(w.timesEnd, len(w.times))
	}
	if len(w.times) <= most {
		return upTo
	}
	w.more = true
	return w.reaching(most)
}

// reaching is the earliest time up to which so many of the events in times lie.
func (w *worker) reaching(count int) event.Instant {
	least, most := w.times[0], w.times[0]
	begin := 0
	for _, end := range w.timesEnd {
		if begin < end {
			least, most = min(least, w.times[begin]), max(most, w.times[end-1])
		}
		begin = end
	}
	for least < most {
		middle, lie, begin := least+(most-least)/2, 0, 0
		for _, end := range w.timesEnd {
			n, _ := slices.BinarySearch(w.times[begin:end], middle+1)
			lie, begin = lie+n, end
		}
		if lie >= count {
			most = middle
		} else {
			least = middle + 1
		}
	}
	return least
}

// inStep lowers the frontier where more deadlines are due than one batch may
// bring: the clock then stops on its way (see stamp), and what happened after
// that must not be applied before what comes of the silence until then. It holds
// nothing that the clock could wait for: either the clock moves, or an event does.
func (w *worker) inStep(upTo event.Instant, mode ClockMode, wall event.Instant) event.Instant {
	limit := w.clockLimit()
	if limit >= wall || upTo <= limit {
		return upTo
	}
	if w.clock.reading(w, mode, wall) > limit {
		return limit
	}
	for i := range w.queues {
		if i != w.control && w.queues[i].firstEvent() <= limit {
			return limit
		}
	}
	return upTo
}

// firstEvent is the time of the first event that waits; forever if none does.
func (q *queue) firstEvent() event.Instant {
	for _, item := range q.waiting() {
		if item.at != noTime {
			return item.at
		}
	}
	return forever
}

// clockLimit is how far the clock may move in one batch: what has become due
// meanwhile is spread over several.
func (w *worker) clockLimit() event.Instant {
	if len(w.sessions) > 0 || w.batch.RepairClock {
		return forever
	}
	return w.shard.ClockWithin(w.mostDue)
}

// late reports whether the clock has stopped on its way in the last batch: more
// is due than it has brought.
func (w *worker) late() bool {
	return len(w.sessions) == 0 && w.shard.Position().Clock < w.clock.last && w.shard.NeedsTime(w.clock.last)
}
