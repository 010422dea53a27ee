package e2e

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/holdfast/holdfast/internal/workload"
	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/schemas/topics"
)

// memoryVariable lets the tests of the shipped memory limit run: they take minutes.
const memoryVariable = "HOLDFAST_MEMORY"

// shipped is what docker-compose.yml gives the service holdfast.
type shipped struct {
	limitBytes  int64
	environment []string // of Go's runtime
}

func shippedLimits(t *testing.T) (s shipped) {
	t.Helper()
	options, err := cli.NewProjectOptions([]string{"../../docker-compose.yml"}, cli.WithResolvedPaths(false),
		cli.WithEnv([]string{"SECRETS_DIR=.", "CLICKHOUSE_PASSWORD=none"}))
	if err != nil {
		t.Fatal(err)
	}
	project, err := options.LoadProject(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	service := project.Services["holdfast"]
	for _, name := range []string{"GOMEMLIMIT", "GOGC"} {
		if value := service.Environment[name]; value != nil {
			s.environment = append(s.environment, name+"="+*value)
		}
	}
	if s.limitBytes = int64(service.MemLimit); s.limitBytes <= 0 {
		t.Fatal("docker-compose.yml sets no memory limit")
	}
	return s
}

// TestNoMemoryKill runs the program under the limit that docker-compose.yml
// sets, on backlogs that took more than that: the kernel, or where no group may
// be made here the test, ends what goes beyond it.
func TestNoMemoryKill(t *testing.T) {
	if os.Getenv(memoryVariable) == "" {
		t.Skipf("set %s=1: it takes minutes", memoryVariable)
	}
	limits := shippedLimits(t)
	t.Run("records that compress well", func(t *testing.T) {
		newWorldAlone(t, "HOLDFAST_TIME_CLOCK=honest").underLimit(limits, (*world).writeBlanks, map[string]string{
			"uniqExact(customer_id)": "200", "sum(orders_life)": "6000", "sum(visits_90d)": "0"})
	})
	t.Run("many customers", func(t *testing.T) {
		newWorldAlone(t, "HOLDFAST_TIME_CLOCK=honest").underLimit(limits, backlogOf(150_000), map[string]string{
			"uniqExact(customer_id)": "150000", "sum(orders_life)": "450000", "sum(visits_90d)": "2400000",
			"sum(complaints_90d)": "150000"})
	})
	// A fifth of them in so little that the room to unpack in is its least: what holds
	// some of it for ever ends all reading here.
	t.Run("little memory", func(t *testing.T) {
		little := limits
		little.limitBytes = 300 << 20
		newWorldAlone(t, "HOLDFAST_TIME_CLOCK=honest").underLimit(little, backlogOf(30_000), map[string]string{
			"uniqExact(customer_id)": "30000", "sum(orders_life)": "90000", "sum(visits_90d)": "480000",
			"sum(complaints_90d)": "30000"})
	})
	t.Run("a silence that ends at once", func(t *testing.T) {
		newWorldAlone(t, "HOLDFAST_TIME_CLOCK=honest").underLimit(limits, (*world).writeSilence, map[string]string{
			"uniqExact(customer_id)": "90000", "sum(orders_life)": "360000", "countIf(level = 'lost')": "90000"})
	})
}

// writeSilence writes four purchases of each of 90,000 customers who were not
// heard of for a year: all that follows from that comes at once.
func (w *world) writeSilence() {
	const customers, purchases = 90_000, 4
	load := workload.NewLoad(workload.LoadConfig{Seed: 3, Customers: customers})
	start := event.Instant(time.Now().Add(-400 * 24 * time.Hour).UnixMicro())
	w.produce(1<<20, customers*purchases, func(i int) workload.Item {
		return load.Make(event.Purchase, uint64(i%customers), start+event.Instant(i)*15*event.Day24h/customers)
	})
}

// underLimit lets the program work off what write has written, kills it once on
// the way, and asks what came of it.
func (w *world) underLimit(limits shipped, write func(*world), want map[string]string) {
	w.t.Helper()
	write(w)
	group := newMemoryGroup(w.t, limits.limitBytes)
	w.environ = append(w.environ, limits.environment...)
	p := w.startIn(group, "run", "--instance-id", "limited")
	p.says("holdfast starts", time.Minute)
	select {
	case <-p.done:
		w.t.Fatalf("it ended: %v", p.cmd.ProcessState)
	case <-time.After(6 * time.Second):
		p.kill() // what it had not written as pages is replayed, under the same limit
	}
	p = w.startIn(group, "run", "--instance-id", "limited")
	wait := w.start("wait", "--caught-up", "--timeout", "12m") // what it needs is asked for, not how long it takes
	select {
	case <-p.done:
		w.t.Fatalf("it ended: %v", p.cmd.ProcessState)
	case <-wait.done:
		if code := wait.cmd.ProcessState.ExitCode(); code != 0 {
			w.t.Fatalf("waiting for it ended with code %d", code)
		}
	}
	// What silence brings follows the input, and is not waited for.
	deadline := time.Now().Add(time.Minute)
	for what, expected := range want {
		ask := func() string { return strings.TrimSpace(w.ask("SELECT " + what + " FROM customer_current FINAL")) }
		got := ask()
		for ; got != expected && time.Now().Before(deadline); got = ask() {
			time.Sleep(time.Second)
		}
		if got != expected {
			w.t.Errorf("%s is %s, want %s", what, got, expected)
		}
	}
	peak := peakBytes(w.t, p.cmd.Process.Pid)
	w.t.Logf("at most %d MiB of %d MiB (%s)", peak>>20, limits.limitBytes>>20, group)
	if peak >= limits.limitBytes {
		w.t.Errorf("took %d bytes, and %d are allowed", peak, limits.limitBytes)
	}
}

// blankBytes is how much white space each record of writeBlanks holds: less than a
// broker takes even where nothing is compressed.
const blankBytes = 900_000

// writeBlanks writes 6,000 valid purchases of 900 kB that compress to a
// thousandth: half of them alone in their batch, half some together; and 1,000
// that are not events.
func (w *world) writeBlanks() {
	load := workload.NewLoad(workload.LoadConfig{Seed: 1, Customers: 200})
	at := event.Instant(time.Now().Add(-60 * 24 * time.Hour).UnixMicro())
	for _, batchBytes := range []int32{1 << 20, 16 << 20} {
		w.produce(batchBytes, 3000, func(i int) workload.Item {
			item := load.Make(event.Purchase, uint64(i%200), at)
			at += event.Minute
			item.Value = append(bytes.Repeat([]byte{' '}, blankBytes), item.Value...)
			return item
		})
	}
	w.produce(1<<20, 1000, func(i int) workload.Item { // dead letters, whole
		item := load.Make(event.Purchase, uint64(i%200), at)
		item.Value = append(bytes.Repeat([]byte{' '}, blankBytes), '{')
		return item
	})
}

// backlogOf writes twenty events of each of many customers: what each does, and in
// which mix, repeats every twenty.
func backlogOf(customers int) func(*world) {
	return func(w *world) { w.writeBacklog(customers) }
}

func (w *world) writeBacklog(customers int) {
	const rounds = 20
	load := workload.NewLoad(workload.LoadConfig{Seed: 2, Customers: customers})
	start := event.Instant(time.Now().Add(-62 * 24 * time.Hour).UnixMicro())
	step := 60 * event.Day24h / event.Instant(customers*rounds)
	w.produce(1<<20, customers*rounds, func(i int) workload.Item {
		kind := event.Visit
		switch i / customers {
		case 2, 9, 15:
			kind = event.Purchase
		case 11:
			kind = event.Complaint
		}
		return load.Make(kind, uint64(i%customers), start+event.Instant(i)*step)
	})
}

// produce writes items to the inputs, compressed as producers do.
func (w *world) produce(batchBytes int32, n int, next func(i int) workload.Item) {
	w.t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(w.kafka), kgo.ProducerBatchCompression(kgo.ZstdCompression()),
		kgo.ProducerBatchMaxBytes(batchBytes), kgo.BrokerMaxWriteBytes(100<<20), kgo.ProducerLinger(50*time.Millisecond),
		kgo.MaxBufferedBytes(256<<20), kgo.MaxBufferedRecords(200_000))
	if err != nil {
		w.t.Fatal(err)
	}
	defer client.Close()
	names := topics.DefaultNames()
	topicOf := map[event.Type]string{event.Purchase: names[topics.Purchases], event.Visit: names[topics.Visits],
		event.Complaint: names[topics.Complaints]}
	failure := make(chan error, 1)
	for i := range n {
		item := next(i)
		client.Produce(w.t.Context(), &kgo.Record{Topic: topicOf[item.Topic], Key: item.Key, Value: item.Value},
			func(_ *kgo.Record, err error) {
				if err != nil {
					select {
					case failure <- err:
					default:
					}
				}
			})
	}
	if err := client.Flush(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
	select {
	case err := <-failure:
		w.t.Fatal(err)
	default:
	}
}

// memoryGroup is a control group with a memory limit; without a folder there is
// none, and the test itself looks at what the process takes.
type memoryGroup struct {
	folder     string
	limitBytes int64
}

func (g memoryGroup) String() string {
	if g.folder == "" {
		return "watched: no control group may be made here"
	}
	return "enforced by " + g.folder
}

// newMemoryGroup makes a control group, of either version, below the one that
// the tests run in.
func newMemoryGroup(t *testing.T, limitBytes int64) memoryGroup {
	t.Helper()
	text, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return memoryGroup{limitBytes: limitBytes}
	}
	name := fmt.Sprintf("holdfast-test-%d-%d", os.Getpid(), time.Now().UnixNano())
	for line := range strings.Lines(string(text)) {
		parts := strings.SplitN(strings.TrimSpace(line), ":", 3)
		for _, mount := range []struct{ controllers, folder, file string }{
			{"memory", "/sys/fs/cgroup/memory", "memory.limit_in_bytes"}, {"", "/sys/fs/cgroup", "memory.max"}} {
			if parts[1] != mount.controllers {
				continue
			}
			folder := filepath.Join(mount.folder, parts[2], name)
			if os.Mkdir(folder, 0o755) != nil {
				folder = filepath.Join(mount.folder, name) // where a container sees its own group as the root
				if os.Mkdir(folder, 0o755) != nil {
					continue
				}
			}
			t.Cleanup(func() { removeGroup(t, folder) })
			// The file is not made: without the controller it is not there.
			if f, err := os.OpenFile(filepath.Join(folder, mount.file), os.O_WRONLY, 0); err == nil {
				_, err = fmt.Fprintf(f, "%d\n", limitBytes)
				if err = errors.Join(err, f.Close()); err == nil {
					return memoryGroup{folder: folder, limitBytes: limitBytes}
				}
			}
		}
	}
	return memoryGroup{limitBytes: limitBytes}
}

