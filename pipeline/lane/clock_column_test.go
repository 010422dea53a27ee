package lane_test

import (
	"testing"

	"github.com/holdfast/holdfast/internal/rowtest"
	"github.com/holdfast/holdfast/pipeline/lane"
	"github.com/holdfast/holdfast/pipeline/signal"
)

// TestRowsSayWhatTheClockFollows: a reader of the rows has to know whether now may
// be later than the watermark.
func TestRowsSayWhatTheClockFollows(t *testing.T) {
	for mode, want := range map[lane.ClockMode]string{lane.HonestClock: "honest", lane.EventsClock: "events"} {
		s := newStory(t)
		s.cfg.Clock = mode
		s.begin()
		s.read(chapters()[0])
		s.work()
		c, err := s.lane.Prepare(&lane.Around{Moment: s.moment(), Flush: true, Stopping: true, OutboxPartitions: 1})
		if err != nil {
			t.Fatal(err)
		}
		rows := 0
		for r := range c.Records() {
			if r.Topic != "outbox" {
				continue
			}
			b, err := signal.Decode(r.Value)
			if err != nil {
				t.Fatal(err)
			}
			for row := 0; b.Table == signal.TableCustomer && row < b.Rows; row++ {
				rows++
				if got := rowtest.ByName(b, row)["clock"]; got != want {
					t.Errorf("clock is %q, want %q", got, want)
				}
			}
		}
		if rows == 0 {
			t.Error("no row: the test says nothing")
		}
	}
}
