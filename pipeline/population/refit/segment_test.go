package refit

import (
	"reflect"
	"testing"

	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/population/parameters"
	"github.com/holdfast/holdfast/pipeline/score"
	"github.com/holdfast/holdfast/pipeline/score/btyd"
	"github.com/holdfast/holdfast/pipeline/shard"
)

// traders are customers of the second segment who buy a quarter as often as those of
// lives, for ten times as much.
func traders(n int, until event.Day) []shard.History {
	all := livesAt(2, n, until, 4)
	for i := range all {
		all[i].Segment, all[i].RepeatNet = 1, 10*all[i].RepeatNet
	}
	return all
}

func splitBaseOf(histories []shard.History, until event.Day, names ...string) *Base {
	b := NewBase(until - horizon + 1).Split(names)
	for i := range histories {
		b.Add(&histories[i])
	}
	return b
}

// TestSegmentsHaveModelsOfTheirOwn: customers of two rhythms are each explained by a
// model fitted to them, and that of all is what it is without segments.
func TestSegmentsHaveModelsOfTheirOwn(t *testing.T) {
	const until = 600
	slow := traders(1500, until)
	histories := append(lives(1, 3000, until), slow...)
	b := splitBaseOf(histories, until, "retail", "trade")
	d := decide(t, b, until, nil)
	if !d.Accepted || len(d.Record.Segments) != 2 || d.Record.Segments[0].Segment != "retail" {
		t.Fatalf("decided %+v", d)
	}
	together := decide(t, baseOf(histories, until), until, nil)
	if together.Record.Purchase != d.Record.Purchase || together.Record.Version == d.Record.Version {
		t.Errorf("all together %+v, beside segments %+v", together.Record, d.Record)
	}
	trade := d.Record.Segments[1]
	if trade.Customers != 1500 || trade.Spend == nil {
		t.Errorf("trade %+v", trade)
	}
	own, all := btyd.MBG{MBGNBD: trade.Purchase, K: trade.K}, timing(&d.Record)
	points := splitBaseOf(histories, until, "retail", "trade").segments[1].purchase.Points(until)
	alone := decide(t, baseOf(slow, until), until, nil)
	best := likelihood(timing(&alone.Record), points)
	if lost := best - likelihood(own, points); lost > 1 {
		t.Errorf("%.2f of log-likelihood are lost against a base of the segment alone", lost)
	}
	if gain := likelihood(own, points) - likelihood(all, points); gain < 100 {
		t.Errorf("a gain of %.2f only by rhythms that differ by four", gain)
	}
	rate := func(m *score.SegmentModel) float64 { return m.Purchase.R / m.Purchase.Alpha }
	if rate(&trade) > rate(&d.Record.Segments[0])/2 {
		t.Errorf("trade buys as often as retail: %+v", d.Record.Segments)
	}
	if again := decide(t, b, until, &d.Record); again.Accepted {
		t.Errorf("the same base again: %+v", again)
	}
	text, err := d.Record.Append(nil)
	if err != nil {
		t.Fatal(err)
	}
	read, err := parameters.Parse(text)
	if err != nil || !reflect.DeepEqual(read, d.Record) {
		t.Errorf("read %+v, %v, want %+v", read, err, d.Record)
	}
	configured := score.DefaultParameters()
	p, err := read.Parameters(&configured)
	if err != nil || p.OfSegment("trade").Purchase != trade.Purchase || p.OfSegment("nobody") != p ||
		p.OfSegment("trade").Version != d.Record.Version || score.VersionOf(p) != d.Record.Version {
		t.Errorf("parameters %+v, %v", p, err)
	}
}

// TestSegmentsWithoutADifferenceHaveNone: where a segment is no other than all, or too
// small, the model of all customers is its own.
func TestSegmentsWithoutADifferenceHaveNone(t *testing.T) {
	const until = 600
	same := lives(1, 3000, until)
	for i := range same {
		same[i].Segment = uint8(i % 3)
	}
	if d := decide(t, splitBaseOf(same, until, "a", "b", "c"), until, nil); len(d.Record.Segments) > 0 {
		t.Errorf("segments by chance: %+v", d.Record.Segments)
	}
	few := append(lives(1, 3000, until), traders(MinSegmentCustomers-1, until)...)
	d := decide(t, splitBaseOf(few, until, "retail", "trade"), until, nil)
	for _, m := range d.Record.Segments {
		if m.Segment == "trade" {
			t.Errorf("a model for %d customers: %+v", MinSegmentCustomers-1, m)
		}
	}
	if d := decide(t, splitBaseOf(few, until, "all"), until, nil); len(d.Record.Segments) > 0 {
		t.Errorf("one segment is all customers: %+v", d.Record.Segments)
	}
}

// TestNewSegmentsComeIntoForceByWhatTheyExplain: what all customers are judged by
// stays, and a segment that differs is reason enough for a new version.
func TestNewSegmentsComeIntoForceByWhatTheyExplain(t *testing.T) {
	const until = 600
	histories := append(lives(1, 3000, until), traders(1500, until)...)
	before := decide(t, baseOf(histories, until), until, nil)
	d := decide(t, splitBaseOf(histories, until, "retail", "trade"), until, &before.Record)
	if !d.Accepted || len(d.Record.Segments) != 2 {
		t.Errorf("decided %+v", d)
	}
}
