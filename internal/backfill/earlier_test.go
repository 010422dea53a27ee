package backfill

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/holdfast/holdfast/pipeline/control"
	"github.com/holdfast/holdfast/pipeline/event"
)

// told is a record of session s on a partition of two.
type told struct {
	partition int32
	kind      control.Kind
	begun     int64
	sent, at  int64 // events, and the offset named
}

// TestHowFarASessionCame: as far as all partitions say, and what it had sent
// beyond lies behind where that was said first.
func TestHowFarASessionCame(t *testing.T) {
	const opened, reached, closed = control.BackfillOpened, control.BackfillReached, control.BackfillClosed
	from := func(a, b int64) Offsets { return Offsets{"in": {0: a, 1: b}} }
	for name, test := range map[string]struct {
		records []told
		want    Earlier
	}{
		"begun": {[]told{{0, opened, 1, 0, 4}, {1, opened, 1, 0, 5}},
			Earlier{Open: true, From: from(4, 5)}},
		"begun in one": {[]told{{0, opened, 1, 0, 4}}, Earlier{Open: true, From: Offsets{"in": {0: 4}}}},
		"a stretch": {[]told{{0, opened, 1, 0, 4}, {1, opened, 1, 0, 5}, {0, reached, 1, 10, 6},
			{1, reached, 1, 10, 8}},
			Earlier{Open: true, Sent: 10, From: from(6, 8)}},
		"a stretch, in one": {[]told{{0, opened, 1, 0, 4}, {1, opened, 1, 0, 5}, {0, reached, 1, 10, 6}},
			Earlier{Open: true, From: from(4, 5)}},
		"gone on": {[]told{{0, opened, 1, 0, 4}, {1, opened, 1, 0, 5}, {0, reached, 1, 10, 6}, {1, reached, 1, 10, 8},
			{0, opened, 1, 10, 60}, {1, opened, 1, 10, 80}}, Earlier{Open: true, Sent: 10, From: from(6, 8)}},
		"gone on from what one said": {[]told{{0, opened, 1, 0, 4}, {1, opened, 1, 0, 5}, {0, reached, 1, 10, 6},
			{0, opened, 1, 0, 60}, {1, opened, 1, 0, 80}}, Earlier{Open: true, From: from(4, 5)}},
		"begun anew": {[]told{{0, opened, 1, 0, 4}, {1, opened, 1, 0, 5}, {0, reached, 1, 10, 6}, {1, reached, 1, 10, 8},
			{0, opened, 2, 0, 60}, {1, opened, 2, 0, 80}}, Earlier{Open: true, Begun: 2, From: from(60, 80)}},
		"ended": {[]told{{0, reached, 1, 20, 6}, {1, reached, 1, 20, 8}, {0, closed, 1, 20, 7},
			{1, closed, 1, 20, 9}},
			Earlier{Ended: true, Sent: 20, From: from(6, 8)}},
		"ended in one": {[]told{{0, reached, 1, 20, 6}, {1, reached, 1, 20, 8}, {0, closed, 1, 20, 7}},
			Earlier{Open: true, Ended: true, Sent: 20, From: from(6, 8)}},
		"given up": {[]told{{0, reached, 1, 10, 6}, {1, reached, 1, 10, 8}, {0, closed, 0, 0, 0},
			{1, closed, 0, 0, 0}},
			Earlier{Sent: 10, From: from(6, 8)}},
		"given up, gone on": {[]told{{0, reached, 1, 10, 6}, {1, reached, 1, 10, 8}, {0, closed, 0, 0, 0},
			{1, closed, 0, 0, 0}, {0, opened, 1, 10, 70}, {1, opened, 1, 10, 90}},
			Earlier{Open: true, Sent: 10, From: from(6, 8)}},
	} {
		t.Run(name, func(t *testing.T) {
			heard := map[string]*telling{}
			for i, r := range test.records {
				c := control.Record{Kind: r.kind, Session: "s"}
				if r.begun > 0 { // else written by hand
					c.Content, c.File, c.Begun, c.Events, c.Sent = "c", "f", r.begun, 20, r.sent
					c.Topics, c.Offsets = []string{"in"}, []int64{r.at}
				}
				hear(heard, r.partition, &c, event.Instant(i))
			}
			want := test.want
			want.ID, want.Content, want.File, want.Events, want.Seen = "s", "c", "f", 20, event.Instant(len(test.records)-1)
			want.Begun = max(want.Begun, 1)
			if diff := cmp.Diff(want, heard["s"].summary("s")); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestTheSessionOfAContent(t *testing.T) {
	sessions := Sessions{{ID: "old"}, {ID: "a", Content: "c", File: "a.csv"},
		{ID: "b", Content: "c", File: "b.csv", Open: true},
		{ID: "other", Content: "d", File: "a.csv"}}
	for _, test := range []struct{ content, file, want string }{
		{"c", "a.csv", "a"}, {"c", "b.csv", "b"}, {"c", "renamed.csv", "b"}, {"d", "a.csv", "other"},
		{"e", "a.csv", ""}, {"", "", ""},
	} {
		got := ""
		if e := sessions.Of(test.content, test.file); e != nil {
			got = e.ID
		}
		if got != test.want {
			t.Errorf("%s of %s: session %q, want %q", test.content, test.file, got, test.want)
		}
	}
	if open := sessions.Open(); !slices.Equal(open, []string{"b"}) {
		t.Errorf("open: %q", open)
	}
}

// TestClosingAllClosesEach: a record by hand names no session.
func TestClosingAllClosesEach(t *testing.T) {
	heard := map[string]*telling{}
	for _, id := range []string{"a", "b"} {
		hear(heard, 0, &control.Record{Kind: control.BackfillOpened, Session: id}, 1)
	}
	hear(heard, 0, &control.Record{Kind: control.BackfillClosed, Session: control.AllSessions}, 2)
	for id, session := range heard {
		if session.summary(id).Open {
			t.Errorf("session %s is open", id)
		}
	}
}
