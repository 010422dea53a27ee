package lane_test

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/holdfast/holdfast/pipeline/checkpoint"
	"github.com/holdfast/holdfast/pipeline/control"
	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/lane"
)

// slack is by how much an input may be ahead of the one that is furthest behind.
const slack = 10 * event.Second

// TestInputsAreAppliedMergedHoweverTheyAreRead: whatever is read when, no event
// is applied after one that is later by more than the slack, and none waits that
// need not.
func TestInputsAreAppliedMergedHoweverTheyAreRead(t *testing.T) {
	cfg := drivenConfig(t)
	rapid.Check(t, func(t *rapid.T) {
		d := newDriven(t, cfg)
		for input := purchases; input <= complaints; input++ {
			at := d.now.Add(-time.Duration(rapid.IntRange(5, 100).Draw(t, "hours")) * time.Hour)
			for range rapid.IntRange(0, 25).Draw(t, "events") {
				at = at.Add(time.Duration(rapid.SampledFrom([]int{0, 1, 4, 20, 600}).Draw(t, "seconds")) * time.Second)
				d.arrive(input, at, rapid.IntRange(1, 3).Draw(t, "customer"), "event")
			}
		}
		d.ask()
		latest := event.Instant(0) // of what is applied
		for !d.allRead() {
			for range rapid.IntRange(1, 3).Draw(t, "reads") {
				d.read(rapid.IntRange(0, inputCount-1).Draw(t, "input"), rapid.IntRange(1, 30).Draw(t, "poll"), 0)
			}
			before := d.positions()
			most := rapid.SampledFrom([]int{2, 1000}).Draw(t, "most")
			d.work(most)
			least, largest := latest, latest
			for i, at := range d.positions() {
				for _, item := range d.logs[i][before[i]:at] {
					least, largest = min(least, item.at), max(largest, item.at)
				}
			}
			if least < latest-slack {
				t.Fatalf("an event of %d is applied after one of %d", least, latest)
			}
			if latest = largest; most == 1000 {
				d.noneWaitsInVain()
			}
		}
		for range 50 { // a batch holds two events at least
			d.work(2)
		}
		if d.lane.WaitingBytes() != 0 || d.lane.Late() {
			t.Fatalf("%d bytes wait after all is read", d.lane.WaitingBytes())
		}
	})
}

func (d *driven) allRead() bool {
	for i := range d.logs {
		if d.lane.NextToRead(i) < int64(len(d.logs[i])) {
			return false
		}
	}
	return true
}

// noneWaitsInVain wants every event that waits to be ahead of an input that is behind.
func (d *driven) noneWaitsInVain() {
	behind := event.Instant(1) << 62
	for i := range controls {
		if next := d.lane.NextToRead(i); next < int64(len(d.logs[i])) {
			latest := event.Instant(0)
			if next > 0 {
				latest = d.logs[i][next-1].at // the log is in the order of its times
			}
			behind = min(behind, latest)
		}
	}
	for i, at := range d.positions() {
		if at < d.lane.NextToRead(i) && d.logs[i][at].at <= behind+slack {
			d.t.Fatalf("an event of %d waits, and the inputs are read up to %d", d.logs[i][at].at, behind)
		}
	}
}

// TestAnInputThatBringsNothingHoldsTheOthersForAWhile, and the clock for good.
func TestAnInputThatBringsNothingHoldsTheOthersForAWhile(t *testing.T) {
	d := newDriven(t, drivenConfig(t))
	d.arrive(purchases, d.now, 1, "event")
	d.arrive(visits, d.now.Add(-time.Hour), 1, "event")
	d.ask()
	d.read(purchases, 1, 0)
	for seconds, want := range []int64{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1} {
		d.work(1000)
		if at, _ := d.lane.Position(purchases); at != want {
			t.Errorf("after %d seconds %d events are applied, want %d", seconds, at, want)
		}
		d.now = d.now.Add(time.Second)
	}
	if d.lane.CaughtUp() || d.lane.Shard().Position().Clock > 0 {
		t.Errorf("the clock reads %d, and visits are not read", d.lane.Shard().Position().Clock)
	}
}

// TestABackfillIsAppliedAStretchAtATime: what its session says lies below its
// offsets comes in one batch, when all of it is read, and silence follows it.
func TestABackfillIsAppliedAStretchAtATime(t *testing.T) {
	d := newDriven(t, drivenConfig(t))
	topics := []string{"purchases", "visits"}
	d.say(control.Record{Kind: control.BackfillOpened, Session: "b", Topics: topics, Offsets: []int64{0, 0}})
	through := d.now.Add(-50 * 24 * time.Hour)
	for n := range 5 {
		d.arrive(purchases, through.Add(time.Duration(n-5)*time.Hour), n, "event")
		d.arrive(visits, through.Add(time.Duration(n-5)*time.Hour), n, "event")
	}
	d.say(control.Record{Kind: control.BackfillReached, Session: "b", Topics: topics, Offsets: []int64{5, 5},
		Through: through.UnixMicro(), Events: 12, Sent: 10})
	d.arrive(purchases, d.now, 1, "event") // a live one
	d.ask()
	d.read(controls, 2, 0)
	d.read(visits, 5, 0)
	d.read(purchases, 4, 0)
	d.work(1000)
	want := func(when string, positions []int64, clock event.Instant, open int) {
		t.Helper()
		if got := d.positions(); !slices.Equal(got, positions) || len(d.lane.Sessions()) != open {
			t.Errorf("%s: %v is applied and %d sessions are open, want %v and %d", when, got, len(d.lane.Sessions()), positions,
				open)
		}
		if got := d.lane.Shard().Position().Clock; max(got, 0) != clock {
			t.Errorf("%s: the clock reads %d, want %d", when, got, clock)
		}
	}
	want("before the stretch is read", []int64{0, 0, 0, 1}, 0, 1)
	d.read(purchases, 2, 0)
	d.work(1000)
	want("when it is read", []int64{5, 5, 0, 2}, wallOf(through)-event.Hour, 1)
	if e := d.lastEntry(t); e.Silence != int64(wallOf(through)-event.Hour) ||
		e.Sessions[0].Through != through.UnixMicro() {
		t.Errorf("silence counts up to %d, want an hour before %d", e.Silence, through.UnixMicro())
	}
	if sent := d.lane.Sent(); len(sent) != 1 || sent[0] != (lane.Sent{Session: "b", Sent: 10, Events: 12}) {
		t.Errorf("the backfill says it is at %+v", sent)
	}
	d.say(control.Record{Kind: control.BackfillClosed, Session: "b", Topics: topics, Offsets: []int64{6, 5}})
	d.readOn()
	want("when it is closed", []int64{6, 5, 0, 3}, d.heldBack(t), 0)
	for range 2 {
		d.readOn()
	}
	want("once all is read that was there then", []int64{6, 5, 0, 3}, wallOf(d.now)-event.Hour, 0)
}

