package lane

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
func (l *Lane) frontier(asked *LogEnds, now time.Time) event.Instant {
	if asked == nil || !l.heard(asked, now) {
		return noTime // what there is to read is not known yet
	}
	f := forever
	for i := range l.inputs {
		q := &l.queues[i]
		r := asked.Ends[i][l.partition]
		switch {
		case i == l.control || l.sessionOf(i) != nil:
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
func (l *Lane) heard(asked *LogEnds, now time.Time) bool {
	if l.control < 0 {
		return true
	}
	q, r := &l.queues[l.control], asked.Ends[l.control][l.partition]
	return r.Start >= r.End || q.next >= r.End || now.Sub(q.movedAt) > mergePatience
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
func (l *Lane) bounded(upTo event.Instant, most int) event.Instant {
	l.more = false
	total := 0
	for i := range l.queues {
		total += len(l.queues[i].waiting())
	}
	if total <= most {
		return upTo
	}
	// An item goes with all before it, so it is worth the latest of their times:
	// then these never fall within an input, and are searched instead of sorted.
	l.times, l.timesEnd = l.times[:0], l.timesEnd[:0]
	for i := range l.queues {
		if i == l.control || l.sessionOf(i) != nil {
			continue
		}
		waiting, latest := l.queues[i].waiting(), noTime
		for n := range waiting {
			if latest = max(latest, waiting[n].at); latest > upTo {
				break
			}
			l.times = append(l.times, latest)
		}
		l.timesEnd = append(l.timesEnd, len(l.times))
	}
	if len(l.times) <= most {
		return upTo
	}
	l.more = true
	return l.reaching(most)
}

// reaching is the earliest time up to which so many of the events in times lie.
func (l *Lane) reaching(count int) event.Instant {
	least, most := l.times[0], l.times[0]
	begin := 0
	for _, end := range l.timesEnd {
		if begin < end {
			least, most = min(least, l.times[begin]), max(most, l.times[end-1])
		}
		begin = end
	}
	for least < most {
		middle, lie, begin := least+(most-least)/2, 0, 0
		for _, end := range l.timesEnd {
			n, _ := slices.BinarySearch(l.times[begin:end], middle+1)
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
func (l *Lane) inStep(upTo event.Instant, wall event.Instant) event.Instant {
	limit := l.clockLimit()
	if limit >= wall || upTo <= limit {
		return upTo
	}
	if l.clock.reading(l, l.cfg.Clock, wall) > limit {
		return limit
	}
	for i := range l.queues {
		if i != l.control && l.queues[i].firstEvent() <= limit {
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
func (l *Lane) clockLimit() event.Instant {
	if len(l.sessions) > 0 || l.batch.RepairClock {
		return forever
	}
	if _, holds := l.holding(l.ClockReading()); holds {
		return forever // what is due waits, and nothing may wait for it
	}
	return l.shard.ClockWithin(l.mostDue)
}

// late reports whether the clock has stopped on its way in the last batch: more
// is due than it has brought.
func (l *Lane) late() bool {
	return len(l.sessions) == 0 && l.shard.Position().Clock < l.clock.last && l.shard.NeedsTime(l.Silence())
}
