package pipeline_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/holdfast/holdfast/internal/apachekafka"
	"github.com/holdfast/holdfast/internal/workload"
	"github.com/holdfast/holdfast/pipeline"
)

// workerOrder is what a worker process is told: where Kafka is, and at which
// point of the protocol, reached for which time, to die.
type workerOrder struct {
	Addrs []string
	Point point
	Nth   int64
	// Checkpointed are the ids of the topics that a restore begins with.
	Checkpointed [][16]byte
	// StuckAfter is how long the loop may stand still; 0 = the default.
	StuckAfter time.Duration
	// SelfFit lets it fit its own parameters.
	SelfFit bool
}

const workerVariable = "HOLDFAST_TEST_WORKER"

// runWorker is the life of a worker process. It ends only by a signal.
func runWorker(order workerOrder) int {
	t := &outsider{}
	w := &world{t: t, addrs: order.Addrs, names: defaultNames()}
	cfg := w.config()
	cfg.StuckAfter = order.StuckAfter
	if order.SelfFit {
		cfg = selfFitted(t, cfg)
		w.dieFitting(&cfg, order.Point)
	}
	if order.Nth > 0 {
		var reached atomic.Int64
		w.observe(&cfg, order.Checkpointed, func(at point) {
			if at == order.Point && reached.Add(1) == order.Nth {
				if err := syscall.Kill(os.Getpid(), syscall.SIGKILL); err != nil {
					panic(err)
				}
				select {} // the signal is on its way
			}
		})
	}
	p, err := pipeline.New(cfg)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	if err := p.Run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// outsider stands in for a test in a worker process.
type outsider struct{ testing.TB }

func (*outsider) Fatal(args ...any) {
	fmt.Fprintln(os.Stderr, args...)
	os.Exit(1)
}
func (*outsider) Helper() {}

// workerProcess is a worker in a process of its own.
type workerProcess struct {
	cmd    *exec.Cmd
	stderr bytes.Buffer
	done   chan struct{}
}

func startWorker(t testing.TB, order workerOrder) *workerProcess {
	t.Helper()
	encoded, err := json.Marshal(order)
	if err != nil {
		t.Fatal(err)
	}
	p := &workerProcess{cmd: exec.Command(os.Args[0]), done: make(chan struct{})}
	p.cmd.Env = append(os.Environ(), workerVariable+"="+string(encoded))
	p.cmd.Stderr = &p.stderr
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(p.done)
		_ = p.cmd.Wait() // how it ended is asked of ProcessState
	}()
	t.Cleanup(func() { p.kill() })
	return p
}

func (p *workerProcess) kill() {
	_ = p.cmd.Process.Kill() // it may have ended by itself
	<-p.done
}

// killed waits for the process to end by its own SIGKILL, or kills it.
func (p *workerProcess) killed(t testing.TB, patience time.Duration) (byItself bool) {
	t.Helper()
	select {
	case <-p.done:
	case <-time.After(patience):
		p.kill()
		return false
	}
	status, ok := p.cmd.ProcessState.Sys().(syscall.WaitStatus)
	if !ok || !status.Signaled() || status.Signal() != syscall.SIGKILL {
		t.Fatalf("the worker ended by itself: %v\n%s", p.cmd.ProcessState, p.stderr.String())
	}
	return true
}

// TestPipelineSurvivesKills kills the worker at random and at every named
// point of the protocol while events arrive and a reader watches, and then
// holds everything that was written against the references. HOLDFAST_KILLS
// sets how many kills there are, HOLDFAST_KILLS_PER_POINT how many of them hit
// each point; the default is few, for every day.
func TestPipelineSurvivesKills(t *testing.T) {
	newWorld(t).surviveKills(number("HOLDFAST_KILLS", 5), number("HOLDFAST_KILLS_PER_POINT", 0))
}

// TestIntegrationPipelineSurvivesKills is the same on Apache Kafka.
func TestIntegrationPipelineSurvivesKills(t *testing.T) {
	cluster := apachekafka.ForTest(t, apachekafka.Options{Nodes: 1})
	newWorldAt(t, cluster.Addrs()).surviveKills(max(10, number("HOLDFAST_KILLS", 10)/4), 1)
}