// heldBack is the clock's reading, which askings of before a session's end must
// not have moved to the present.
func (d *driven) heldBack(t *testing.T) event.Instant {
	t.Helper()
	clock := d.lane.Shard().Position().Clock
	if clock >= wallOf(d.now)-event.Hour && d.lane.CaughtUp() {
		t.Errorf("the clock reads %d by what was asked before the end of the backfill", clock)
	}
	return clock
}

// TestABackfillThatIsGivenUp ends after its time without a sign of life, not before.
func TestABackfillThatIsGivenUp(t *testing.T) {
	cfg := drivenConfig(t)
	for _, c := range []struct {
		silent time.Duration
		open   int
	}{{cfg.BackfillMaxOpen - time.Second, 1}, {cfg.BackfillMaxOpen, 1}, {cfg.BackfillMaxOpen + time.Second, 0}} {
		d := newDriven(t, cfg)
		d.say(control.Record{Kind: control.BackfillOpened, Session: "b", Topics: []string{"purchases"}})
		d.readOn()
		d.now = d.now.Add(c.silent)
		d.readOn()
		if got := len(d.lane.Sessions()); got != c.open {
			t.Errorf("%d sessions are open after %s of silence, want %d", got, c.silent, c.open)
		}
		for range 2 {
			d.readOn()
		}
		if d.lane.CaughtUp() != (c.open == 0) {
			t.Errorf("after %s of silence the clock has caught up: %v", c.silent, d.lane.CaughtUp())
		}
	}
}

// TestRowsThatAreAskedForAgainAreWritten: of every customer, and the model's.
func TestRowsThatAreAskedForAgainAreWritten(t *testing.T) {
	d := newDriven(t, drivenConfig(t))
	for n := range 7 {
		d.arrive(purchases, d.now.Add(-time.Hour), n, "event")
	}
	d.readOn()
	d.commit(true, true)
	before := d.lane.Shard().Position().NextSeq
	d.commit(true, true)
	if got := d.lane.Shard().Position().NextSeq; got != before {
		t.Errorf("%d rows are written of nothing", got-before)
	}
	d.say(control.Record{Kind: control.RowsResend})
	d.readOn()
	if e := d.peekEntry(t); e.Actions != checkpoint.ResendRows {
		t.Errorf("the batch does %d", e.Actions)
	}
	d.readOn() // the next batch asks for nothing
	d.commit(true, true)
	if got := d.lane.Shard().Position().NextSeq; got != before+7+1 {
		t.Errorf("%d rows are written again, want 7 and the model", got-before)
	}
}

// TestOtherParametersMakeRowsAnew: rows hold scores, and of customers who are not judged
// soon they would be those of the version before.
func TestOtherParametersMakeRowsAnew(t *testing.T) {
	cfg := *drivenConfig(t)
	d := newDriven(t, &cfg)
	for n := range 7 {
		d.arrive(purchases, d.now.Add(-time.Hour), n, "event")
	}
	d.readOn()
	d.commit(true, true)
	before := d.lane.Shard().Position().NextSeq
	other := *cfg.Shard.Parameters
	other.Version = "other"
	cfg.Shard.Parameters = &other
	d.readOn()
	if e := d.peekEntry(t); e.Actions != checkpoint.ResendRows || e.ParamVersion != "other" {
		t.Errorf("the batch does %d, judged by %q", e.Actions, e.ParamVersion)
	}
	d.commit(true, true)
	if got := d.lane.Shard().Position().NextSeq; got != before+7+1 {
		t.Errorf("%d rows are written anew, want 7 and the model", got-before)
	}
	d.readOn()
	d.commit(true, true)
	if got := d.lane.Shard().Position().NextSeq; got != before+7+1 {
		t.Errorf("%d rows are written once more", got-before-8)
	}
}

// peekEntry is the last entry of a commit that is taken back and made again.
func (d *driven) peekEntry(t *testing.T) checkpoint.Entry {
	t.Helper()
	c, err := d.lane.Prepare(&lane.Around{Moment: d.moment(), OutboxPartitions: 1})
	if err != nil {
		t.Fatal(err)
	}
	var last checkpoint.Entry
	for r := range c.Records() {
		if r.Topic == "batch-log" {
			if last, err = checkpoint.DecodeEntry(r.Value); err != nil {
				t.Fatal(err)
			}
		}
	}
	d.undo()
	d.readOn()
	return last
}
