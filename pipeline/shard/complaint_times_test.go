package shard

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/policy"
	"github.com/holdfast/holdfast/pipeline/signal"
	"github.com/holdfast/holdfast/pipeline/state"
)

// ofAnna is the record of the customer of a test.
func (p *player) ofAnna() *state.Customer {
	p.t.Helper()
	c, id := new(state.Customer), []byte("anna")
	if !p.shard.slab.Peek(c, event.HashID(id), id) {
		p.t.Fatal("there is no record")
	}
	return c
}

// TestTheLatestDueTimeHolds: whatever order the events come in.
func TestTheLatestDueTimeHolds(t *testing.T) {
	told := []string{
		"event 2026-03-01T10:00 anna complaint id=a complaint=k status=opened due=2026-03-20",
		"event 2026-03-02T10:00 anna complaint id=b complaint=k status=in_progress due=2026-03-10",
		"event 2026-03-03T10:00 anna complaint id=c complaint=k status=in_progress",
		"event 2026-03-03T11:00 anna complaint id=d complaint=k status=in_progress due=2026-03-15",
	}
	for _, order := range [][]int{{0, 1, 2, 3}, {3, 2, 1, 0}, {1, 3, 0, 2}, {2, 3, 1, 0}} {
		p := newPlayer(t, "UTC")
		for _, i := range order {
			p.command(told[i])
			p.command("batch 2026-03-03T12:00")
		}
		k := &p.ofAnna().Complaints[0]
		if got := p.shard.cfg.Complaints.resolutionTime(k).due; got != instant(t, "2026-03-15") {
			t.Errorf("order %v: due at %s, want 2026-03-15", order, stamp(signal.Instant(got)))
		}
	}
}

// TestAReopeningBeginsANewResolution: by the severity, and by a due time that is told
// with it or later; one of before says nothing of it.
func TestAReopeningBeginsANewResolution(t *testing.T) {
	for _, c := range []struct{ opened, reopened, want string }{
		{"", "", "2026-03-15T10:00"},
		{"severity=4", "", "2026-03-12T10:00"},
		{"", "severity=5", "2026-03-12T10:00"},
		{"due=2026-03-04", "", "2026-03-15T10:00"},
		{"due=2026-03-04", "due=2026-03-30", "2026-03-30"},
	} {
		p := newPlayer(t, "UTC")
		p.command("event 2026-03-01T10:00 anna complaint complaint=k status=opened " + c.opened)
		p.command("event 2026-03-02T10:00 anna complaint complaint=k status=resolved")
		p.command("event 2026-03-10T10:00 anna complaint complaint=k status=reopened " + c.reopened)
		p.command("batch 2026-03-10T12:00")
		if got := p.shard.judge.facts.SLADueAt; got != instant(t, c.want) {
			t.Errorf("%q, reopened %q: due at %s, want %s", c.opened, c.reopened, stamp(signal.Instant(got)), c.want)
		}
	}
}

// TestWhatIsNoComplaint: a return request must keep no times and is none of the
// repeated, remembered or only counted, unless it is configured or a complaint too.
func TestWhatIsNoComplaint(t *testing.T) {
	all := state.OfComplaint | state.OfReturnRequest | state.OfDispute
	for _, c := range []struct {
		kind, then string
		kinds      state.ComplaintKinds
		counts     bool
	}{
		{"complaint", "complaint", 0, true},
		{"dispute", "dispute", 0, true},
		{"return_request", "return_request", 0, false},
		{"return_request", "complaint", 0, true},
		{"return_request", "return_request", all, true},
		{"dispute", "dispute", state.OfComplaint, false},
	} {
		p := newPlayer(t, "UTC")
		p.cfg.Complaints.Kinds = c.kinds
		p.shard = New(p.cfg)
		for n := range 20 {
			status := "resolved"
			if n == 0 {
				status = "acknowledged"
			}
			p.command(fmt.Sprintf("event 2026-03-01T%02d:00 anna %s complaint=k%d status=opened", n, c.kind, n))
			p.command(fmt.Sprintf("event 2026-03-01T%02d:30 anna %s complaint=k%d status=%s", n, c.then, n, status))
		}
		row := p.settled("2026-03-07")
		if row["complaints_30d"] != "20" || row["complaints_open"] != "1" {
			t.Errorf("%+v: %s complaints, %s open; want 20, 1", c, row["complaints_30d"], row["complaints_open"])
		}
		f, want := &p.shard.judge.facts, uint32(0)
		if c.counts {
			want = 20
		}
		// The four that are forgotten had both kinds as well.
		if f.Complaints30 != want || f.SLABreached != c.counts || row["complaint_sla_breached"] != fmt.Sprint(want/20) {
			t.Errorf("%+v: %d of the repeated, late %v; want %d, %v", c, f.Complaints30, f.SLABreached, want, c.counts)
		}
	}
}