// removeGroup removes a control group once its processes are gone.
func removeGroup(t *testing.T, folder string) {
	for range 50 {
		if err := os.Remove(folder); err == nil {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Logf("%s could not be removed", folder)
}

// startIn starts a command within a control group. Without one Go is told the
// limit as the program would have read it, and the process is ended when it
// takes more than that.
func (w *world) startIn(g memoryGroup, args ...string) *process {
	w.t.Helper()
	if g.folder == "" {
		w.environ = append([]string{fmt.Sprintf("GOMEMLIMIT=%d", g.limitBytes*8/10)}, w.environ...)
		p := w.start(args...)
		go p.endAbove(g.limitBytes)
		return p
	}
	script := `echo $$ > "$0/cgroup.procs" && exec "$@"`
	return w.startCommand(exec.Command("sh", append([]string{"-c", script, g.folder, binary}, args...)...), args)
}

// endAbove kills the process once it takes more than a limit.
func (p *process) endAbove(limitBytes int64) {
	for {
		select {
		case <-p.done:
			return
		case <-time.After(20 * time.Millisecond):
			if resident, err := statusBytes(p.cmd.Process.Pid, "VmRSS:"); err == nil && resident > limitBytes {
				_ = p.cmd.Process.Kill() // it may be gone already
			}
		}
	}
}

// peakBytes is the most memory that a process has had resident.
func peakBytes(t *testing.T, pid int) int64 {
	t.Helper()
	n, err := statusBytes(pid, "VmHWM:")
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// statusBytes reads a size of a process from the kernel.
func statusBytes(pid int, name string) (int64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, name); ok {
			kilobytes, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			return kilobytes << 10, err
		}
	}
	return 0, fmt.Errorf("no %s in /proc/%d/status", name, pid)
}
