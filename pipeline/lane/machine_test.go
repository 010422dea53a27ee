package lane_test

import (
	"fmt"
	"hash/crc32"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"pgregory.net/rapid"

	"github.com/holdfast/holdfast/pipeline/checkpoint"
	"github.com/holdfast/holdfast/pipeline/control"
	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/lane"
	"github.com/holdfast/holdfast/pipeline/signal"
)

// TestALaneIsAModelOfItsLogs drives a lane in any order of reading, working,
// committing, taking back and restarting, and holds every commit against what
// the logs hold.
func TestALaneIsAModelOfItsLogs(t *testing.T) {
	cfg := drivenConfig(t)
	rapid.Check(t, func(t *rapid.T) {
		cfg := *cfg
		cfg.Clock = rapid.SampledFrom([]lane.ClockMode{lane.HonestClock, lane.EventsClock}).Draw(t, "clock")
		d := newDriven(t, &cfg)
		for range rapid.IntRange(5, 60).Draw(t, "steps") {
			switch rapid.SampledFrom([]string{"arrive", "arrive", "arrive", "say", "ask", "read", "read", "work", "work",
				"keep", "keep", "undo", "take back", "wait", "restart"}).Draw(t, "step") {
			case "arrive":
				d.drawnArrivals(t)
			case "say":
				d.drawnControl(t)
			case "ask":
				d.ask()
			case "read":
				d.read(rapid.IntRange(0, inputCount-1).Draw(t, "input"), rapid.IntRange(1, 20).Draw(t, "poll"),
					rapid.IntRange(0, 2).Draw(t, "again"))
			case "work":
				d.work(rapid.SampledFrom([]int{1, 3, 1000}).Draw(t, "most"))
				d.lane.KeepWaiting(rapid.Bool().Draw(t, "memory is short"))
			case "keep":
				d.commit(rapid.Bool().Draw(t, "flush"), true)
			case "take back":
				d.commit(rapid.Bool().Draw(t, "flush"), false)
			case "undo":
				d.undo()
			case "wait":
				d.now = d.now.Add(time.Duration(rapid.SampledFrom([]int{1, 11, 3600, 40 * 86400}).Draw(t, "seconds")) *
					time.Second)
			case "restart":
				d.undo()
				d.restart(anyCopy(t))
			}
		}
		d.readAll()
	})
}

func anyCopy(t *rapid.T) func(copies int) int {
	return func(copies int) int { return rapid.IntRange(-1, copies-1).Draw(t, "copy of the page") }
}

// newestCopies are what a restore has: then the log is needed from where it says.
var newestCopies func(copies int) int

// drawnArrivals appends to an input: events about now, or what is none.
func (d *driven) drawnArrivals(t *rapid.T) {
	input := rapid.IntRange(purchases, complaints).Draw(t, "input")
	for range rapid.IntRange(1, 8).Draw(t, "records") {
		behind := time.Duration(rapid.SampledFrom([]int{0, 0, 5, 60, 7200, 86400 * 30}).Draw(t, "behind")) * time.Second
		kind := rapid.SampledFrom([]string{"event", "event", "event", "event", "referral", "bad", "null", "marker",
			"packed"}).
			Draw(t, "kind")
		d.arrive(input, d.now.Add(-behind), rapid.IntRange(1, 4).Draw(t, "customer"), kind)
	}
}

// drawnControl appends to the input of control records.
func (d *driven) drawnControl(t *rapid.T) {
	c := control.Record{Session: rapid.SampledFrom([]string{"a", "b"}).Draw(t, "session"),
		Topics: []string{"purchases", "visits"}, Events: 9, Sent: 3,
		Offsets: []int64{int64(len(d.logs[purchases])), int64(len(d.logs[visits]))}}
	switch rapid.SampledFrom([]string{"open", "reached", "closed", "rows", "credit", "credit", "marker",
		"none"}).Draw(t, "control") {
	case "open":
		c.Kind = control.BackfillOpened
	case "reached":
		c.Kind, c.Through = control.BackfillReached, d.now.Add(-time.Hour).UnixMicro()
	case "closed":
		c.Kind = control.BackfillClosed
	case "rows":
		c = control.Record{Kind: control.RowsResend}
	case "credit":
		behind := time.Duration(rapid.SampledFrom([]int{-60, 0, 5, 86400}).Draw(t, "behind")) * time.Second
		c = control.Record{Kind: control.ReferralCredit, OccurredAt: d.now.Add(-behind).UnixMicro(),
			Customer: fmt.Sprint("c-", rapid.IntRange(1, 5).Draw(t, "customer")),
			Event:    fmt.Sprint("r-", rapid.IntRange(1, 9).Draw(t, "credit"))}
		d.append(controls, string(c.Encode()), 0, false)
		d.logs[controls][len(d.logs[controls])-1].credit = true
		return
	case "marker":
		d.append(controls, "", 0, false).Attrs = markerAttrs
		return
	case "none":
		d.append(controls, `{"event_type":"visit"}`, 0, true)
		return
	}
	d.append(controls, string(c.Encode()), 0, false)
}

