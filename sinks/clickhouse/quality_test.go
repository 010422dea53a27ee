package clickhouse

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/holdfast/holdfast/internal/devclickhouse/enginetest"
	"github.com/holdfast/holdfast/pipeline/signal"
	"github.com/holdfast/holdfast/sinks/outbox/conformance"
)

// TestDataQualityByDay: totals of two shards and two lives become counts of each
// day, whatever is told twice or comes late.
func TestDataQualityByDay(t *testing.T) {
	r := newRig(t, enginetest.Start(t))
	r.exec("SYSTEM STOP MERGES data_quality")
	total := func(day, shard int, epoch uint32, batch uint64, finding string, events uint64) {
		b := signal.NewQualityBlock(conformance.Euros)
		b.Append(&signal.QualityRow{Day: signal.Day(20_000 + day), SrcPartition: uint16(shard), Finding: finding,
			Events: events, Epoch: uint64(epoch), Seq: signal.Seq(epoch, batch)})
		r.Produce(0, b.Encode(nil))
	}
	total(0, 0, 1, 3, "unknown_channel", 2)
	total(0, 0, 1, 9, "unknown_channel", 5)
	total(0, 0, 1, 3, "unknown_channel", 2) // sent again
	total(2, 0, 1, 40, "unknown_channel", 6)
	total(2, 0, 1, 40, "unknown_channel", 6)
	total(0, 1, 1, 7, "unknown_channel", 10)
	total(1, 1, 1, 8, "rejected_bad_time", 4)
	total(2, 1, 2, 1, "unknown_channel", 100) // the state is begun anew
	r.Running(r.loader())
	r.AwaitLoaded()
	got := map[string]uint64{}
	rows, err := r.conn.Query(t.Context(), "SELECT toInt32(day) - 20000, finding, events FROM v_data_quality")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var day int64
		var finding string
		var events uint64
		if err := rows.Scan(&day, &finding, &events); err != nil {
			t.Fatal(err)
		}
		got[fmt.Sprint(day, " ", finding)] = events
	}
	want := map[string]uint64{"0 unknown_channel": 15, "1 rejected_bad_time": 4, "2 unknown_channel": 101}
	if diff := cmp.Diff(want, got); diff != "" || rows.Err() != nil {
		t.Errorf("%v, days %v, -want +got:\n%s", rows.Err(), slices.Collect(maps.Keys(got)), diff)
	}
}
