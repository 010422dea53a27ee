package lane

import (
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// leastHoldBytes is what a lane may hold at least: a record of the largest size
// must find room.
const leastHoldBytes = 1 << 20

// SetHoldBytes says how much may wait before reading is paused.
func (l *Lane) SetHoldBytes(n int64) { l.holdBytes = max(n, leastHoldBytes) }

// Seek forgets what was read and not applied: it is read again, from the
// positions on. Backfills and inputs are given their patience anew.
func (l *Lane) Seek(now time.Time) {
	for i := range l.queues {
		l.queues[i].reset(&l.inputs[i], now, l.giveBack)
	}
	l.heardOf, l.lastApplied = now, now
}

// Begin is Seek for a lane whose askings of log ends are counted from the first:
// those of another session's counting are all earlier.
func (l *Lane) Begin(now time.Time) {
	l.Seek(now)
	l.clock.fromAsking, l.committed.clock.fromAsking = 0, 0
}

// Take puts records of an input in, in the order of their offsets; those that
// were read before are passed over. The lane owns them from here on, and recycles
// them. It returns how many were taken and the memory they take in bytes.
func (l *Lane) Take(input int, records []*kgo.Record, now time.Time) (taken int, bytes int64) {
	q := &l.queues[input]
	for _, r := range records {
		if r.Offset < q.next {
			r.Recycle()
			continue
		}
		q.push(r, nil, now)
		bytes += RecordBytes(r)
		taken++
	}
	return taken, bytes
}

// TakeSkip puts in that a batch of records cannot be unpacked and is stepped
// over. It reports whether that was news.
func (l *Lane) TakeSkip(input int, skip *kgo.ErrDecompressTooLarge, now time.Time) bool {
	q := &l.queues[input]
	if skip.NextOffset <= q.next {
		return false
	}
	q.push(nil, skip, now)
	return true
}

// mostBatches bounds the batches that a lane makes in one step.
const mostBatches = 16

// Work makes batches of what has been read and applies them: one, but where
// several stretches of a backfill have been read, or where more has become due
// than one batch may bring. It ends early where the lane holds its share of what
// a commit may hold.
func (l *Lane) Work(in *Intake) error {
	l.clock.take(in.Asked, l.partition)
	l.clock.holdTo(max(in.Wall, l.shard.Position().Clock))
	for range mostBatches {
		more := l.gather(in)
		if !l.cut(in) {
			return nil
		}
		if err := l.apply(); err != nil {
			return fmt.Errorf("apply to shard %d: %w", l.partition, err)
		}
		if !more && !l.late() || l.HeldBytes() >= l.cfg.EffectBytes/int64(max(l.cfg.Partitions, 1)) {
			return nil
		}
	}
	return nil
}

// KeepWaiting lets go of the client's memory that what goes on waiting holds,
// where that is little beside what holds it, or memory is short. Then the batch
// at hand, which has been applied, forgets what its events pointed to, too: a
// fetched batch of which the client has dropped the rest unread is never given
// back, and is in use for as long as anything points to it.
func (l *Lane) KeepWaiting(short bool) {
	if short {
		l.batch.Shrink(l.decoded)
	}
	for i := range l.queues {
		l.copies = l.queues[i].keep(short, l.giveBack) > 0 || l.queues[i].kept > 0 || l.copies
	}
}

// HeldBytes returns about what the commit at hand holds of the lane: effects,
// rejects, and what undoes its changes.
func (l *Lane) HeldBytes() int64 {
	return l.effects.Bytes() + l.shard.Slab().JournalBytes() + l.rejectedBytes
}

// WaitingBytes returns what is read and waits to be applied, in memory.
func (l *Lane) WaitingBytes() (n int64) {
	for i := range l.queues {
		n += l.queues[i].bytes
	}
	return n
}

// Late reports whether the lane has left out what it could have applied, or its
// clock has stopped on its way: it goes on at once.
func (l *Lane) Late() bool { return l.more || l.late() }

// Pace calls pause with each input that is ahead where too much waits, and
// resume with each that may be read on.
func (l *Lane) Pace(now time.Time, pause, resume func(input int)) {
	waits := l.WaitingBytes()
	crowded, roomy := waits > l.holdBytes, waits < l.holdBytes/2
	for i := range l.queues {
		q := &l.queues[i]
		switch {
		case !q.paused && crowded && len(q.waiting()) > 0 && i != l.control && !l.needed(i):
			q.paused = true
			pause(i)
		case q.paused && (roomy || len(q.waiting()) == 0 || l.needed(i)):
			q.paused, q.movedAt = false, now
			resume(i)
		}
	}
}
