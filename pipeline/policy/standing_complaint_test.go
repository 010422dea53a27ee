package policy

import (
	"testing"

	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/signal"
)

// TestComplaintsThatStandAreTold: an alert about a complaint that was raised of the
// past is told in the present, once, while the complaint is past the same time; what
// waits says beforehand what is told.
func TestComplaintsThatStandAreTold(t *testing.T) {
	const raised = present - 20*event.Day24h
	waiting := Episode{Kind: ComplaintSLABreached, Subject: 4, Open: true, Number: 7, Seq: 1, Past: true,
		RaisedAt: raised, MessageAt: raised}
	for _, test := range []struct {
		name   string
		change func(*Facts, *Episode)
		want   Waiting
	}{
		{"open, and past its time", func(*Facts, *Episode) {}, WaitsComplaint},
		{"severe", func(f *Facts, _ *Episode) { f.SevereBreached = true }, WaitsSevere},
		{"without a fit, opted out", func(f *Facts, _ *Episode) { f.Sufficiency, f.OptedOut = signal.NoFit, true },
			WaitsComplaint},
		{"answered", func(f *Facts, _ *Episode) { f.ComplaintTimes = []ComplaintTime{over(4, signal.ByComplaintAnswered)} },
			WaitsNothing},
		{"closed", func(f *Facts, _ *Episode) { f.ComplaintTimes = []ComplaintTime{over(4, signal.ByComplaintResolved)} },
			WaitsNothing},
		{"broken for a quarter", func(f *Facts, _ *Episode) { f.ComplaintTimes[0].DueAt = present - 90*event.Day24h },
			WaitsNothing},
		{"told of late in the present", func(_ *Facts, e *Episode) { e.Late = true }, WaitsNothing},
		{"told already", func(_ *Facts, e *Episode) { e.Past = false }, WaitsNothing},
		{"not to be retained", func(f *Facts, _ *Episode) { f.DoNotRetain = true }, WaitsNothing},
		{"the present is not this", func(f *Facts, _ *Episode) { f.Wall = f.Now + 49*event.Hour }, WaitsNothing},
	} {
		f, e, st := steady(), waiting, bought()
		f.Wall, f.Present, st.Raised = f.Now, true, 7
		f.ComplaintTimes = late(4)
		f.ComplaintTimes[0].DueAt = raised
		test.change(&f, &e)
		c := Default()
		if got := c.Waits(&st, []Episode{e}, &f); got != test.want {
			t.Errorf("%s: %v waits, want %v", test.name, got, test.want)
		}
		_, kept, said, _ := judged(st, []Episode{e}, f)
		told := 0
		for _, m := range said {
			if m.Action == signal.Raised && m.Standing && m.RaisedAt == raised && m.Suppression == signal.NotSuppressed {
				told++
			}
		}
		if want := min(int(test.want), 1); told != want {
			t.Errorf("%s: told %d times, want %d: %+v", test.name, told, want, said)
		}
		if _, _, again, _ := judged(st, kept, f); len(again) != 0 {
			t.Errorf("%s: %+v is said again", test.name, again)
		}
	}
}
