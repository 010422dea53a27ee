package main

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/holdfast/holdfast/internal/devclickhouse/enginetest"
	"github.com/holdfast/holdfast/pipeline/checkpoint"
	"github.com/holdfast/holdfast/pipeline/shard"
)

// commandVariable makes the test binary the program itself.
const commandVariable = "HOLDFAST_TEST_COMMAND"

// TestMain lets a test run a command in a process of its own, which it may kill.
func TestMain(m *testing.M) {
	if os.Getenv(commandVariable) != "" {
		os.Exit(execute(context.Background(), fromProcess(), os.Args[1:]))
	}
	enginetest.Main(m)
}

// process is a command in a process of its own.
type process struct {
	*exec.Cmd
	said   syncBuffer
	exited chan struct{}
}

// syncBuffer is what a process said so far.
type syncBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

// Write implements io.Writer.
func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

func startProcess(t *testing.T, environ map[string]string, args ...string) *process {
	t.Helper()
	p := &process{Cmd: exec.Command(os.Args[0], args...), exited: make(chan struct{})}
	p.Env = []string{commandVariable + "=1", "HOME=" + t.TempDir(), "HOSTNAME=test-host"}
	for name, value := range environ {
		p.Env = append(p.Env, name+"="+value)
	}
	p.Stdout, p.Stderr = &p.said, &p.said
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(p.exited)
		_ = p.Wait() // how it ended is asked of ProcessState
	}()
	t.Cleanup(p.kill)
	return p
}

// kill ends the process as a crash does.
func (p *process) kill() {
	_ = p.Process.Kill() // it may have ended by itself
	<-p.exited
}

// place is a Kafka with our topics, and what a test does to it.
type place struct {
	t       *testing.T
	environ map[string]string
	client  *kgo.Client
	admin   *kadm.Client
}

const (
	purchaseTopic = "retail.purchases.v1"
	visitTopic    = "retail.visits.v1"
)

func newPlace(t *testing.T) *place {
	t.Helper()
	p := &place{t: t, environ: kafkaFor(t)}
	p.environ["HOLDFAST_KAFKA_INSTANCE_ID"], p.environ["HOLDFAST_OPS_LISTEN"] = "one", freeAddress(t)
	p.configure("")
	p.must("migrate", "up")
	p.connect()
	return p
}

// freeAddress is one that nobody listens on.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// connect makes the test's own client.
func (p *place) connect() {
	p.t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(p.environ["HOLDFAST_KAFKA_BROKERS"]),
		kgo.RecordPartitioner(kgo.ManualPartitioner()))
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(client.Close)
	p.client, p.admin = client, kadm.NewClient(client)
}

// must runs a command that succeeds.
func (p *place) must(args ...string) outcome {
	p.t.Helper()
	got := holdfast(p.t, p.environ, args...)
	if got.code != 0 {
		p.t.Fatalf("holdfast %s: %+v", strings.Join(args, " "), got)
	}
	return got
}

// orders sends an order of each customer from one number up to another.
func (p *place) orders(partition int32, from, to int) {
	p.t.Helper()
	p.send(purchaseTopic, partition, from, to, `"kind":"order","order_id":"o-%[1]d","currency":"EUR","amount_net":10`)
}

// visits sends a visit of each customer from one number up to another.
func (p *place) visits(partition int32, from, to int) {
	p.t.Helper()
	p.send(visitTopic, partition, from, to, `"kind":"session","session_id":"s-%[1]d"`)
}

func (p *place) send(topic string, partition int32, from, to int, own string) {
	p.t.Helper()
	at := time.Now().UTC().Add(-48 * time.Hour)
	kind := strings.TrimSuffix(strings.Split(topic, ".")[1], "s")
	var records []*kgo.Record
	for n := from; n < to; n++ {
		occurred := at.Add(time.Duration(n) * time.Millisecond).Format("2006-01-02T15:04:05.000000Z")
		value := fmt.Appendf(nil, `{"event_id":"5d0c6f0e-51b5-4b0c-8000-%012d","event_type":%q,"occurred_at":%q,`+
			`"customer_id":"c-%d",%s,"source":"test"}`, len(kind)*1_000_000+n, kind, occurred, n, fmt.Sprintf(own, n))
		records = append(records, &kgo.Record{Topic: topic, Partition: partition, Key: fmt.Appendf(nil, "c-%d", n),
			Value: value})
	}
	if err := p.client.ProduceSync(p.t.Context(), records...).FirstErr(); err != nil {
		p.t.Fatal(err)
	}
}

// deleteBefore lets retention take what lies below an offset; -1 = everything.
func (p *place) deleteBefore(topic string, partition int32, offset int64) {
	p.t.Helper()
	offsets := kadm.Offsets{}
	offsets.AddOffset(topic, partition, offset, -1)
	answer, err := p.admin.DeleteRecords(p.t.Context(), offsets)
	if err == nil {
		err = answer.Error()
	}
	if err != nil {
		p.t.Fatal(err)
	}
}

