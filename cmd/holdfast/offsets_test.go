package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/holdfast/holdfast/internal/devclickhouse/enginetest"
	"github.com/holdfast/holdfast/pipeline"
)

// TestSkipFollowsTheRefusal deletes records before they are read: the next start
// is refused, and the command that it names lets the one after go on.
func TestSkipFollowsTheRefusal(t *testing.T) {
	p := newPlace(t)
	p.orders(0, 0, 10)
	p.orders(1, 100, 110)
	p.caughtUp()
	p.wantCounts(20, 0, 0)
	p.orders(0, 10, 17)
	p.deleteBefore(purchaseTopic, 0, 14)
	said := p.refused(purchaseTopic+"/0", "offsets 10 to 13 were deleted by retention before they were read")
	if shown := p.shown(purchaseTopic, 0); shown.Lost != 4 || shown.Position != 10 || shown.Start != 14 ||
		shown.End != 17 {
		t.Errorf("offsets show says %+v", shown)
	}
	got := p.follow(said, "offsets skip --input "+purchaseTopic+"/0")
	if want := purchaseTopic + "/0 goes on from 14 instead of 10: 4 offsets skipped\n"; got.stdout != want {
		t.Errorf("skip says %q, want %q", got.stdout, want)
	}
	p.caughtUp()
	p.wantCounts(23, 0, 4)
	if got := p.metric("holdfast_offsets_skipped"); got != "4" { // and what follows is a history like any other
		t.Errorf("holdfast_offsets_skipped is %s", got)
	}
	p.orders(0, 17, 20)
	p.caughtUp()
	p.wantCounts(26, 0, 4)
	if shown := p.shown(purchaseTopic, 0); shown.Lost != 0 || shown.Position != 20 || shown.Skipped != 4 ||
		shown.Committed != 20 {
		t.Errorf("offsets show says %+v", shown)
	}
}

// metric runs the program until it is ready, and returns the value of a metric
// once it is there.
func (p *place) metric(name string) (value string) {
	p.t.Helper()
	stop, ended := p.run()
	for range 200 {
		time.Sleep(50 * time.Millisecond)
		answer, err := http.Get("http://" + p.environ["HOLDFAST_OPS_LISTEN"] + "/metrics")
		if err != nil {
			continue
		}
		text, _ := io.ReadAll(answer.Body) // what is missing is not found
		answer.Body.Close()
		for line := range strings.Lines(string(text)) {
			if rest, ok := strings.CutPrefix(line, name+" "); ok {
				value = strings.TrimSpace(rest)
			}
		}
		if value != "" && value != "0" {
			break
		}
	}
	stop()
	if end := <-ended; end.code != 0 {
		p.t.Fatalf("%+v", end)
	}
	return value
}

// TestSkipAllPartitions names a topic only: what has lost nothing stays.
func TestSkipAllPartitions(t *testing.T) {
	p := newPlace(t)
	p.orders(0, 0, 5)
	p.orders(1, 100, 105)
	p.visits(0, 0, 5)
	p.caughtUp()
	for n := range int32(2) {
		p.orders(n, 200*int(n+1), 200*int(n+1)+3)
		p.deleteBefore(purchaseTopic, n, 6)
	}
	p.refused("were deleted by retention before they were read")
	got := p.must("offsets", "skip", "--input", purchaseTopic, "-o", "json")
	var moved struct{ Moved []map[string]any }
	if err := json.Unmarshal([]byte(got.stdout), &moved); err != nil || len(moved.Moved) != 2 {
		t.Errorf("%v: %s", err, got.stdout)
	}
	if got := p.must("offsets", "skip", "--input", purchaseTopic); got.stdout != purchaseTopic+": nothing to move\n" {
		t.Errorf("once more: %q", got.stdout)
	}
	if got := p.must("offsets", "skip", "--input", visitTopic); got.stdout != visitTopic+": nothing to move\n" {
		t.Errorf("an input that lost nothing: %q", got.stdout)
	}
	p.caughtUp()
	p.wantCounts(15+4, 0, 2)
}

// TestSkipToAnOffset gives up records that are still there: a wrong import, say.
func TestSkipToAnOffset(t *testing.T) {
	p := newPlace(t)
	p.orders(0, 0, 5)
	p.caughtUp()
	p.orders(0, 5, 15)
	p.must("offsets", "skip", "--input", purchaseTopic+"/0", "--to", "12")
	p.caughtUp()
	p.wantCounts(8, 0, 7)
	p.orders(0, 15, 20)
	p.must("offsets", "skip", "--input", purchaseTopic+"/0", "--to", "end")
	p.caughtUp()
	p.wantCounts(8, 0, 12)
}

