package txn

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/holdfast/holdfast/pipeline/checkpoint"
	"github.com/holdfast/holdfast/pipeline/shard"
)

// TestWhereAMoveLeads from offset 50 of a log that holds 20 to 90.
func TestWhereAMoveLeads(t *testing.T) {
	r := checkpoint.Range{Start: 20, End: 90}
	for _, c := range []struct {
		to    int64
		back  bool
		at    int64
		want  int64
		words string
	}{
		{50, false, 50, 50, ""}, {51, false, 50, 51, ""}, {90, false, 50, 90, ""},
		{91, false, 50, 0, "the log holds offsets 20 to 90, and 91 is asked for"},
		{49, false, 50, 0, "it stands at 50, and 49 lies before it: rewind moves there"},
		{50, true, 50, 50, ""}, {49, true, 50, 49, ""}, {20, true, 50, 20, ""},
		{19, true, 50, 0, "the log holds offsets 20 to 90, and 19 is asked for"},
		{51, true, 50, 0, "it stands at 50, and 51 lies after it: skip moves there"},
		{MoveToEnd, false, 50, 90, ""}, {MoveToEnd, true, 50, 0, "skip moves there"},
		{MoveToStart, true, 50, 20, ""}, {MoveToStart, false, 50, 50, ""},
		{MoveToStart, false, 7, 20, ""}, {MoveToStart, true, 7, 0, "it stands at 7, and 20 lies after it"},
	} {
		got, err := Move{To: c.to, Back: c.back}.target(c.at, r)
		if got != c.want || (err != nil) != (c.words != "") ||
			err != nil && (!errors.Is(err, errMove) || !strings.Contains(err.Error(), c.words)) {
			t.Errorf("from %d to %d, back %v: %d, %v, want %d %s", c.at, c.to, c.back, got, err, c.want, c.words)
		}
	}
}

// TestForgotten counts what was counted once, is gone, and is in no page yet.
func TestForgotten(t *testing.T) {
	entry := func(batch, oldest uint64, from, to, lost int64) checkpoint.Entry {
		return checkpoint.Entry{Batch: batch, OldestNeeded: oldest,
			Inputs: []checkpoint.InputRange{{From: from, To: to, LostBelow: lost}}}
	}
	// Batches 1 to 3 took offsets 0–9, 10–19 and 20–29; batch 2 is the oldest needed.
	log := func(lost int64) []checkpoint.Entry {
		return []checkpoint.Entry{entry(1, 1, 0, 10, 0), entry(2, 2, 10, 20, 0), entry(3, 2, 20, 30, lost)}
	}
	for _, c := range []struct {
		what        string
		start, lost int64
		want        int64
	}{
		{"all there", 0, 0, 0}, {"what pages have", 10, 0, 0}, {"one of a batch", 11, 0, 1}, {"two batches", 25, 0, 15},
		{"all and more", 99, 0, 20}, {"given up before", 25, 25, 0}, {"some of it given up before", 25, 12, 13},
	} {
		if got := forgotten(log(c.lost), 0, c.start); got != c.want {
			t.Errorf("%s: %d, want %d", c.what, got, c.want)
		}
	}
	if got := forgotten(log(0), 1, 99); got != 0 {
		t.Errorf("an input that is new has forgotten %d", got)
	}
}

func counted(skipped uint64) []uint64 {
	c := shard.Counters{Read: 30, Skipped: skipped}
	return c.Values()
}

// TestTheBatchOfAMove follows the last one, changes nothing, and stands elsewhere.
func TestTheBatchOfAMove(t *testing.T) {
	last := checkpoint.Entry{Batch: 8, Clock: 100, OldestNeeded: 9, RowsComplete: 8, NextSeq: 5,
		Actions:  checkpoint.RepairClock,
		Sessions: []checkpoint.Session{{ID: "b"}}, Counters: counted(2),
		Inputs: []checkpoint.InputRange{{Topic: "a", From: 10, To: 20, Latest: 7, LostBelow: 15},
			{Topic: "b", From: 1, To: 3}}}
	inputs := func(from, to, lost int64) []checkpoint.InputRange {
		return []checkpoint.InputRange{{Topic: "a", From: from, To: to, Latest: 7, LostBelow: lost},
			{Topic: "b", From: 3, To: 3}}
	}
	for _, c := range []struct {
		name    string
		moved   Moved
		start   int64
		change  func(last, want *checkpoint.Entry)
		skipped uint64
		inputs  []checkpoint.InputRange
	}{
		{"ahead", Moved{From: 20, To: 26, Skipped: 6}, 0, nil, 8, inputs(26, 26, 15)},
		{"back, behind what was given up", Moved{From: 20, To: 17}, 0, nil, 2, inputs(17, 17, 15)},
		{"back into what was given up", Moved{From: 20, To: 12}, 0, nil, 2, inputs(12, 12, 12)},
		{"back to the very beginning", Moved{From: 20, To: 0}, 0, nil, 2, inputs(0, 0, 1)},
		{"over what is forgotten", Moved{From: 20, To: 25, Skipped: 5, Forgotten: 4}, 25, nil, 11, inputs(25, 25, 25)},
		{"with pages to be written", Moved{From: 20, To: 26, Skipped: 6}, 0, func(last, want *checkpoint.Entry) {
			last.OldestNeeded, want.OldestNeeded = 6, 6
		}, 8, inputs(26, 26, 15)},
		{"with rows to be written", Moved{From: 20, To: 26, Skipped: 6}, 0, func(last, want *checkpoint.Entry) {
			last.RowsComplete, want.RowsComplete = 7, 7
		}, 8, inputs(26, 26, 15)},
	} {
		from, want := last, last
		want.Batch, want.OldestNeeded, want.RowsComplete, want.Actions, want.Inputs = 9, 10, 9, 0, c.inputs
		if c.change != nil {
			c.change(&from, &want)
		}
		want.Counters = counted(c.skipped)
		got := moveEntry(&from, 0, c.moved, c.start)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
	if last.Inputs[0].To != 20 || last.Counters[0] != 30 {
		t.Error("the last batch itself was changed")
	}
}