// caughtUp runs the program until everything is applied and it is ready, and stops it.
func (p *place) caughtUp() {
	p.t.Helper()
	stop, ended := p.run()
	waiting, leave := context.WithTimeout(p.t.Context(), time.Minute)
	defer leave()
	end := make(chan outcome, 1)
	go func() {
		end <- <-ended
		leave() // by itself: nothing is to be waited for
	}()
	got := holdfastUntil(p.t, waiting, p.environ, "wait", "--caught-up", "--timeout", "60s")
	for waiting.Err() == nil && holdfast(p.t, p.environ, "health").code != 0 {
		time.Sleep(20 * time.Millisecond)
	}
	stop()
	if end := <-end; end.code != 0 || got.code != 0 {
		p.t.Fatalf("wait: %+v; run: %+v", got, end)
	}
}

// run runs the program in this process.
func (p *place) run() (stop func(), ended <-chan outcome) {
	ctx, cancel := context.WithCancel(p.t.Context())
	done := make(chan outcome, 1)
	go func() { done <- holdfastUntil(p.t, ctx, p.environ, "run") }()
	return cancel, done
}

// refused runs the program until it ends by itself, and returns its words.
func (p *place) refused(words ...string) string {
	p.t.Helper()
	stop, ended := p.run()
	defer stop()
	select {
	case end := <-ended:
		said := lastLine(end.stderr)
		for _, w := range words {
			if end.code != 1 || !strings.Contains(said, w) {
				p.t.Fatalf("exit %d with %q, want a refusal with %q", end.code, said, w)
			}
		}
		return said
	case <-time.After(60 * time.Second):
		p.t.Fatalf("it runs on, want a refusal with %q", words)
	}
	return ""
}

// says waits until the process has said something, and returns the line.
func (p *process) says(t *testing.T, words string) string {
	t.Helper()
	for range 600 {
		for line := range strings.Lines(p.said.String()) {
			if strings.Contains(line, words) {
				return line
			}
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Fatalf("it never said %q:\n%s", words, p.said.String())
	return ""
}

func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return lines[len(lines)-1]
}

var quotedCommand = regexp.MustCompile("`holdfast ([^`]+)`")

// follow runs the command that a message names, as it stands there.
func (p *place) follow(message, command string) outcome {
	p.t.Helper()
	for _, m := range quotedCommand.FindAllStringSubmatch(message, -1) {
		if strings.HasPrefix(m[1], command) {
			return p.must(strings.Fields(m[1])...)
		}
	}
	p.t.Fatalf("%q names no `holdfast %s`", message, command)
	return outcome{}
}

// counters adds up what the shards have counted since their beginning.
func (p *place) counters() (sum shard.Counters) {
	p.t.Helper()
	const batchLog = "holdfast.batch-log.v1"
	ends, err := checkpoint.EndOffsets(p.t.Context(), p.client, []string{batchLog})
	if err != nil {
		p.t.Fatal(err)
	}
	for n := range ends[batchLog] {
		var last checkpoint.Entry
		p.read(batchLog, n, func(r *kgo.Record) (err error) {
			last, err = checkpoint.DecodeEntry(r.Value)
			return err
		})
		c := shard.CountersOf(last.Counters)
		sum.Read, sum.Applied, sum.Duplicates = sum.Read+c.Read, sum.Applied+c.Applied, sum.Duplicates+c.Duplicates
		sum.Skipped, sum.Rejected = sum.Skipped+c.Skipped, sum.Rejected+c.Rejected
	}
	return sum
}

// read returns each record of a partition, read committed.
func (p *place) read(topic string, partition int32, f func(*kgo.Record) error) {
	p.t.Helper()
	ends, err := checkpoint.EndOffsets(p.t.Context(), p.client, []string{topic})
	if err != nil {
		p.t.Fatal(err)
	}
	r := ends[topic][partition]
	if _, err := checkpoint.ReadRange(p.t.Context(), p.client, checkpoint.ReadRangeOptions{Topic: topic,
		Partition: partition,
		From:      r.Start, To: r.End}, f); err != nil {
		p.t.Fatal(err)
	}
}

// wantCounts holds what was applied, repeated and skipped.
func (p *place) wantCounts(applied, repeated, skipped uint64) {
	p.t.Helper()
	if c := p.counters(); c.Applied != applied || c.Duplicates != repeated || c.Skipped != skipped || c.Rejected != 0 {
		p.t.Errorf("applied %d, repeated %d, skipped %d, rejected %d; want %d, %d, %d, 0", c.Applied, c.Duplicates, c.Skipped,
			c.Rejected, applied, repeated, skipped)
	}
}
