package workload

import (
	"testing"

	"github.com/holdfast/holdfast/pipeline/decode"
)

// TestPoison holds each bad input to its reason; together they have every
// reason that a decoder can give.
func TestPoison(t *testing.T) {
	j := newJudge(t)
	found := map[decode.Reason]bool{}
	for _, p := range Poisons(testStart) {
		if reject := j.decode(p.Item); reject.Reason != p.Want {
			t.Errorf("%s: got %+v, want %q", p.Name, reject, p.Want)
		}
		found[p.Want] = true
	}
	for reason := decode.Empty; int(reason) < decode.ReasonCount; reason++ {
		switch reason {
		case decode.TooLate, decode.MergeLoop, decode.RowRejected: // of later stages
		default:
			if !found[reason] {
				t.Errorf("no bad input for %q", reason)
			}
		}
	}
	if found[decode.None] {
		t.Error("a bad input that is good")
	}
}
