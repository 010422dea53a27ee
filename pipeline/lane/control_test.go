package lane_test

import (
	"testing"
	"time"

	"github.com/holdfast/holdfast/pipeline/checkpoint"
	"github.com/holdfast/holdfast/pipeline/control"
	"github.com/holdfast/holdfast/pipeline/event"
)

// say appends a control record.
func (d *driven) say(c control.Record) { d.append(controls, string(c.Encode()), 0, false) }

// readOn asks for the log ends, reads all that is there, and works.
func (d *driven) readOn() {
	d.ask()
	for i := range inputCount {
		d.read(i, 1<<20, 0)
	}
	d.work(1000)
}

// TestARecordThatIsNoControlRecordIsADeadLetter, also where events of the same
// batch are ahead and wait, and where nothing is applied because a clock is wrong.
func TestARecordThatIsNoControlRecordIsADeadLetter(t *testing.T) {
	cfg := drivenConfig(t)
	for name, meanwhile := range map[string]func(d *driven){
		"alone":       func(*driven) {},
		"with events": func(d *driven) { d.arrive(purchases, d.now, 1, "event") },
		"with events that wait": func(d *driven) {
			d.arrive(purchases, d.now, 1, "event")
			d.arrive(visits, d.now.Add(-time.Hour), 1, "event")
			d.ask()
			d.read(purchases, 1, 0) // ahead of visits, of which nothing has been read
		},
		"while the clock is ahead": func(d *driven) {
			d.arrive(visits, d.now, 1, "event")
			d.readOn()
			d.now = d.now.Add(-2 * time.Hour)
		},
	} {
		d := newDriven(t, cfg)
		meanwhile(d)
		d.append(controls, `{"event_type":"visit"}`, 0, true)
		d.ask()
		d.read(controls, 1, 0)
		d.work(1000)
		if at, _ := d.lane.Position(controls); at != 1 {
			t.Errorf("%s: the control records are at %d, want 1", name, at)
		}
		d.commit(false, true) // which holds the dead letters against the logs
	}
}

// TestNothingIsAppliedWhileTheClockIsAhead of the wall time, until a control
// record sets it back.
func TestNothingIsAppliedWhileTheClockIsAhead(t *testing.T) {
	d := newDriven(t, drivenConfig(t))
	d.arrive(complaints, d.now, 1, "event")
	d.readOn()
	d.commit(false, true)
	right := d.now
	d.now = d.now.Add(40 * 24 * time.Hour) // a clock that runs ahead
	d.readOn()
	d.commit(false, true)
	ahead := d.lane.Shard().Position()
	d.now = right.Add(time.Minute)
	d.arrive(visits, d.now, 1, "event")
	d.readOn()
	if got := d.lane.Shard().Position(); got != ahead || d.lane.Late() {
		t.Errorf("the shard stands at %+v while its clock is ahead, before at %+v; late is %v", got, ahead, d.lane.Late())
	}
	if at, _ := d.lane.Position(visits); at != 0 {
		t.Errorf("visits are applied up to %d", at)
	}
	d.say(control.Record{Kind: control.ClockRepair})
	d.readOn()
	if at := d.lane.ClockReading(); at > wallOf(d.now) || at != wallOf(d.now)-event.Hour {
		t.Errorf("the clock reads %d after it is set back at %d", at, wallOf(d.now))
	}
	d.readOn()
	if at, _ := d.lane.Position(visits); at != 1 {
		t.Errorf("visits are applied up to %d, want 1", at)
	}
	if e := d.lastEntry(t); e.Actions != checkpoint.RepairClock {
		t.Errorf("the batch of the repair does %d", e.Actions)
	}
}

// TestAClockThatIsAheadGoesNoFurther: what has become due by a clock that ran
// ahead comes in pieces, and no more of it once the wall time says otherwise.
func TestAClockThatIsAheadGoesNoFurther(t *testing.T) {
	cfg := drivenConfig(t)
	cfg.MostDue = 1
	d := newDriven(t, cfg)
	for n := range 60 {
		d.arrive(purchases, d.now.Add(time.Duration(n-61)*3*time.Hour), n, "event")
	}
	d.readOn()
	d.commit(false, true)
	right := d.now
	d.now = d.now.Add(300 * 24 * time.Hour)
	d.readOn()
	if !d.lane.Late() {
		t.Fatal("all that is due has come at once")
	}
	d.commit(false, true)
	ahead := d.lane.Shard().Position()
	d.now = right.Add(time.Minute)
	d.readOn()
	if got := d.lane.Shard().Position(); got != ahead || d.lane.Late() {
		t.Errorf("the clock goes from %d to %d, beyond the wall time of %d; late is %v", ahead.Clock, got.Clock,
			wallOf(d.now), d.lane.Late())
	}
	d.now = right.Add(400 * 24 * time.Hour)
	for range 60 {
		d.readOn()
		d.commit(false, true)
	}
	if d.lane.Late() || d.lane.Shard().Position().Clock != wallOf(d.now)-event.Hour {
		t.Errorf("the clock reads %d once the wall time has come to %d", d.lane.Shard().Position().Clock, wallOf(d.now))
	}
}

// lastEntry keeps a commit and returns its last entry.
func (d *driven) lastEntry(t *testing.T) checkpoint.Entry {
	t.Helper()
	d.commit(false, true)
	if len(d.entries) == 0 {
		t.Fatal("no batch is committed")
	}
	return d.entries[len(d.entries)-1]
}