// TestAMoveOutlivesTheBatchLog: after a clean stop the header alone says where
// the shard stands, so a move must be in it.
func TestAMoveOutlivesTheBatchLog(t *testing.T) {
	p := newPlace(t)
	p.orders(0, 0, 10)
	p.caughtUp()
	p.orders(0, 10, 20)
	p.must("offsets", "skip", "--input", purchaseTopic+"/0", "--to", "15")
	for n := range int32(2) {
		p.deleteBefore("holdfast.batch-log.v1", n, -1)
	}
	if shown := p.shown(purchaseTopic, 0); shown.Position != 15 || shown.Skipped != 5 {
		t.Errorf("offsets show says %+v", shown)
	}
	p.caughtUp()
	p.wantCounts(15, 0, 5)
}

// TestRewindRecognisesRepetitions reads again what is still remembered.
func TestRewindRecognisesRepetitions(t *testing.T) {
	p := newPlace(t)
	p.orders(0, 0, 10)
	p.orders(1, 100, 110)
	p.caughtUp()
	got := holdfast(t, p.environ, "offsets", "rewind", "--input", purchaseTopic+"/0", "--to", "4")
	if got.code != 2 || !strings.Contains(got.stderr, "say --yes") {
		t.Fatalf("without --yes: %+v", got)
	}
	p.must("offsets", "rewind", "--input", purchaseTopic+"/0", "--to", "4", "--yes")
	if shown := p.shown(purchaseTopic, 0); shown.Position != 4 || shown.Committed != 4 || shown.Lag() != 6 {
		t.Errorf("offsets show says %+v", shown)
	}
	p.orders(0, 10, 12)
	p.caughtUp()
	p.wantCounts(22, 6, 0)
}

// TestSkipAfterACrash deletes records that the next start would apply again: it
// is refused, and goes on without them once they are given up.
func TestSkipAfterACrash(t *testing.T) {
	p := newPlace(t)
	p.environ["HOLDFAST_CHECKPOINT_MAX_REPLAY"] = "1h"
	const customers = 6000
	p.orders(0, 0, customers)
	p.orders(1, 100_000, 100_000+customers)
	running := startProcess(t, p.environ, "run")
	p.must("wait", "--caught-up", "--timeout", "60s")
	running.kill()
	p.orders(0, customers, customers+5)
	p.deleteBefore(purchaseTopic, 0, customers)
	p.deleteBefore(purchaseTopic, 1, customers)
	for range 2 {
		said := p.refused("replay", "log start", "stop, and run `holdfast offsets skip --input "+purchaseTopic)
		got := p.follow(said, "offsets skip --input "+purchaseTopic)
		if !strings.Contains(got.stdout,
			"offsets that were counted are gone, and what they changed in the state is forgotten") {
			t.Errorf("skip says %q", got.stdout)
		}
	}
	p.caughtUp()
	c := p.counters()
	if c.Applied != 2*customers+5 || c.Skipped == 0 || c.Skipped > 2*customers {
		t.Errorf("applied %d, skipped %d", c.Applied, c.Skipped)
	}
	p.orders(0, customers+5, customers+9)
	p.caughtUp() // pages with free places are not missing
	p.orders(0, 0, 3)
	running = startProcess(t, p.environ, "run")
	p.must("wait", "--caught-up", "--timeout", "60s")
	running.kill()
	p.caughtUp()
	if now := p.counters(); now.Applied+now.Duplicates != 2*customers+12 || now.Skipped != c.Skipped {
		t.Errorf("applied %d, repeated %d, skipped %d, before %d", now.Applied, now.Duplicates, now.Skipped, c.Skipped)
	}
}

// TestTheLoaderGoesOnBehindRowsThatAreGone deletes rows from the outbox while
// nobody loads them. The loader says the command that lets it go on.
func TestTheLoaderGoesOnBehindRowsThatAreGone(t *testing.T) {
	t.Parallel() // it waits for sessions to run out
	engine := enginetest.Start(t)
	p := newPlace(t)
	p.environ["HOLDFAST_CLICKHOUSE_DSN"], p.environ["HOLDFAST_CLICKHOUSE_DATABASE"] = engine.DSN(), engine.Database()
	p.must("migrate", "up")
	p.orders(0, 0, 10)
	p.caughtUp()
	loading := startProcess(t, p.environ, "run", "--roles", "process")
	p.orders(0, 10, 20)
	if got := holdfast(t, p.environ, "wait", "--caught-up", "--clickhouse", "off"); got.code != 0 {
		t.Fatalf("%+v", got)
	}
	before := p.loaderShown(0)
	p.deleteBefore(outboxTopic(), 0, before.End)
	p.orders(0, 20, 30)
	if got := holdfast(t, p.environ, "wait", "--caught-up", "--clickhouse", "off"); got.code != 0 {
		t.Fatalf("%+v", got)
	}
	loading.kill()
	if now := p.loaderShown(0); now.Lost != before.End-before.Committed || now.Lost == 0 {
		t.Errorf("offsets show says %+v", now)
	}
	loading = startProcess(t, p.environ, "run")
	said := loading.says(t, "outbox cannot be read")
	loading.kill()
	got := p.follow(said, "offsets skip --loader")
	if want := fmt.Sprintf("%s/0 goes on from %d instead of %d: %d offsets skipped\n", outboxTopic(), before.End,
		before.Committed,
		before.End-before.Committed); got.stdout != want {
		t.Errorf("skip says %q, want %q", got.stdout, want)
	}
	p.caughtUp()
	if loaded := ask(t, engine, "SELECT count() FROM customer_current FINAL"); loaded != "20" {
		t.Errorf("%s customers are loaded, want those of before and after", loaded)
	}
	p.must("offsets", "rewind", "--loader", "--to", "start")
	if now := p.loaderShown(0); now.Committed != now.Start {
		t.Errorf("offsets show says %+v", now)
	}
	p.caughtUp()
	if loaded := ask(t, engine, "SELECT count() FROM customer_current FINAL"); loaded != "20" {
		t.Errorf("%s customers are loaded after a rewind", loaded)
	}
}