// commit prepares a commit, holds it against the logs, and keeps it or takes it back.
func (d *driven) commit(flush, keep bool) {
	c, err := d.lane.Prepare(&lane.Around{Moment: d.moment(), Flush: flush, Stopping: flush, OutboxPartitions: 1})
	if err != nil {
		d.t.Fatal(err)
	}
	if !slices.Equal(c.Offsets, d.positions()) {
		d.t.Fatalf("a commit of %v, and %v is applied", c.Offsets, d.positions())
	}
	var entries []checkpoint.Entry
	letters, pages, rows := map[string]int{}, map[string][]byte{}, 0
	told, credited := maps.Clone(d.told), []string(nil)
	for r := range c.Records() {
		r.Offset = d.written[r.Topic]
		d.written[r.Topic]++
		switch r.Topic {
		case "dead-letters":
			letters[headerOf(r, "__connect.errors.topic")+"@"+headerOf(r, "__connect.errors.offset")]++
		case "batch-log":
			e, err := checkpoint.DecodeEntry(r.Value)
			if err != nil {
				d.t.Fatal(err)
			}
			r.Offset = int64(e.Batch)
			entries = append(entries, e)
		case "internal":
			credited = append(credited, string(r.Key))
		case "checkpoint":
			pages[string(r.Key)] = r.Value
		case "outbox":
			b, err := signal.Decode(r.Value)
			if err != nil {
				d.t.Fatal(err)
			}
			if b.Table == signal.TableQuality {
				d.tell(told, b)
				continue
			}
			rows += b.Rows
		}
	}
	// Without a batch of its own a commit writes no rows, and what was taken back
	// may still count as owed.
	owed := c.Batches > 0 && d.lane.Shard().RowsOwed() > 0
	if m := c.Mark; m.RowsComplete > m.Batch || m.RowsComplete == m.Batch && owed {
		d.t.Fatalf("the mark is %s, and %d rows are owed", m, d.lane.Shard().RowsOwed())
	}
	d.checkCounts(c)
	d.checkLetters(letters)
	d.checkTold(told, flush)
	d.checkCredits(credited)
	d.checkEntries(entries)
	if got, want := uint64(rows), d.lane.Shard().Position().NextSeq-d.position.NextSeq; got != want {
		d.t.Fatalf("%d rows are numbered, and %d are written", want, got)
	}
	if !keep {
		d.undo()
		return
	}
	d.lane.Keep(c)
	d.told = told
	d.entries = append(d.entries, entries...)
	for key, value := range pages {
		d.pages[key] = append(d.pages[key], value)
	}
	d.note()
	d.checkHeader()
}

// checkHeader holds the newest header against what is committed: the first
// commit has one, and one that says it was the last is replaced by the next batch.
func (d *driven) checkHeader() {
	copies := d.pages[string(checkpoint.PageKey(drivenShard, 0))]
	if len(d.entries) == 0 {
		return
	}
	if len(copies) == 0 {
		d.t.Fatal("batches are committed without a header")
	}
	h, err := checkpoint.DecodeHeader(copies[len(copies)-1])
	if err != nil {
		d.t.Fatal(err)
	}
	if last := &d.entries[len(d.entries)-1]; h.Last && (h.Batch != last.Batch || last.OldestNeeded <= last.Batch) {
		d.t.Fatalf("a header of batch %d says it is the last, after batch %d, with batch %d to be replayed", h.Batch,
			last.Batch, last.OldestNeeded)
	}
}

// committing are the records that the commit at hand has taken of an input.
func (d *driven) committing(input int) []logged {
	at, _ := d.lane.Position(input)
	return d.logs[input][d.committed[input]:at]
}

// checkCounts holds what a commit counts against what it has taken of the logs.
func (d *driven) checkCounts(c *lane.Commit) {
	read, bad := uint64(0), uint64(0)
	for i := range inputCount {
		var want lane.Consumed
		for _, item := range d.committing(i) {
			if item.record.Attrs.IsControl() || item.gone {
				continue
			}
			want.Records++
			want.Bytes += uint64(len(item.record.Key) + len(item.record.Value))
			if item.at != 0 || item.credit {
				want.Events++
			}
			if item.bad {
				bad++
			}
		}
		read += want.Records
		want.Latest = c.Inputs[i].Latest
		if c.Inputs[i] != want {
			d.t.Fatalf("input %d: the commit counts %+v, want %+v", i, c.Inputs[i], want)
		}
	}
	if got := c.After.Read - c.Before.Read; got != read {
		d.t.Fatalf("%d records are counted as read, want %d", got, read)
	}
	if got := c.After.Rejected - c.Before.Rejected; got != bad {
		d.t.Fatalf("%d records are counted as rejected, want %d", got, bad)
	}
}

// checkCredits wants a credit of each referral that is committed and names its referrer.
func (d *driven) checkCredits(credited []string) {
	var want []string
	for i := range inputCount {
		for _, item := range d.committing(i) {
			if item.refers != "" {
				want = append(want, item.refers)
			}
		}
	}
	if !slices.Equal(credited, want) {
		d.t.Fatalf("credits of %v are written, want of %v", credited, want)
	}
}

