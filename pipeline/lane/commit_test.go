package lane_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/holdfast/holdfast/pipeline/checkpoint"
	"github.com/holdfast/holdfast/pipeline/lane"
	"github.com/holdfast/holdfast/pipeline/signal"
)

var rewrite = flag.Bool("rewrite", false, "write the transcript anew")

// TestCommitTranscript holds every record of three transactions of one lane, in
// the order in which they are written, to testdata/commit.txt. Each is prepared,
// undone, and made again: both must say the same.
func TestCommitTranscript(t *testing.T) {
	const file = "testdata/commit.txt"
	s := newStory(t)
	var out strings.Builder
	for n, chapter := range chapters() {
		s.read(chapter)
		last := n+1 == len(chapters())
		text, _ := s.commit(last)
		s.lane.Undo()
		s.lane.Seek(s.now)
		s.readAgain()
		again, c := s.commit(last)
		if diff := cmp.Diff(text, again); diff != "" {
			t.Errorf("commit %d, undone and made again (-first +second):\n%s", n+1, diff)
		}
		s.lane.Keep(c)
		fmt.Fprintf(&out, "commit %d of shard %d writes\n%s\n", n+1, c.Partition, text)
	}
	if *rewrite {
		if err := os.WriteFile(file, []byte(out.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(out.String(), "\n")); diff != "" {
		t.Errorf("-want +got (look at it, then run with -rewrite):\n%s", diff)
	}
}

// chapters are what is read before each commit: purchases, then a visit that is a
// referral and a record that is none, then a complaint that is not answered, over two batches.
func chapters() [][]string {
	const purchase = `{"event_id":"p%d","event_type":"purchase","occurred_at":"%s","customer_id":"c-1","kind":"order","order_id":"o%d",` +
		`"amount_net":40,"currency":"EUR"}`
	const visit = `{"event_id":"v1","event_type":"visit","kind":"referral","customer_id":"c-1","referrer_id":"c-9",` +
		`"occurred_at":"2026-03-01T09:00:00Z"}`
	const complaint = `{"event_id":"k1","event_type":"complaint","occurred_at":"2026-03-02T08:00:00Z","customer_id":"c-1",` +
		`"kind":"complaint","complaint_id":"k-1","status":"opened","category":"billing"}`
	return [][]string{
		{"at 2026-03-01T08:00:00Z", "purchases " + fmt.Sprintf(purchase, 1, "2026-02-01T08:00:00Z", 1),
			"purchases " + fmt.Sprintf(purchase, 2, "2026-02-15T08:00:00Z", 2)},
		{"at 2026-03-01T09:30:00Z", "visits " + visit, `visits {"event_id":"v2"`},
		{"at 2026-03-02T10:00:00Z", "complaints " + complaint, "batch", "at 2026-03-04T10:00:00Z", "batch",
			`visits {"event_type":"visit"}`, "batch"},
	}
}

// commit prepares a commit and writes out what it says, as a client would write it.
func (s *story) commit(flush bool) (string, *lane.Commit) {
	s.t.Helper()
	s.work()
	c, err := s.lane.Prepare(&lane.Around{Moment: s.moment(), Flush: flush, Stopping: true, OutboxPartitions: 1,
		IDs: map[string][16]byte{"checkpoint": {1}, "batch-log": {2}}})
	if err != nil {
		s.t.Fatal(err)
	}
	var out strings.Builder
	for r := range c.Records() {
		r.Offset = s.next[r.Topic] // the client notes it
		s.next[r.Topic]++
		fmt.Fprintf(&out, "  %s/%d %s\n", r.Topic, r.Partition, s.describe(r))
	}
	for i, offset := range c.Offsets {
		fmt.Fprintf(&out, "  offset of %s/%d: %d\n", s.cfg.Inputs[i].Topic, c.Partition, offset)
	}
	fmt.Fprintf(&out, "  mark of every offset: %s\n", c.Mark)
	return out.String(), c
}

// describe says what a record is.
func (s *story) describe(r *kgo.Record) string {
	switch r.Topic {
	case "outbox":
		b, err := signal.Decode(r.Value)
		if err != nil {
			s.t.Fatal(err)
		}
		return fmt.Sprintf("block of table %d: %d rows", b.Table, b.Rows)
	case "batch-log":
		e, err := checkpoint.DecodeEntry(r.Value)
		if err != nil {
			s.t.Fatal(err)
		}
		return fmt.Sprintf("key %x, entry %s", r.Key, entryText(&e))
	case "checkpoint":
		_, page, _ := checkpoint.ParsePageKey(r.Key)
		if page > 0 {
			return fmt.Sprintf("key %x, page %d of the slab", r.Key, page-1)
		}
		h, err := checkpoint.DecodeHeader(r.Value)
		if err != nil {
			s.t.Fatal(err)
		}
		return fmt.Sprintf("key %x, header of %d pages, log from offset %d, last %v, group %s, topics %s %x and %s %x, "+
			"entry %s", r.Key,
			h.Pages, h.LogOffset, h.Last, h.Group, h.BatchLog.Topic, h.BatchLog.ID[:1], h.Checkpoint.Topic, h.Checkpoint.ID[:1],
			entryText(&h.Entry))
	}
	var text strings.Builder
	fmt.Fprintf(&text, "key %q, value %q", r.Key, bytes.TrimSpace(r.Value[:min(len(r.Value), 60)]))
	for _, h := range r.Headers {
		if strings.HasPrefix(h.Key, "holdfast") || strings.HasPrefix(h.Key, "ce_type") {
			fmt.Fprintf(&text, ", %s=%s", h.Key, h.Value)
		}
	}
	return text.String()
}

func entryText(e *checkpoint.Entry) string {
	at := func(micros int64) string {
		if micros < 0 {
			return "unset"
		}
		return time.UnixMicro(micros).UTC().Format("02T15:04")
	}
	var text strings.Builder
	fmt.Fprintf(&text, "of batch %d: clock %s, wall %s, next row %d, oldest needed %d, rows complete %d, parameters %s;",
		e.Batch,
		at(e.Clock), at(e.Wall), e.NextSeq, e.OldestNeeded, e.RowsComplete, e.ParamVersion)
	for _, r := range e.Inputs {
		fmt.Fprintf(&text, " %s %d-%d", r.Topic, r.From, r.To)
	}
	return text.String()
}

// TestSuppressedAlertsAreRowsOnly: an alert about the past has a row and no message,
// unless messages of suppressed alerts are asked for.
func TestSuppressedAlertsAreRowsOnly(t *testing.T) {
	for _, publish := range []bool{false, true} {
		s := newStory(t)
		s.cfg.PublishSuppressed = publish
		s.read(chapters()[0])
		text, c := s.commit(false)
		suppressed := 0
		for i := range c.Alerts {
			if c.Alerts[i].Suppressed == signal.SuppressedReplay {
				suppressed++
			}
		}
		messages := strings.Count(text, "  loyalty/0 ")
		if suppressed != 1 || suppressed != len(c.Alerts) || publish != (messages == 1) || !publish && messages > 0 ||
			!strings.Contains(text, "block of table 2: 1 rows") {
			t.Errorf("published %v: %d of %d alerts are suppressed, with %d messages:\n%s", publish, suppressed, len(c.Alerts),
				messages, text)
		}
	}
}
