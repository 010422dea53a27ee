package shard

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/holdfast/holdfast/internal/workload"
	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/policy"
	"github.com/holdfast/holdfast/pipeline/signal"
)

// TestComplaintsFirstSeenClosed: one complaint of which a closing status comes
// first counts on the day on which it was first heard of, is not open and is
// told; once its making comes, it counts where it was made.
func TestComplaintsFirstSeenClosed(t *testing.T) {
	type counts struct {
		In30, In90, Price90, Other90, Open uint32
		Unknown                            uint64
		Approximate                        bool
	}
	for _, c := range []struct {
		status  string
		first   counts // after the first event
		then    counts // after the late making, of 40 days before
		reopens counts // after it was opened again
	}{
		{"resolved", counts{1, 1, 0, 1, 0, 1, false}, counts{0, 1, 1, 0, 0, 1, false}, counts{0, 1, 1, 0, 1, 1, false}},
		{"confirmed", counts{1, 1, 0, 1, 0, 1, false}, counts{0, 1, 1, 0, 0, 1, false}, counts{0, 1, 1, 0, 1, 1, false}},
		{"rejected", counts{1, 1, 0, 1, 0, 1, false}, counts{0, 1, 1, 0, 0, 1, false}, counts{0, 1, 1, 0, 1, 1, false}},
		{"withdrawn", counts{1, 1, 0, 1, 0, 1, false}, counts{0, 1, 1, 0, 0, 1, false}, counts{0, 1, 1, 0, 1, 1, false}},
		{"opened", counts{1, 1, 0, 1, 1, 0, false}, counts{0, 1, 1, 0, 1, 0, false}, counts{0, 1, 1, 0, 1, 0, false}},
		{"acknowledged", counts{1, 1, 0, 1, 1, 0, false}, counts{0, 1, 1, 0, 1, 0, false}, counts{0, 1, 1, 0, 1, 0, false}},
		{"in_progress", counts{1, 1, 0, 1, 1, 0, false}, counts{0, 1, 1, 0, 1, 0, false}, counts{0, 1, 1, 0, 1, 0, false}},
		{"reopened", counts{1, 1, 0, 1, 1, 0, false}, counts{0, 1, 1, 0, 1, 0, false}, counts{0, 1, 1, 0, 1, 0, false}},
	} {
		t.Run(c.status, func(t *testing.T) {
			p, oracle := newPlayer(t, "UTC"), workload.NewOracle("EUR")
			for i, step := range []struct {
				event, clock string
				want         counts
			}{
				{"event 2026-03-01T10:00 anna complaint complaint=k status=" + c.status, "2026-03-02", c.first},
				{"event 2026-01-20T10:00 anna complaint complaint=k status=opened category=price", "2026-03-02", c.then},
				{"event 2026-03-02T08:00 anna complaint complaint=k status=reopened", "2026-03-03", c.reopens},
			} {
				p.command(step.event)
				oracle.Add(&p.batch.Events[0])
				row := p.settled(step.clock)
				categories := strings.Split(row["complaints_90d_by_category"], ",")
				got := counts{count(row["complaints_30d"]), count(row["complaints_90d"]), count(categories[event.Price-1]),
					count(categories[event.CategoryOther-1]), count(row["complaints_open"]),
					p.shard.Position().Counters.UnknownComplaint, row["approximate"] == "1"}
				if got != step.want {
					t.Errorf("step %d: got %+v, want %+v", i+1, got, step.want)
				}
				if differences := oracle.RowDifferences("anna", instant(t, step.clock), row); len(differences) > 0 {
					t.Errorf("step %d: %q", i+1, differences)
				}
			}
		})
	}
}

// TestStepsOfAForgottenComplaintAreTold: it counts again, since nothing tells it
// from another.
func TestStepsOfAForgottenComplaintAreTold(t *testing.T) {
	for step, want := range map[string]bool{"reopened": true, "confirmed": true, "opened": false} {
		p := newPlayer(t, "UTC")
		for n := range 17 {
			p.command(fmt.Sprintf("event 2026-03-01T%02d:00 anna complaint complaint=k%d status=opened", n, n))
			p.command(fmt.Sprintf("event 2026-03-01T%02d:30 anna complaint complaint=k%d status=resolved", n, n))
		}
		if row := p.settled("2026-03-02"); row["approximate"] != "0" || row["complaints_30d"] != "17" {
			t.Fatalf("%s complaints, approximate %s; want 17, 0", row["complaints_30d"], row["approximate"])
		}
		p.command("event 2026-03-02T10:00 anna complaint complaint=k0 status=" + step)
		if row := p.settled("2026-03-03"); (row["approximate"] == "1") != want || row["complaints_30d"] != "18" {
			t.Errorf("%s: %s complaints, approximate %s; want 18, %v", step, row["complaints_30d"], row["approximate"], want)
		}
	}
}

