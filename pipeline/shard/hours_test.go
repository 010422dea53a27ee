package shard

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/signal"
)

// officeHours are Monday to Friday from 9 to 17, and Saturday from 10 to 12 and from
// 22 to midnight.
func officeHours(t testing.TB, zone string) *Hours {
	var days [7][]Opening
	for day := range 5 {
		days[day] = []Opening{{9 * event.Hour, 17 * event.Hour}}
	}
	days[5] = []Opening{{10 * event.Hour, 12 * event.Hour}, {22 * event.Hour, 24 * event.Hour}}
	return NewHours(zoneNamed(t, zone), days)
}

// TestHoursOfWork: instants are UTC.
func TestHoursOfWork(t *testing.T) {
	night := [7][]Opening{6: {{event.Hour, 4 * event.Hour}}}
	for _, c := range []struct {
		name, zone, from string
		span             event.Instant
		want             string
	}{
		{"within a day", "UTC", "2026-03-02T10:00", 4 * event.Hour, "2026-03-02T14:00"},
		{"to the end of a day", "UTC", "2026-03-02T10:00", 7 * event.Hour, "2026-03-02T17:00"},
		{"over a night", "UTC", "2026-03-02T16:00", 2 * event.Hour, "2026-03-03T10:00"},
		{"from a night", "UTC", "2026-03-02T20:00", event.Hour, "2026-03-03T10:00"},
		{"over a weekend", "UTC", "2026-03-06T16:00", 6 * event.Hour, "2026-03-09T10:00"},
		{"a part of the Saturday", "UTC", "2026-03-07T11:00", 2 * event.Hour, "2026-03-07T23:00"},
		{"to midnight", "UTC", "2026-03-07T13:00", 2 * event.Hour, "2026-03-08T00:00"},
		{"a week", "UTC", "2026-03-02T09:00", 44 * event.Hour, "2026-03-08T00:00"},
		{"by the clock of the zone", "Europe/Berlin", "2026-03-02T15:00", 2 * event.Hour, "2026-03-03T09:00"},
		{"which is changed at the weekend", "Europe/Berlin", "2026-03-27T15:00", 7 * event.Hour, "2026-03-30T09:00"},
		{"and back in autumn", "Europe/Berlin", "2026-10-23T14:00", 7 * event.Hour, "2026-10-26T10:00"},
	} {
		if got, want := officeHours(t, c.zone).After(instant(t, c.from), c.span), instant(t, c.want); got != want {
			t.Errorf("%s: %s, want %s", c.name, stamp(signal.Instant(got)), c.want)
		}
	}
	// From 1 to 4 at night there are two hours when the clock goes forward, four when back.
	h := NewHours(zoneNamed(t, "Europe/Berlin"), night)
	for from, want := range map[string]string{
		"2026-03-29T00:00": "2026-04-05T01:00", "2026-10-24T23:00": "2026-10-25T03:00",
	} {
		if got := h.After(instant(t, from), 4*event.Hour); got != instant(t, want) {
			t.Errorf("four hours of the night from %s: %s, want %s", from, stamp(signal.Instant(got)), want)
		}
	}
}

// TestHoursAreThoseOfAClock: every minute that passes is one in which a clock of the
// zone shows a time of the hours.
func TestHoursAreThoseOfAClock(t *testing.T) {
	zones := []string{"UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"}
	rapid.Check(t, func(t *rapid.T) {
		zone := rapid.SampledFrom(zones).Draw(t, "zone")
		location, err := time.LoadLocation(zone)
		if err != nil {
			t.Fatal(err)
		}
		var days [7][]Opening
		// Not in the small hours that a clock may show twice: those open the first time.
		minute := func(name string, low int) int { return rapid.IntRange(max(low, 4*60), 24*60).Draw(t, name) }
		for day := range days {
			if from := minute("from", 0); from < 24*60 && (day == 3 || rapid.Bool().Draw(t, "open")) {
				to := event.Instant(minute("to", from+1)) * event.Minute
				days[day] = []Opening{{event.Instant(from) * event.Minute, to}}
			}
		}
		if days[3] == nil {
			days[3] = []Opening{{0, event.Hour}}
		}
		changes := rapid.SampledFrom([][2]int{{3, 7}, {3, 28}, {4, 4}, {10, 3}, {10, 24}, {10, 31}}).Draw(t, "change")
		begin := time.Date(2026, time.Month(changes[0]), changes[1]-rapid.IntRange(0, 2).Draw(t, "days"), 0,
			minute("begin", 0), 0, 0, time.UTC)
		left := rapid.IntRange(1, 3*24*60).Draw(t, "minutes")
		span := event.Instant(left) * event.Minute
		at := begin
		for ; left > 0; at = at.Add(time.Minute) {
			local := at.In(location)
			clock := event.Instant(local.Hour()*60+local.Minute()) * event.Minute
			for _, o := range days[(int(local.Weekday())+6)%7] {
				if clock >= o.From && clock < o.To {
					left--
				}
			}
		}
		got := NewHours(NewZone(location), days).After(event.Instant(begin.UnixMicro()), span)
		if want := event.Instant(at.UnixMicro()); got != want {
			t.Fatalf("%v, %s from %s: %d minutes after what the clock shows", days, zone, begin, (got-want)/event.Minute)
		}
	})
}

// TestComplaintsInHoursOfWork: a complaint of Friday evening is late on Monday.
func TestComplaintsInHoursOfWork(t *testing.T) {
	p := newPlayer(t, "Europe/Berlin")
	p.shard.cfg.Complaints.Hours = officeHours(t, "Europe/Berlin")
	p.shard.cfg.Complaints.FirstResponse = 8 * event.Hour
	p.command("event 2026-03-06T15:00 c-1 complaint complaint=k1 status=opened") // 16:00 in Berlin
	p.command("batch 2026-03-09T10:59")
	if text := p.out.String(); text != "" {
		t.Errorf("said before the time is over: %s", text)
	}
	if want := instant(t, "2026-03-09T11:00"); p.shard.judge.facts.SLADueAt != want {
		t.Errorf("looked at again %d us after the time is over", p.shard.judge.facts.SLADueAt-want)
	}
	p.command("batch 2026-03-09T11:00") // 1 hour, 4 of the Saturday, 3 of the Monday
	if n := p.shard.Position().Counters.AlertsRaised; n != 1 {
		t.Errorf("%d alerts, want one", n)
	}
}