// ask asks an engine for one value.
func ask(t *testing.T, engine *enginetest.Engine, sql string) string {
	t.Helper()
	conn := enginetest.Connect(t, engine.DSN(), "")
	var n uint64
	if err := conn.QueryRow(t.Context(), sql).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return strconv.FormatUint(n, 10)
}

func (p *place) loaderShown(partition int) loaderOffsets {
	p.t.Helper()
	var all shownOffsets
	got := p.must("offsets", "show", "-o", "json")
	if err := json.Unmarshal([]byte(got.stdout), &all); err != nil || len(all.Loader) <= partition {
		p.t.Fatal(err, got.stdout)
	}
	return all.Loader[partition]
}

// TestMovesWaitForInstancesToBeGone: nothing is moved under one that works.
func TestMovesWaitForInstancesToBeGone(t *testing.T) {
	t.Parallel() // it waits for sessions to run out
	p := newPlace(t)
	p.orders(0, 0, 10)
	stop, ended := p.run()
	p.must("wait", "--caught-up", "--timeout", "60s")
	rewind := []string{"offsets", "rewind", "--input", purchaseTopic + "/0", "--to", "4", "--yes", "--timeout"}
	got := holdfast(t, p.environ, append(rewind, "300ms")...)
	if got.code != 1 || !strings.Contains(got.stderr, "has members (one at ") ||
		!strings.Contains(got.stderr, "stop them first") {
		t.Errorf("under a running instance: %+v", got)
	}
	p.must("offsets", "show")
	stop()
	if end := <-ended; end.code != 0 {
		t.Fatalf("%+v", end)
	}
	// One that is killed is a member until its session has run out.
	running := startProcess(t, p.environ, "run")
	p.orders(0, 10, 12)
	p.must("wait", "--caught-up", "--timeout", "60s")
	running.kill()
	p.must(append(rewind, "30s")...)
	p.caughtUp()
	p.wantCounts(12, 8, 0)
}

func TestMovesThatAreRefused(t *testing.T) {
	p := newPlace(t)
	p.orders(0, 0, 10)
	p.deleteBefore(purchaseTopic, 0, 2)
	p.caughtUp()
	for words, args := range map[string]string{
		"say what to move":                         "skip",
		"say where to go back to":                  "rewind --loader",
		"the inputs are retail.purchases.v1":       "skip --input retail.orders/0",
		`"x" is not a partition number`:            "skip --input retail.purchases.v1/x",
		"has 2 partitions":                         "skip --input retail.purchases.v1/2",
		"an offset in one partition: name it":      "skip --input retail.purchases.v1 --to 5",
		"--partition is for --loader":              "skip --input retail.purchases.v1/0 --partition 1",
		`--to "five" is not an offset`:             "skip --loader --to five",
		"stands at 10, and 5 lies before it":       "skip --input retail.purchases.v1/0 --to 5",
		"log holds offsets 2 to 10, and 11 is":     "skip --input retail.purchases.v1/0 --to 11",
		"log holds offsets 2 to 10, and 1 is":      "rewind --yes --input retail.purchases.v1/0 --to 1",
		"holds offsets 0 to ":                      "skip --loader --partition 0 --to 4711",
		"is loaded up to 0, and 1 lies after it":   "rewind --loader --partition 0 --to 1",
		"older ones are counted again: say --yes ": "rewind --input retail.purchases.v1/0 --to 3",
	} {
		got := holdfast(t, p.environ, append([]string{"offsets"}, strings.Fields(args)...)...)
		if got.code == 0 || !strings.Contains(got.stderr, words) {
			t.Errorf("offsets %s: exit %d, %q, want %q", args, got.code, got.stderr, words)
		}
	}
	p.caughtUp()
	p.wantCounts(8, 0, 0)
}

func (p *place) shown(topic string, partition int32) pipeline.InputOffsets {
	p.t.Helper()
	var all shownOffsets
	got := p.must("offsets", "show", "-o", "json")
	if err := json.Unmarshal([]byte(got.stdout), &all); err != nil {
		p.t.Fatal(err)
	}
	for _, s := range all.Inputs {
		if s.Topic == topic && s.Partition == partition {
			return s
		}
	}
	p.t.Fatalf("%s/%d is not shown: %s", topic, partition, got.stdout)
	return pipeline.InputOffsets{}
}
