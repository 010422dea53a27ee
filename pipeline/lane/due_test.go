package lane_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/holdfast/holdfast/pipeline/control"
	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/lane"
	"github.com/holdfast/holdfast/pipeline/signal"
)

// TestWhenACommitIsDue: for what was applied, rows that have waited, a clock that
// has come on, and once for a rest; then for nothing.
func TestWhenACommitIsDue(t *testing.T) {
	d := newDriven(t, drivenConfig(t))
	due := func(when string, want, stopping bool) {
		t.Helper()
		if got := d.lane.CommitDue(d.now, stopping); got != want {
			t.Errorf("%s: a commit is due: %v, want %v", when, got, want)
		}
	}
	due("at the beginning", false, true)
	d.arrive(purchases, d.now.Add(-time.Hour), 1, "event")
	d.ask()
	d.arrive(visits, d.now, 1, "event")
	d.read(purchases, 1, 0)
	due("when it is only read", false, false)
	d.work(1000)
	due("when it is applied", true, false)
	d.commit(false, true)
	if d.lane.GroupMark().RowsComplete != 1 {
		t.Errorf("the first rows are not written at once: %s", d.lane.GroupMark())
	}
	due("when all is said", false, false)
	d.readOn()
	d.commit(false, true)
	if m := d.lane.GroupMark(); m.ClockLags || m.RowsComplete == m.Batch {
		t.Errorf("rows that have not waited are written: %s", m)
	}
	due("while rows may wait", false, false)
	due("while rows may wait, and a stop is asked for", true, true)
	d.now = d.now.Add(time.Second)
	due("when rows have waited", true, false)
	d.commit(false, true)
	due("when they are written", false, true)
	d.now = d.now.Add(2 * time.Second)
	due("after a rest", true, false)
	d.commit(false, true)
	due("when the rest is written", false, false)
	d.now = d.now.Add(time.Hour)
	due("an hour later", false, true)
	if d.lane.Unfinished() {
		t.Error("a lane that rests is not finished")
	}
}

// TestAClockThatHasComeOnIsTold: who waits for it hears of it without an event.
func TestAClockThatHasComeOnIsTold(t *testing.T) {
	d := newDriven(t, drivenConfig(t))
	d.arrive(purchases, d.now.Add(-time.Hour), 1, "event")
	d.ask()
	d.read(purchases, 1, 0)
	d.arrive(visits, d.now, 1, "marker") // behind the end that was asked for
	d.work(1000)
	d.say(control.Record{Kind: control.BackfillOpened, Session: "b"})
	d.readOn()
	d.commit(false, true)
	if m := d.lane.GroupMark(); !m.ClockLags || m.Sessions != 1 {
		t.Fatalf("within a backfill the mark is %s", m)
	}
	d.say(control.Record{Kind: control.BackfillClosed, Session: "b"})
	d.readOn()
	d.commit(false, true)
	if m := d.lane.GroupMark(); !m.ClockLags || m.Sessions != 0 || d.lane.CommitDue(d.now, false) {
		t.Fatalf("before the ends are asked for anew the mark is %s", m)
	}
	for range 2 {
		d.readOn()
	}
	if !d.lane.CommitDue(d.now, false) {
		t.Error("the clock has come on, and nobody hears of it")
	}
	d.commit(false, true)
	if m := d.lane.GroupMark(); m.ClockLags || d.lane.CommitDue(d.now, false) {
		t.Errorf("the clock has come on, and the mark is %s", m)
	}
}

// TestPiecesComeToTheSame: what has become due is brought in pieces, and events
// that came meanwhile wait for their place among them.
func TestPiecesComeToTheSame(t *testing.T) {
	var want string
	for _, most := range []int{1 << 20, 1, 3} {
		cfg := drivenConfig(t)
		cfg.MostDue = most
		d := newDriven(t, cfg)
		for n := range 40 {
			d.arrive(purchases, d.now.Add(time.Duration(n-41)*5*time.Hour), n%25, "event")
		}
		d.readOn()
		d.now = d.now.Add(200 * 24 * time.Hour)
		for n := range 30 { // by all that is due in their customers' silence
			d.arrive(visits, d.now.Add(time.Duration(n-300)*12*time.Hour), n, "event")
		}
		d.readOn()
		batches := 0
		for ; d.lane.Late() && batches < 1000; batches++ {
			d.readOn()
		}
		if got := stateOf(d.lane); want == "" {
			want = got
		} else if got != want || batches == 0 {
			t.Errorf("at most %d due in a batch, after %d more steps, the state is another one: %v", most, batches, got != want)
		}
	}
}

