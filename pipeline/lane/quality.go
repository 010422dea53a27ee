package lane

import (
	"time"

	"github.com/holdfast/holdfast/pipeline/decode"
	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/shard"
	"github.com/holdfast/holdfast/pipeline/signal"
)

// What is counted of the data's quality goes to the outbox as totals since the
// shard's state began. The totals are in every entry of the batch log, so no
// kill loses or repeats one; and a total that is told twice is the same row.

// qualityState is which totals are told. A restart forgets them, and tells them again.
type qualityState struct {
	findings [shard.FindingCount]shard.Finding
	rejects  [decode.ReasonCount]uint64
	at       time.Time // when
}

// untold is the state in which all totals are still to be told.
func (q *qualityState) untold() qualityState {
	again := qualityState{findings: q.findings, at: q.at}
	for i := range again.findings {
		again.findings[i].Events = 0
	}
	return again
}

// totals are the shard's, as they stand.
func (l *Lane) totals() (q qualityState) {
	counters := l.shard.Position().Counters
	q.findings = counters.Findings()
	copy(q.rejects[:], counters.Rejects[:])
	return q
}

// qualityDue reports whether totals have changed that no row tells, and it is time to.
func (l *Lane) qualityDue(now time.Time, stopping bool) bool {
	if now.Sub(l.quality.at) < l.cfg.FlushEvery && !stopping {
		return false
	}
	q := l.totals()
	q.at = l.quality.at
	return q != l.quality
}

// countRejects lets the shard count the dead letters that came since the last batch.
func (l *Lane) countRejects() {
	for _, r := range l.rejected[l.rejectsCounted:] {
		l.shard.CountReject(uint8(r.reject.Reason))
	}
	l.rejectsCounted = len(l.rejected)
}

// writeQuality writes a row of each total that is not told as it stands.
func (l *Lane) writeQuality(now time.Time, wall event.Instant) {
	position, q := l.shard.Position(), l.totals()
	row := signal.QualityRow{
		Day: signal.Day(l.cfg.Shard.Zone.DayOf(wall)), SrcPartition: uint16(l.partition), Epoch: uint64(position.Epoch),
		ComputedAt: signal.Instant(wall), Seq: signal.Seq(position.Epoch, position.Batch),
	}
	tell := func(finding string, events, told uint64) {
		if events != told {
			row.Finding, row.Events = finding, events
			l.effects.Quality.Append(&row)
		}
	}
	for i, f := range q.findings {
		tell(f.Name, f.Events, l.quality.findings[i].Events)
	}
	for reason, n := range q.rejects {
		tell(rejectNames[reason], n, l.quality.rejects[reason])
	}
	q.at = now
	l.quality = q
}

// rejectNames are the findings of dead letters, by their reasons.
var rejectNames = func() (names [decode.ReasonCount]string) {
	for reason := range names {
		names[reason] = "rejected_" + decode.Reason(reason).String()
	}
	return names
}()
