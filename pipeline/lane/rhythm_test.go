package lane_test

import (
	"testing"
	"time"

	"github.com/holdfast/holdfast/pipeline/checkpoint"
	"github.com/holdfast/holdfast/pipeline/event"
)

// newShop is a lane that has seen purchases each five hours and visits each three
// for thirty days, and looks for inputs that break off.
func newShop(t *testing.T) *driven {
	cfg := drivenConfig(t)
	cfg.QuietAfter = 12 * event.Hour
	d := newDriven(t, cfg)
	for range 30 * 24 {
		d.hour(5, 3)
	}
	return d
}

// hour lets an hour pass: an event of each input comes each so many hours, 0 for
// none, and is applied.
func (d *driven) hour(eachPurchase, eachVisit int) {
	d.now = d.now.Add(time.Hour)
	hours := int(d.now.Unix() / 3600)
	if eachPurchase > 0 && hours%eachPurchase == 0 {
		d.arrive(purchases, d.now.Add(-time.Minute), hours/eachPurchase%7, "event")
	}
	if eachVisit > 0 && hours%eachVisit == 0 {
		d.arrive(visits, d.now.Add(-time.Minute), hours/eachVisit%7, "event")
	}
	d.readOn()
	d.commit(false, true)
}

// TestPurchasesThatBreakOffHoldSilence: when purchases stop and visits go on, silence
// waits at the latest purchase, through a restart, until they come again; when
// everything stops it does not.
func TestPurchasesThatBreakOffHoldSilence(t *testing.T) {
	d := newShop(t)
	if d.lane.IsQuiet(purchases) || d.lane.Silence() != d.lane.ClockReading() {
		t.Fatal("purchases are quiet while they come")
	}
	latest := event.Instant(0)
	for _, item := range d.logs[purchases] {
		latest = max(latest, item.at)
	}
	for h := range 48 {
		d.hour(0, 3)
		if h == 30 {
			d.restart(nil)
			for range 3 { // the log ends must be asked for anew
				d.hour(0, 3)
			}
		}
	}
	last := d.lastEntry(t)
	if !d.lane.IsQuiet(purchases) || d.lane.IsQuiet(visits) || d.lane.Silence() != latest ||
		event.Instant(last.Silence) != latest || event.Instant(last.Clock) < latest+40*event.Hour {
		t.Errorf("purchases are quiet: %v; silence counts to %d, the last entry is %+v, the latest purchase %d",
			d.lane.IsQuiet(purchases), d.lane.Silence(), last, latest)
	}
	if last.Actions&checkpoint.HoldActivity != 0 {
		t.Error("visits are held while they come")
	}
	for range 6 {
		d.hour(5, 3)
	}
	if d.lane.IsQuiet(purchases) || d.lane.Silence() != d.lane.ClockReading() {
		t.Errorf("purchases come again, and silence counts to %d of %d", d.lane.Silence(), d.lane.ClockReading())
	}
	all := newShop(t)
	for range 48 {
		all.hour(0, 0)
	}
	if all.lane.IsQuiet(purchases) || all.lane.Silence() != all.lane.ClockReading() {
		t.Error("nothing comes on any input, and purchases alone are quiet")
	}
}

// TestAFeedThatIsGoneHoldsNotForEver: after 30 days silence counts again.
func TestAFeedThatIsGoneHoldsNotForEver(t *testing.T) {
	d := newShop(t)
	for range 31 * 24 {
		d.hour(0, 3)
	}
	if !d.lane.IsQuiet(purchases) || d.lane.Silence() != d.lane.ClockReading() {
		t.Errorf("quiet %v, silence counts to %d of %d", d.lane.IsQuiet(purchases), d.lane.Silence(), d.lane.ClockReading())
	}
}

// TestRareInputsAreNeverQuiet: complaints that come now and then, and inputs that
// have not come for long, have no rhythm to be held to.
func TestRareInputsAreNeverQuiet(t *testing.T) {
	cfg := drivenConfig(t)
	cfg.QuietAfter = 12 * event.Hour
	young := newDriven(t, cfg)
	for range 10 * 24 {
		young.hour(5, 3)
	}
	rare := newDriven(t, cfg)
	for range 40 * 24 {
		rare.hour(24*6, 3)
	}
	for name, d := range map[string]*driven{"ten days": young, "once in six days": rare} {
		for range 48 {
			d.hour(0, 3)
		}
		if d.lane.IsQuiet(purchases) || d.lane.Silence() != d.lane.ClockReading() {
			t.Errorf("%s: purchases are quiet", name)
		}
	}
}

// TestVisitsThatBreakOff: nothing follows from missing visits while none come, and
// for as long again when they come anew; silence counts on.
func TestVisitsThatBreakOff(t *testing.T) {
	d := newShop(t)
	held := func() bool { e := d.lastEntry(t); return e.Actions&checkpoint.HoldActivity != 0 }
	if held() {
		t.Fatal("visits are held while they come")
	}
	for range 48 {
		d.hour(5, 0)
	}
	if !d.lane.IsQuiet(visits) || !held() || d.lane.Silence() != d.lane.ClockReading() {
		t.Errorf("visits are quiet: %v, held: %v; silence counts to %d of %d", d.lane.IsQuiet(visits), held(),
			d.lane.Silence(), d.lane.ClockReading())
	}
	for range 40 {
		d.hour(5, 3)
	}
	if d.lane.IsQuiet(visits) || !held() {
		t.Errorf("40 h after the return of visits: quiet %v, held %v", d.lane.IsQuiet(visits), held())
	}
	d.restart(nil)
	for range 20 {
		d.hour(5, 3)
	}
	if held() {
		t.Error("60 h after an outage of 48 h visits are still held")
	}
}

// TestLatePurchasesCountAsInTime: an outage whose purchases come late raises as
// many alerts as none, and ends in the same customers.
func TestLatePurchasesCountAsInTime(t *testing.T) {
	steady, broken := newShop(t), newShop(t)
	var late []time.Time
	for range 48 {
		steady.hour(5, 3)
		broken.hour(0, 3)
		if broken.now.Unix()/3600%5 == 0 {
			late = append(late, broken.now.Add(-time.Minute))
		}
	}
	for _, at := range late {
		broken.arrive(purchases, at, int((at.Unix()+60)/3600/5%7), "event")
	}
	for range 24 * 100 {
		steady.hour(5, 3)
		broken.hour(5, 3)
	}
	a, b := steady.lane.Shard().Position().Counters, broken.lane.Shard().Position().Counters
	if a.AlertsRaised != b.AlertsRaised || a.Applied != b.Applied {
		t.Errorf("without an outage %+v, with one %+v", a, b)
	}
	if stateOf(steady.lane) != stateOf(broken.lane) {
		t.Error("the customers are others")
	}
}