// checkLetters wants a dead letter of each bad record that is committed, once.
func (d *driven) checkLetters(letters map[string]int) {
	want := 0
	for i := range inputCount {
		for _, item := range d.committing(i) {
			if !item.bad {
				continue
			}
			want++
			name := fmt.Sprintf("%s@%d", item.record.Topic, item.record.Offset)
			if letters[name] != 1 {
				d.t.Fatalf("%d dead letters of %s, want 1", letters[name], name)
			}
		}
	}
	if len(letters) != want {
		d.t.Fatalf("dead letters of %v, want %d", letters, want)
	}
}

// checkEntries holds entries against those before: batches, offsets and times go on.
func (d *driven) checkEntries(entries []checkpoint.Entry) {
	batch, clock, at := d.position.Batch, d.position.Clock, slices.Clone(d.committed)
	for _, e := range entries {
		repairs := e.Actions&checkpoint.RepairClock != 0
		if e.Batch != batch+1 || event.Instant(e.Clock) < clock && !repairs || e.Silence > e.Clock ||
			e.Clock > max(e.Wall, int64(clock)) {
			d.t.Fatalf("batch %d, clock %d, silence %d, wall %d follow batch %d, clock %d", e.Batch, e.Clock, e.Silence,
				e.Wall, batch, clock)
		}
		for i, r := range e.Inputs {
			if r.From != at[i] || r.To < r.From {
				d.t.Fatalf("batch %d: input %d from %d to %d follows %d", e.Batch, i, r.From, r.To, at[i])
			}
			at[i] = r.To
			if latest := d.latest(i, r.To); r.Latest != int64(latest) {
				d.t.Fatalf("batch %d: the latest event of input %d is %d, want %d", e.Batch, i, r.Latest, latest)
			}
		}
		if limit := max(d.clockLimit(&e), clock); event.Instant(e.Clock) > limit {
			d.t.Fatalf("batch %d: the clock reads %d, and %d is all that is known", e.Batch, e.Clock, limit)
		}
		batch, clock = e.Batch, event.Instant(e.Clock)
	}
	if len(entries) > 0 && !slices.Equal(at, d.positions()) {
		d.t.Fatalf("entries end at %v, and %v is applied", at, d.positions())
	}
}

// latest is the latest time of the events of an input below an offset; none is
// later than its arrival here.
func (d *driven) latest(input int, below int64) (latest event.Instant) {
	for _, item := range d.logs[input][:below] {
		latest = max(latest, item.at)
	}
	return latest
}

// clockLimit is the latest that the clock may read with a batch: the time of an
// asking whose ends are applied, of what a backfill has reached, or of an event
// that was there, less the lateness.
func (d *driven) clockLimit(e *checkpoint.Entry) event.Instant {
	limit := event.Instant(-1 << 62)
	for _, asked := range d.askings {
		done := true
		for i, r := range e.Inputs {
			done = done && r.To >= asked.Ends[i][drivenShard].End
		}
		if done {
			limit = max(limit, asked.At-event.Hour)
		}
	}
	for _, s := range e.Sessions {
		limit = max(limit, event.Instant(s.Through)-event.Hour)
	}
	for _, log := range d.logs {
		for _, item := range log {
			limit = max(limit, item.at-event.Hour)
		}
	}
	return limit
}

// readAll brings the lane to the ends of its logs, however far it had come.
func (d *driven) readAll() {
	d.say(control.Record{Kind: control.BackfillClosed, Session: control.AllSessions})
	d.now = d.now.Add(time.Second)
	for range 3 { // who closes a session makes askings of before useless, and the next
		d.ask()
	}
	for range 3 {
		for i := range inputCount {
			d.read(i, 1<<20, 0)
		}
		d.work(1000)
	}
	for i, at := range d.positions() {
		if at != int64(len(d.logs[i])) {
			d.t.Fatalf("input %d is applied up to %d of %d", i, at, len(d.logs[i]))
		}
	}
	d.commit(true, true)
	d.restart(newestCopies)
}

func headerOf(r *kgo.Record, key string) string {
	for _, h := range r.Headers {
		if h.Key == key {
			return string(h.Value)
		}
	}
	return ""
}

// markerBatch is a transaction marker as a broker sends it.
func markerBatch() *kmsg.FetchResponseTopicPartition {
	key, value := []byte{0, 0, 0, 1}, []byte{0, 0, 0, 0, 0, 0}
	record := kmsg.Record{Key: key, Value: value}
	body := record.AppendTo(nil)
	record.Length = int32(len(body) - 1)
	return &kmsg.FetchResponseTopicPartition{RecordBatches: sealed(kmsg.RecordBatch{Magic: 2, Attributes: 0x30,
		NumRecords: 1, Records: record.AppendTo(nil)})}
}

// sealed is a batch with its length and sum.
func sealed(batch kmsg.RecordBatch) []byte {
	batch.Length = int32(len(batch.AppendTo(nil)) - 12)
	batch.CRC = int32(crc32.Checksum(batch.AppendTo(nil)[21:], crc32.MakeTable(crc32.Castagnoli)))
	return batch.AppendTo(nil)
}
