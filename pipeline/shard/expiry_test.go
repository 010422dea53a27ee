package shard

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/score"
	"github.com/holdfast/holdfast/pipeline/signal"
	"github.com/holdfast/holdfast/pipeline/state"
	"github.com/holdfast/holdfast/pipeline/window"
)

// TestIntentEndsInSilence: visits that speak of an intent do so for 60 days. On
// the day on which they no longer do, the row is written without them.
func TestIntentEndsInSilence(t *testing.T) {
	p := newPlayer(t, "Europe/Berlin")
	p.command("event 2026-01-05T10:00 anna order order=o1 net=1000")
	for _, at := range []string{"2026-01-10T09:00", "2026-01-10T10:00", "2026-01-10T11:00"} {
		p.command("event " + at + " anna session")
	}
	reasons := func(clock string) string {
		p.apply([]string{clock})
		if p.shard.WriteRows(p.shard.clock, 1, p.fx) == 0 {
			return "no row"
		}
		row := lastRow(t, p.fx)
		p.shard.Commit()
		p.fx.reset()
		return row["reason_codes"]
	}
	reasons("2026-01-12")
	// Deadlines of other things come before, so both days are looked at alone.
	for _, step := range []struct{ clock, want string }{
		{"2026-03-10T22:00", "OVERDUE,INTENT_GAP,NO_SECOND_PURCHASE"}, // still 10 March in Berlin
		{"2026-03-10T23:00", "OVERDUE,NO_SECOND_PURCHASE"},            // 60 days after 10 January
	} {
		if got := reasons(step.clock); got != step.want {
			t.Errorf("at %s: %s, want %s", step.clock, got, step.want)
		}
	}
}

// TestNothingCountedChangesBeforeTheDeadline: whatever is counted of a customer
// stays as it is until the moment that its record waits for. A window whose edge
// arms no deadline is found here.
func TestNothingCountedChangesBeforeTheDeadline(t *testing.T) {
	cfg := testConfig(t, "Europe/Berlin")
	compared := 0
	for seed := range seeds(3) {
		r := straight(t, cfg, testStream(300+seed, 200, 4000, 200*event.Day24h), 500)
		s := r.shard
		s.slab.Each(func(slot state.Slot) {
			var c state.Customer
			s.slab.LoadSlot(&c, slot)
			last := min(c.Deadline-1, c.JudgedAt+400*event.Day24h)
			want := lasting(s, &c, c.JudgedAt)
			for at := last; at > c.JudgedAt; at -= event.Day24h {
				if diff := cmp.Diff(want, lasting(s, &c, at)); diff != "" {
					t.Fatalf("customer %s, judged at %d, changes before its deadline at %d (-then +before):\n%s",
						c.ID, c.JudgedAt, c.Deadline, diff)
				}
				compared++
			}
		})
	}
	if compared < 1500 {
		t.Errorf("%d moments were compared: the test says little", compared)
	}
}

// lasting is what of a customer's numbers is counted at a moment, without those
// that move with every day.
func lasting(s *Shard, c *state.Customer, now event.Instant) string {
	var st score.Statistics
	s.silence = now
	s.statistics(c, now, &st)
	st.Now, st.Today = 0, 0
	st.VisitsSincePurchase = min(st.VisitsSincePurchase, 3) // only whether there are three is told
	if !st.HasPurchase {
		st.VisitsSincePurchase = 0
	}
	st.Referral90 = false // moves only the probability, which moves anyway
	return fmt.Sprintf("%+v", st)
}

// TestEdgesAreRemembered: what is counted in a window is kept for as long.
func TestEdgesAreRemembered(t *testing.T) {
	for _, c := range []struct {
		of   score.Happening
		kept int32
	}{
		{score.Purchases, window.RetainedDays}, {score.Visits, window.VisitDays},
		{score.VisitsSincePurchase, window.VisitDays}, {score.Complaints, complaintDays},
	} {
		edges := score.Edges(c.of)
		if len(edges) == 0 || edges[0] < 1 || edges[len(edges)-1] > c.kept {
			t.Errorf("windows of %d: %v, want 1 to %d days", c.of, edges, c.kept)
		}
	}
	for today, want := range map[event.Day]event.Day{10: 17, 16: 17, 17: 40, 39: 40, 40: never} {
		if got := leaves(10, today, []int32{7, 30}); got != want {
			t.Errorf("on day %d, day 10 leaves next on %d, want %d", today, got, want)
		}
	}
}

// TestQuietVisitsLeaveEveryWindow: a visit that comes late arms the same
// deadline by the short way as in full, however old it is.
func TestQuietVisitsLeaveEveryWindow(t *testing.T) {
	today := instant(t, "2026-06-01T12:00")
	for age := event.Instant(1); age < 86; age++ {
		deadline := [2]event.Instant{}
		for i, thorough := range []bool{false, true} {
			p := newPlayer(t, "Europe/Berlin")
			p.shard.thorough = thorough
			stamped := func(ago event.Instant) string {
				return "event " + stamp(signal.Instant(today-ago*event.Day24h)) + " anna "
			}
			for n := event.Instant(0); n < 10; n++ {
				p.command(stamped(86+100*n) + fmt.Sprintf("order order=o%d net=1000", n))
			}
			p.command(stamped(0) + "session") // judges the customer today
			p.apply([]string{"2026-06-01T12:00"})
			p.command(stamped(age) + "session")
			p.apply([]string{"2026-06-01T12:00"})
			var c state.Customer
			id := []byte("anna")
			p.shard.slab.Peek(&c, event.HashID(id), id)
			deadline[i] = c.Deadline
		}
		if deadline[0] != deadline[1] {
			t.Errorf("a visit of %d days ago: deadline %d, in full %d", age, deadline[0], deadline[1])
		}
	}
}
