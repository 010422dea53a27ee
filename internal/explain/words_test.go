package explain

import (
	"strings"
	"testing"

	"github.com/holdfast/holdfast/pipeline/policy"
	"github.com/holdfast/holdfast/pipeline/score"
	"github.com/holdfast/holdfast/pipeline/shard"
	"github.com/holdfast/holdfast/pipeline/signal"
)

// TestRhythm: an average is told of gaps, and one gap is none.
func TestRhythm(t *testing.T) {
	for _, test := range []struct {
		repeats      uint32
		span, recent int32
		want         string
	}{
		{0, 0, 40, "bought on one day only, 40 days ago"},
		{0, 0, 1, "bought on one day only, 1 day ago"},
		{1, 3, 17, "bought on two days, 3 days apart, the latest 17 days ago"},
		{1, 1, 0, "bought on two days, 1 day apart, the latest today"},
		{2, 6, 1, "a purchase every 3 days on average, the latest 1 day ago"},
		{9, 10, 2, "a purchase every day on average, the latest 2 days ago"},
	} {
		if got := Rhythm(test.repeats, test.span, test.recent); got != test.want {
			t.Errorf("%q, want %q", got, test.want)
		}
	}
}

// TestEveryReasonHasWords: why an alert is not delivered, and why there is none.
func TestEveryReasonHasWords(t *testing.T) {
	for s := signal.SuppressedReplay; s <= signal.SuppressedHoldout; s++ {
		name := s.String()
		if got := Suppressed(name); !strings.HasPrefix(got, name+": ") {
			t.Errorf("%q is told as %q", name, got)
		}
	}
	parameters, said := score.DefaultParameters(), map[string]policy.Pause{}
	for pause := policy.NoPause; pause <= policy.PauseCooling; pause++ {
		e := &shard.Explanation{Parameters: &parameters}
		e.Outlook.Pause = pause
		text := pauseText(e, zoneNamed("UTC"))
		if before, twice := said[text]; twice || text == "" {
			t.Errorf("pause %d is told as %d is: %q", pause, before, text)
		}
		said[text] = pause
	}
}

// TestZonesThatAreNotKnown: moments are told in UTC then, and what is none is left.
func TestZonesThatAreNotKnown(t *testing.T) {
	clock := zoneNamed("Mars/Base")
	if got := clock.textOf("2026-03-01T12:30:00Z"); got != "2026-03-01 12:30" {
		t.Errorf("%q", got)
	}
	if got := clock.textOf("soon"); got != "soon" {
		t.Errorf("%q", got)
	}
	if stamp(policy.Never) != "" || stamp(0) != "" {
		t.Error("what never comes has a time")
	}
}
