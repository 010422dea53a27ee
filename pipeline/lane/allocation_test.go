package lane_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/holdfast/holdfast/pipeline/checkpoint"
	"github.com/holdfast/holdfast/pipeline/lane"
)

// TestEventsAllocateNothing takes, applies and keeps a thousand visits at a time:
// what a batch allocates does not grow with its events.
func TestEventsAllocateNothing(t *testing.T) {
	const events, batches, most = 1000, 20, 100
	s := newStory(t)
	var records []*kgo.Record
	for n := range int64(events * (batches + 2)) {
		at := s.now.Add(time.Duration(n) * 7 * time.Second)
		value := fmt.Sprintf(`{"event_id":"v%d","event_type":"visit","kind":"session","customer_id":"c-%d","occurred_at":%q}`,
			n, n%50, at.UTC().Format(time.RFC3339))
		records = append(records, &kgo.Record{Topic: "visits", Partition: 3, Offset: n, Timestamp: at,
			Key: fmt.Appendf(nil, "c-%d", n%50), Value: []byte(value)})
	}
	step := func() {
		batch := records[:events]
		records = records[events:]
		s.now = batch[events-1].Timestamp
		s.lane.Take(1, batch, s.now)
		m, end := s.moment(), batch[events-1].Offset+1
		asked := &lane.LogEnds{Number: uint64(end), At: m.Wall,
			Ends: []map[int32]checkpoint.Range{{3: {}}, {3: {End: end}}, {3: {}}, {3: {}}}}
		if err := s.lane.Work(&lane.Intake{Moment: m, Asked: asked, Most: events}); err != nil {
			t.Fatal(err)
		}
		s.lane.Keep(&lane.Commit{})
	}
	step() // customers and room are made once
	if got := testing.AllocsPerRun(batches, step); got > most {
		t.Errorf("%.0f allocations per batch of %d events, want %d at most", got, events, most)
	}
	if applied := s.lane.Shard().Position().Counters.Applied; applied != events*(batches+2) {
		t.Errorf("%d events are applied, want %d", applied, events*(batches+2))
	}
}
