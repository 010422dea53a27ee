package policy

import (
	"slices"
	"testing"

	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/signal"
)

// late are times that complaints have broken two hours ago.
func late(subjects ...uint64) (all []ComplaintTime) {
	for _, subject := range subjects {
		all = append(all, ComplaintTime{Subject: subject, DueAt: present - 2*event.Hour})
	}
	return all
}

// over is a time that is not broken any more.
func over(subject uint64, why signal.ResolveReason) ComplaintTime {
	return ComplaintTime{Subject: subject, DueAt: present - 2*event.Hour, Over: why}
}

// said is what of a message matters to a complaint.
type saidOf struct {
	subject uint64
	action  signal.Action
	why     signal.ResolveReason
}

// TestEachBrokenTimeSpeaks: whatever else is open or cooling.
func TestEachBrokenTimeSpeaks(t *testing.T) {
	c := Default()
	open := func(subject uint64, number uint32) Episode {
		return Episode{Kind: ComplaintSLABreached, Subject: subject, Open: true, Number: number, Seq: 1,
			RaisedAt: present - event.Hour, MessageAt: present - event.Hour}
	}
	cooling := func(subject uint64) Episode {
		return Episode{Kind: ComplaintSLABreached, Subject: subject, Number: 1, Seq: 2,
			RaisedAt: present - event.Day24h, MessageAt: present - event.Hour, CooldownUntil: present + c.Cooldown}
	}
	reopened := ComplaintTime{Subject: 5, DueAt: present}
	raised := func(subject uint64) saidOf { return saidOf{subject, signal.Raised, 0} }
	for _, test := range []struct {
		name     string
		episodes []Episode
		times    []ComplaintTime
		want     []saidOf
	}{
		{"two complaints at once", nil, late(4, 8), []saidOf{raised(4), raised(8)}},
		{"both times of one", nil, late(4, 5), []saidOf{raised(4), raised(5)}},
		{"the resolution while the first response is open", []Episode{open(4, 1)}, late(4, 5), []saidOf{raised(5)}},
		{"another while the first cools", []Episode{cooling(4)}, late(4, 8), []saidOf{raised(8)}},
		{"the same while it cools", []Episode{cooling(4)}, late(4), nil},
		{"a reopened one while its time of before cools", []Episode{cooling(5)}, []ComplaintTime{reopened},
			[]saidOf{raised(5)}},
		{"a late answer to the first does not end the second", []Episode{open(4, 1), open(8, 2)},
			append(late(8), over(4, signal.ByComplaintAnswered)),
			[]saidOf{{4, signal.Resolved, signal.ByComplaintAnswered}}},
		{"rejected is not solved", []Episode{open(5, 1)}, []ComplaintTime{over(5, signal.ByComplaintRejected)},
			[]saidOf{{5, signal.Resolved, signal.ByComplaintRejected}}},
		{"withdrawn neither", []Episode{open(5, 1)}, []ComplaintTime{over(5, signal.ByComplaintWithdrawn)},
			[]saidOf{{5, signal.Resolved, signal.ByComplaintWithdrawn}}},
		{"forgotten", []Episode{open(5, 1)}, nil, []saidOf{{5, signal.Resolved, signal.ByLevelDropped}}},
		{"one for all complaints, of an older writer", []Episode{open(0, 1)}, late(4, 8), []saidOf{raised(8)}},
		{"and none is late any more", []Episode{open(0, 1)}, []ComplaintTime{over(5, signal.ByComplaintRejected)},
			[]saidOf{{0, signal.Resolved, signal.ByComplaintResolved}}},
	} {
		st, f := bought(), steady()
		st.Raised = uint32(len(test.episodes))
		f.ComplaintTimes = test.times
		_, kept, out, _ := judged(st, test.episodes, f)
		var got []saidOf
		for _, m := range out {
			got = append(got, saidOf{m.Subject, m.Action, m.Resolve})
		}
		if !slices.Equal(got, test.want) {
			t.Errorf("%s: said %v, want %v; kept %+v", test.name, got, test.want, kept)
		}
	}
}

// TestComplaintsIgnoreMarketing: consent and the holdout arm are about outreach. One
// whom nothing is done for is left alone.
func TestComplaintsIgnoreMarketing(t *testing.T) {
	c := Default()
	c.HoldoutPercent = 100
	for _, test := range []struct {
		name   string
		change func(*Facts)
		want   signal.Suppression
	}{
		{"in the holdout", func(*Facts) {}, signal.NotSuppressed},
		{"opted out", func(f *Facts) { f.OptedOut = true }, signal.NotSuppressed},
		{"fraud", func(f *Facts) { f.DoNotRetain = true }, signal.SuppressedDoNotRetain},
	} {
		f, st := steady(), bought()
		f.ComplaintTimes, f.Complaints30, f.LastComplaintAt = late(4), 2, present
		test.change(&f)
		var room Room
		episodes, out, _ := c.Judge(&room, &st, nil, &f, nil)
		if len(out) != 2 {
			t.Fatalf("%s: %+v, want both kinds", test.name, out)
		}
		for _, m := range out {
			if m.Suppression != test.want || m.Holdout {
				t.Errorf("%s: %v suppressed by %v, holdout %v; want %v", test.name, m.Kind, m.Suppression, m.Holdout, test.want)
			}
		}
		f.OptedOut = true // of what is open
		if _, out, _ = c.Judge(&room, &st, episodes, &f, nil); len(out) != 0 {
			t.Errorf("%s: an opt-out says %+v of complaints", test.name, out)
		}
	}
}