// TestTextsOfComplaintsGo: they are kept as long as an alert may tell of them.
func TestTextsOfComplaintsGo(t *testing.T) {
	p := newPlayer(t, "UTC")
	texts := func(want string) {
		t.Helper()
		if k := &p.ofAnna().Complaints[0]; string(k.ID)+" "+string(k.OrderID) != want {
			t.Errorf("kept %q %q, want %q", k.ID, k.OrderID, want)
		}
	}
	p.command("event 2026-03-01T10:00 anna complaint complaint=k status=opened order=o2")
	p.command("event 2026-03-01T11:00 anna complaint complaint=k status=acknowledged order=o1")
	p.command("batch 2026-03-01T12:00")
	texts("k o1")
	p.command("restore")
	texts("k o1")
	p.command("event 2026-03-02T10:00 anna complaint complaint=k status=resolved")
	p.command("batch 2026-03-02T12:00")
	texts(" ")
	p.command("event 2026-03-03T10:00 anna complaint complaint=k status=reopened order=o1")
	p.command("batch 2026-03-03T12:00")
	texts("k o1")
}

// TestAsManyComplaintsAsThereAre: of any number, each that is late has its alerts, as
// many as are remembered, and every alert ends.
func TestAsManyComplaintsAsThereAre(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		p := newPlayer(t, "UTC")
		raised, ended := map[string]int{}, map[string]int{}
		apply := func(clock string) {
			b := &p.batch
			b.Number, b.Clock = p.shard.Position().Batch+1, instant(t, clock)
			b.Wall = b.Clock
			if err := p.shard.Apply(b, p.fx); err != nil {
				rt.Fatal(err)
			}
			for i := range p.fx.Alerts {
				a := &p.fx.Alerts[i]
				checkAlert(t, p.schema, a)
				if a.Kind.Name != policy.ComplaintSLABreached.String() {
					continue
				}
				key := a.Complaint.ID + " " + a.Complaint.Time.String()
				switch a.Action {
				case signal.Raised:
					raised[key]++
				case signal.Resolved, signal.Expired:
					ended[key]++
				default: // an update
				}
			}
			p.shard.Commit()
			p.fx.reset()
			b.Reset()
		}
		n := rapid.IntRange(1, 30).Draw(rt, "complaints")
		for i := range n {
			p.command(fmt.Sprintf("event 2026-03-01T%02d:%02d anna complaint complaint=k%d status=opened", i/2, i%2, i))
		}
		apply("2026-03-01T20:00")
		apply("2026-03-07")
		if want := 2 * min(n, state.MaxComplaints); len(raised) != want {
			rt.Fatalf("%d complaints: %d times were told, want %d: %v", n, len(raised), want, raised)
		}
		for i := range n {
			if rapid.Bool().Draw(rt, "restored") {
				p.command("restore")
			}
			p.command(fmt.Sprintf("event 2026-03-08T%02d:%02d anna complaint complaint=k%d status=resolved", i/2, i%2, i))
			apply(fmt.Sprintf("2026-03-08T%02d:%02d", i/2, i%2))
		}
		apply("2026-03-09")
		for key, n := range raised {
			if n != 1 || ended[key] != 1 {
				rt.Errorf("%s: raised %d times, ended %d times", key, n, ended[key])
			}
		}
	})
}
