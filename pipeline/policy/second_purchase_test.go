package policy

import (
	"slices"
	"testing"

	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/signal"
)

// TestASecondPurchaseThatIsUndone: the notice is taken back, within what is
// remembered, and the next second purchase is told at once as another.
func TestASecondPurchaseThatIsUndone(t *testing.T) {
	const taken, again = "resolved none(none) purchase_undone", "raised none(none)"
	for _, test := range []struct {
		name string
		live func(w *world)
		want []string
	}{
		{"within the cooldown", func(w *world) {
			w.do(deed{kind: "cancel"})
			w.days(1)
			w.purchase()
		}, []string{"10.0 second_purchase#1/2 " + taken, "11.0 second_purchase#2/1 " + again}},
		{"long after it", func(w *world) {
			w.days(300)
			w.do(deed{kind: "cancel"})
			w.do(deed{kind: "cancel"})
			w.days(1)
		}, []string{"310.0 second_purchase#1/2 " + taken}},
		{"twice", func(w *world) {
			w.do(deed{kind: "cancel"})
			w.purchase()
			w.do(deed{kind: "cancel"})
		}, []string{"10.0 second_purchase#1/2 " + taken, "10.0 second_purchase#2/1 " + again,
			"10.0 second_purchase#2/2 " + taken}},
		{"with a third after it", func(w *world) {
			w.days(1)
			w.purchase()
			w.do(deed{kind: "cancel"})
		}, nil},
		{"after what is remembered", func(w *world) {
			w.days(float64(secondKept / event.Day24h))
			w.do(deed{kind: "cancel"})
			w.purchase()
		}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld()
			w.now = 20_020 * event.Day24h
			w.half = 1e6 // nothing is said of silence
			w.purchase()
			w.days(10)
			w.purchase()
			if got := lines(w); !slices.Equal(got, []string{"10.0 second_purchase#1/1 " + again}) {
				t.Fatalf("said %q", got)
			}
			w.said = nil
			test.live(w)
			if got := lines(w); !slices.Equal(got, test.want) {
				t.Errorf("said %q, want %q", got, test.want)
			}
		})
	}
}

// TestANoticeTakenBackKeepsItsArm: who was in the arm that is left alone is told
// nothing of either.
func TestANoticeTakenBackKeepsItsArm(t *testing.T) {
	w := newWorld()
	w.config.HoldoutPercent = 100
	w.purchase()
	w.days(1)
	w.purchase()
	w.config.HoldoutPercent = 0
	w.do(deed{kind: "cancel"})
	if n := len(w.said); n != 2 || w.said[1].Suppression != signal.SuppressedHoldout || !w.said[1].Holdout {
		t.Errorf("said %+v", w.said)
	}
}