// TestStretchesComeOneByOne: two that are read at once are two batches, and what
// is said of an earlier moment takes nothing back.
func TestStretchesComeOneByOne(t *testing.T) {
	d := newDriven(t, drivenConfig(t))
	topics := []string{"purchases"}
	d.say(control.Record{Kind: control.BackfillOpened, Session: "b", Topics: topics, Offsets: []int64{0}})
	first, second := d.now.Add(-80*24*time.Hour), d.now.Add(-60*24*time.Hour)
	for n, through := range []time.Time{first, second, first} {
		d.arrive(purchases, through.Add(-time.Hour), n, "event")
		d.say(control.Record{Kind: control.BackfillReached, Session: "b", Topics: topics, Offsets: []int64{int64(n + 1)},
			Through: through.UnixMicro()})
	}
	d.readOn()
	d.commit(false, true)
	var silences []int64
	for _, e := range d.entries {
		silences = append(silences, e.Silence)
	}
	if want := []int64{first.Add(-time.Hour).UnixMicro(), second.Add(-time.Hour).UnixMicro(),
		second.Add(-time.Hour).UnixMicro()}; !slices.Equal(silences, want) {
		t.Errorf("silence counts up to %v in the batches, want %v", silences, want)
	}
	if s := d.lane.Sessions()[0]; s.Through != second.UnixMicro() || s.Offsets[0] != 3 {
		t.Errorf("the session is at %+v", s)
	}
}

// TestWhoIsAheadIsPaused where too much waits: never what is waited for.
func TestWhoIsAheadIsPaused(t *testing.T) {
	d := newDriven(t, drivenConfig(t))
	large := strings.Repeat(" ", 300<<10)
	for n := range 5 {
		d.arrive(purchases, d.now.Add(time.Duration(n-10)*time.Minute), 1, "event")
		r := d.logs[purchases][n].record
		r.Value = append(r.Value, large...)
	}
	d.arrive(visits, d.now.Add(-time.Hour), 1, "event")
	d.say(control.Record{Kind: control.BackfillOpened, Session: "b"})
	d.ask()
	d.read(purchases, 5, 0)
	d.read(controls, 1, 0)
	d.work(1000)
	paced := func(when, want string) {
		t.Helper()
		var got []string
		note := func(what string) func(int) {
			return func(input int) { got = append(got, fmt.Sprintf("%s %d", what, input)) }
		}
		if d.lane.Pace(d.now, note("pause"), note("resume")); strings.Join(got, ", ") != want {
			t.Errorf("%s: %q, want %q (%d bytes wait)", when, got, want, d.lane.WaitingBytes())
		}
	}
	d.lane.SetHoldBytes(1) // there is a least
	paced("when too much waits", "pause 0")
	paced("once more", "")
	d.read(visits, 1, 0)
	d.work(1000)
	paced("when it is applied", "resume 0")
	paced("and once more", "")
}

// TestAMarkComesBack as it was committed; what others have written is none.
func TestAMarkComesBack(t *testing.T) {
	for _, want := range []lane.Mark{{}, {Batch: 7, RowsComplete: 3, Sessions: 2, ClockLags: true, Incarnation: "a1"},
		{Batch: 1<<64 - 1, Incarnation: "b"}} {
		got, ok := lane.ParseMark(want.String())
		if ok != (want.Incarnation != "") || ok && got != want {
			t.Errorf("%s comes back as %+v, %v", want, got, ok)
		}
	}
	for _, text := range []string{"", "hf1 b=1 r=1 o=0 l=0 i=x", "hf2", "hf2 b=1 r=1 o=0 i=x",
		"hf2 b=-1 r=1 o=0 l=0 i=x", "b=1"} {
		if m, ok := lane.ParseMark(text); ok {
			t.Errorf("%q is read as %+v", text, m)
		}
	}
}

// TestACommitThatIsNotTakenToItsEnd says nothing further: a client that fails
// stops asking.
func TestACommitThatIsNotTakenToItsEnd(t *testing.T) {
	d := newDriven(t, drivenConfig(t))
	d.arrive(purchases, d.now.Add(-event30Days), 1, "event")
	d.arrive(complaints, d.now.Add(-event30Days), 1, "event")
	d.arrive(visits, d.now, 1, "bad")
	for n, all := 0, 1; n < all; n++ {
		d.readOn()
		c, err := d.lane.Prepare(&lane.Around{Moment: d.moment(), Flush: true, Stopping: true, OutboxPartitions: 1})
		if err != nil {
			t.Fatal(err)
		}
		taken := 0
		for range c.Records() {
			if taken++; taken > n {
				break
			}
		}
		if taken != n+1 && n > 0 || c.Batches == 0 {
			t.Fatalf("%d records of a commit, want %d", taken, n+1)
		}
		if n == 0 {
			for i := range c.Alerts {
				if c.Alerts[i].Suppressed == signal.NotSuppressed {
					all++
				}
			}
			all += len(c.Rejected) - 1 + c.Batches + c.Pages + 3
		}
		d.undo()
		if n+1 < all {
			d.readOn()
		}
	}
}

const event30Days = time.Duration(30*event.Day24h/event.Second) * time.Second