// TestAgesOfComplaintsAreBusinessDays: by the calendar of the business zone, as
// everything else, and not by periods of 24 hours.
func TestAgesOfComplaintsAreBusinessDays(t *testing.T) {
	for _, c := range []struct {
		zone, opened, now string
		want              uint32
	}{
		{"UTC", "2026-03-01T23:59", "2026-03-02T00:00", 1},
		{"UTC", "2026-03-01T00:00", "2026-03-01T23:59", 0},
		{"UTC", "2026-03-01T23:00", "2026-03-04T22:00", 3},
		{"UTC", "2026-03-01T01:00", "2026-03-04T23:00", 3},
		{"Europe/Berlin", "2026-03-01T22:30", "2026-03-01T23:30", 1}, // midnight is at 23:00
		{"Europe/Berlin", "2026-03-01T23:30", "2026-03-02T22:30", 0},
		{"Europe/Berlin", "2026-03-28T23:30", "2026-03-29T22:30", 1}, // a day of 23 hours
		{"America/Los_Angeles", "2026-03-01T07:59", "2026-03-01T08:00", 1},
	} {
		p := newPlayer(t, c.zone)
		p.command("event " + c.opened + " anna complaint complaint=k status=opened")
		row := p.settled(c.now)
		if diff := cmp.Diff(fmt.Sprint(c.want), row["oldest_open_complaint_days"]); diff != "" {
			t.Errorf("%s, from %s to %s: -want +got\n%s", c.zone, c.opened, c.now, diff)
		}
	}
}

// TestTheAgeIsThatOfTheOldestOpen: not of the first in the record.
func TestTheAgeIsThatOfTheOldestOpen(t *testing.T) {
	p := newPlayer(t, "UTC")
	for _, told := range []string{"2026-02-01 anna complaint complaint=a status=opened",
		"2026-02-05 anna complaint complaint=b status=opened",
		"2026-02-09 anna complaint complaint=c status=opened", "2026-02-10 anna complaint complaint=a status=resolved"} {
		p.command("event " + told)
	}
	row := p.settled("2026-02-20")
	if days := row["oldest_open_complaint_days"]; days != "15" || row["complaints_open"] != "2" {
		t.Errorf("%s days, %s open; want 15, 2", days, row["complaints_open"])
	}
}

// TestRepeatedComplaintsAreThoseConfigured: with three as the limit the alert is
// raised by the third, tells that two are allowed, and has the record looked at
// when the third latest leaves the 30 days, be it remembered or only counted.
func TestRepeatedComplaintsAreThoseConfigured(t *testing.T) {
	for _, c := range []struct {
		limit         uint32
		days          []int // of March, on which a complaint is made and settled
		raised, falls string
	}{
		{2, []int{1, 4, 9}, "2026-03-04T10:00", "2026-04-03T00:00"},
		{3, []int{1, 4, 9}, "2026-03-09T10:00", "2026-03-31T00:00"},
		{3, []int{1, 1, 9, 9}, "2026-03-09T10:00", "2026-03-31T00:00"},
		{3, []int{1, 4, 5, 9}, "2026-03-05T10:00", "2026-04-03T00:00"},
		{4, []int{1, 4, 9}, "", ""},
		{17, []int{1, 2, 2, 2, 2, 2, 2, 2, 2, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3}, "2026-03-03T10:00", "2026-04-01T00:00"},
	} {
		p := newPlayer(t, "UTC")
		p.shard.cfg.Policy.RepeatComplaints = c.limit
		for n, day := range c.days {
			p.command(fmt.Sprintf("event 2026-03-%02dT10:00 anna complaint complaint=k%d status=opened", day, n))
			p.command(fmt.Sprintf("event 2026-03-%02dT10:00 anna complaint complaint=k%d status=resolved", day, n))
		}
		p.batch.Number, p.batch.Clock = 1, instant(t, "2026-03-10")
		p.batch.Wall = p.batch.Clock
		if err := p.shard.Apply(&p.batch, p.fx); err != nil {
			t.Fatal(err)
		}
		raised := ""
		for i := range p.fx.Alerts {
			a := &p.fx.Alerts[i]
			if a.Kind.Name != policy.ComplaintRepeat.String() || a.Action != signal.Raised {
				continue
			}
			raised = time.UnixMicro(int64(a.AsOf)).UTC().Format("2006-01-02T15:04")
			r, limit := &a.Reasons[0], float64(c.limit)
			if r.Code != signal.RepeatComplaints || r.Observed != limit || r.Expected != limit-1 {
				t.Errorf("limit %d, days %v: reason %+v", c.limit, c.days, r)
			}
		}
		if raised != c.raised {
			t.Errorf("limit %d, days %v: raised %q, want %q", c.limit, c.days, raised, c.raised)
		}
		want := policy.Never
		if c.falls != "" {
			want = instant(t, c.falls)
		}
		if got := p.shard.judge.facts.Complaints30FallAt; got != want {
			t.Errorf("limit %d, days %v: falls at %d, want %d", c.limit, c.days, got, want)
		}
	}
}

// count reads a number of a row.
func count(text string) uint32 {
	n, err := strconv.ParseUint(text, 10, 32)
	if err != nil {
		panic(err)
	}
	return uint32(n)
}
