package txn

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// TestWhatIsWatched holds what the watchdog says of each that it watches, and when.
func TestWhatIsWatched(t *testing.T) {
	for _, test := range []struct {
		name  string
		begin func(d *watchdog)
		end   time.Duration // 0 = never
		words string
	}{
		{"the loop waits for Kafka", func(d *watchdog) { d.begin(&d.loop, "reach Kafka", patient) }, 0, ""},
		{"the loop stands still", func(d *watchdog) { d.begin(&d.loop, "poll", d.after) }, 24 * time.Second,
			`the loop stands still in "poll" since`},
		{"a commit takes its time", func(d *watchdog) { d.begin(&d.loop, "commit", d.after+endTimeout) }, 54 * time.Second,
			`the loop stands still in "commit" since`},
		{"the asker stands still", func(d *watchdog) { d.begin(&d.asker, "ask", askTimeout+d.after) }, 29 * time.Second,
			`the asker of log ends stands still in "ask" since`},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := newWatchdog(20*time.Second, func() string { return "none" })
				test.begin(d)
				ended, result := make(chan error, 1), make(chan error, 1)
				began := time.Now()
				go func() { result <- d.watch(ended) }()
				select {
				case err := <-result:
					took := time.Since(began)
					if test.end == 0 || took < test.end || took > test.end+time.Second || !strings.Contains(err.Error(), test.words) {
						t.Errorf("ended after %s with %v", took, err)
					}
				case <-time.After(5 * time.Minute):
					if test.end != 0 {
						t.Errorf("goes on, want an end after %s", test.end)
					}
					ended <- nil
					<-result
				}
			})
		})
	}
}

// TestALoopThatCommitsNothing: input without a commit counts, but not while a
// commit is under way, and not where there is none.
func TestALoopThatCommitsNothing(t *testing.T) {
	d := newWatchdog(20*time.Second, nil)
	starved := func(want bool, when string) {
		t.Helper()
		if err := d.starved(0); (err != nil) != want {
			t.Errorf("%s: %v", when, err)
		}
	}
	d.begin(&d.loop, "poll", d.after)
	d.lived.Add(int64(time.Minute))
	starved(false, "without input")
	d.fed(true)
	starved(true, "with input")
	d.begin(&d.loop, "commit", d.after+endTimeout)
	starved(false, "within a commit")
	d.begin(&d.loop, "poll", d.after)
	d.committed()
	starved(false, "after a commit")
	d.lived.Add(int64(21 * time.Second))
	starved(true, "long after a commit")
	d.fed(false)
	starved(false, "when all is committed")
}