func number(variable string, otherwise int) int {
	if n, err := strconv.Atoi(os.Getenv(variable)); err == nil {
		return n
	}
	return otherwise
}

// surviveKills lets a worker be killed so many times, at least perPoint times
// at each point.
func (w *world) surviveKills(kills, perPoint int) {
	t := w.t
	cfg := w.config()
	seed := uint64(time.Now().UnixNano())
	random := rand.New(rand.NewPCG(seed, 1))
	all, checkpointed := points(), w.checkpointed()
	kills = max(kills, perPoint*len(all))
	of := dirtyLoad(20_000 + 4_000*kills)
	of.Customers = 4000 // several pages a shard: what no page has yet must be replayed
	load := items(of)
	t.Logf("seed %d, %d kills, at most %d events", seed, kills, len(load))
	enough := w.feed(load)
	watcher := w.watch()
	hits := map[point]int{}
	for _, at := range all {
		// A worker that finds little to do may not come to its point in time.
		for tries := 0; hits[at] < perPoint && tries < 6*perPoint; tries++ {
			order := workerOrder{Addrs: w.addrs, Checkpointed: checkpointed, Point: at,
				Nth: 1 + random.Int64N(int64(8/(1+tries/perPoint)))}
			if startWorker(t, order).killed(t, 5*time.Second) {
				hits[at]++
			}
		}
	}
	first := random.IntN(len(all))
	for n := range kills - perPoint*len(all) {
		order := workerOrder{Addrs: w.addrs, Checkpointed: checkpointed}
		patience := time.Duration(200+random.IntN(1200)) * time.Millisecond
		if n%3 != 2 {
			order.Point, order.Nth = all[(first+n)%len(all)], 1+random.Int64N(12)
			patience = 4 * time.Second
		}
		if startWorker(t, order).killed(t, patience) {
			hits[order.Point]++
		}
	}
	produced := enough()
	last := startWorker(t, workerOrder{Addrs: w.addrs})
	w.caughtUp(cfg)
	last.kill()
	t.Logf("killed by itself at %v", hits)
	for _, at := range all {
		if hits[at] < perPoint {
			t.Errorf("point %s was hit %d times of %d: the fault did not happen", at, hits[at], perPoint)
		}
	}
	if len(hits) == 0 {
		t.Error("no worker reached its point: the kills at named points did not happen")
	}
	w.verify(cfg, produced)
	watcher.holds(t, w)
}

// feed sends the items little by little until it has been enough; saying so
// gives how many were sent.
func (w *world) feed(all []workload.Item) (enough func() int) {
	stop, done, n := make(chan struct{}), make(chan struct{}), 0
	go func() {
		defer close(done)
		for chunk := range slices.Chunk(all, 100) {
			select {
			case <-stop:
				return
			case <-time.After(50 * time.Millisecond):
				w.produceLive(chunk)
				n += len(chunk)
			}
		}
	}()
	enough = sync.OnceValue(func() int {
		close(stop)
		<-done
		return n
	})
	w.t.Cleanup(func() { enough() })
	return enough
}

// watcher reads the alerts, read committed, while the kills go on.
type watcher struct {
	stop func()
	seen map[string]int
}

// watch begins to read the alert topics.
func (w *world) watch() *watcher {
	w.t.Helper()
	o := &watcher{seen: map[string]int{}}
	stop := make(chan struct{})
	done := make(chan struct{})
	client := w.consumer()
	go func() {
		defer close(done)
		for {
			select {
			case <-stop:
				return
			default:
			}
			for _, r := range poll(client) {
				var m message
				if err := json.Unmarshal(r.Value, &m); err == nil {
					o.seen[m.key()]++
				}
			}
		}
	}()
	o.stop = func() {
		close(stop)
		<-done
		client.Close()
	}
	return o
}

// holds says that the watcher saw each alert at most once, and nothing that
// is not there in the end.
func (o *watcher) holds(t testing.TB, w *world) {
	t.Helper()
	o.stop()
	final := map[string]bool{}
	for _, m := range w.alerts() {
		final[m.key()] = true
	}
	for key, times := range o.seen {
		if times != 1 || !final[key] {
			t.Errorf("the reader saw alert %s %d times; in the end it is there: %v", key, times, final[key])
		}
	}
	if len(o.seen) == 0 {
		t.Error("the reader saw nothing")
	}
}
