package pipeline_test

import (
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// TestALoopThatStandsStillIsSeenFromOutside blocks the loop for ever in each of
// its steps: Live says where, and Run returns although the loop does not.
func TestALoopThatStandsStillIsSeenFromOutside(t *testing.T) {
	poll, commit := `the loop stands still in "poll and apply" since `, `the loop stands still in "commit" since `
	for _, test := range []struct {
		doing       string
		words       string
		least, most time.Duration // until the end
	}{
		{"poll", poll, 20 * time.Second, 30 * time.Second},
		{"apply", poll, 20 * time.Second, 30 * time.Second},
		{"commit", commit, 50 * time.Second, 60 * time.Second},
	} {
		t.Run(test.doing, func(t *testing.T) {
			inVirtualTime(t, func(v *virtual) {
				cfg := v.honest()
				block, blocked := make(chan struct{}), make(chan struct{})
				var reached atomic.Int64
				doing := func(what string) {
					if what == test.doing && reached.Add(1) == 3 {
						close(blocked)
						<-block
					}
				}
				cfg.OnBatch = func(_ int32, events int) {
					if events > 0 { // else it is the commit that applies it
						doing("apply")
					}
				}
				v.observe(&cfg, nil, func(at point) {
					doing(map[point]string{afterPoll: "poll", afterBegin: "commit"}[at])
				})
				p, done := v.runToItsEnd(cfg)
				for waiting := true; waiting; {
					v.produce(few(5, start))
					select {
					case <-blocked:
						waiting = false
					case <-time.After(time.Second):
					}
				}
				if err := p.Live(); err != nil {
					t.Errorf("just blocked: %v", err)
				}
				began, said := time.Now(), ""
				for ended := false; !ended; {
					select {
					case err := <-done:
						if ended = true; err == nil || !strings.Contains(err.Error(), test.words) {
							t.Errorf("Run returns %v, want %q", err, test.words)
						}
					case <-time.After(time.Second):
						if err := p.Live(); err != nil {
							said = err.Error()
						}
					}
				}
				if took := time.Since(began); took < test.least || took > test.most {
					t.Errorf("Run returned after %s, want %s to %s", took, test.least, test.most)
				}
				if !strings.Contains(said, test.words) {
					t.Errorf("Live said %q before the end, want %q", said, test.words)
				}
				if ready, why := p.Ready(); ready || !strings.Contains(why, test.words) {
					t.Errorf("ready %v, %q", ready, why)
				}
				close(block)
				time.Sleep(2 * time.Minute) // what was left behind ends while its brokers are there
			})
		})
	}
}

// TestBrokersThatAreAwayAreNoStandstill cuts the connections for good, with
// input that no commit holds: the process waits, and is alive.
func TestBrokersThatAreAwayAreNoStandstill(t *testing.T) {
	inVirtualTime(t, func(v *virtual) {
		cfg := v.honest()
		cut := v.severable(&cfg)
		v.produce(few(100, start))
		p := v.run(cfg)
		v.caughtUp(cfg)
		v.produce(few(200, start))
		cut()
		for range 300 {
			time.Sleep(time.Second)
			if err := p.Live(); err != nil {
				t.Fatal(err)
			}
		}
		v.notReady(p)
	})
}

// TestTimeInWhichTheProcessWasStoppedDoesNotCount stops a working process for
// longer than its loop may stand still, and lets it go on: it does so, and all
// is right. HOLDFAST_STOP_SECONDS sets for how long, under a loop that may stand
// still for half of that; make kill tries 40 s.
func TestTimeInWhichTheProcessWasStoppedDoesNotCount(t *testing.T) {
	stopped := time.Duration(number("HOLDFAST_STOP_SECONDS", 3)) * time.Second
	w := newWorld(t)
	cfg := w.config()
	all := items(dirtyLoad(6000))
	w.produce(all[:3000])
	p := startWorker(t, workerOrder{Addrs: w.addrs, StuckAfter: stopped / 2})
	w.caughtUp(cfg)
	w.produceLive(all[3000:4000])
	p.signal(t, syscall.SIGSTOP)
	time.Sleep(stopped)
	w.produceLive(all[4000:])
	p.signal(t, syscall.SIGCONT)
	w.caughtUp(cfg)
	select {
	case <-p.done:
		t.Errorf("it ended: %s", p.stderr.String())
	default:
	}
	p.kill()
	w.verify(cfg, len(all))
}

func (p *workerProcess) signal(t testing.TB, s os.Signal) {
	t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		t.Fatal(err)
	}
}
