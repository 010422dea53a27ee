package pipeline_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/holdfast/holdfast/internal/rowtest"
	"github.com/holdfast/holdfast/pipeline/shard"
	"github.com/holdfast/holdfast/pipeline/signal"
)

// takeTotal notes a total of a finding: in the order of the outbox none falls.
func (h *history) takeTotal(t testing.TB, b *signal.Block, i int) {
	t.Helper()
	total := rowtest.ByName(b, i)
	shard, _ := strconv.Atoi(total["src_partition"])
	events, err := strconv.ParseUint(total["events"], 10, 64)
	if before := h.totals[shard][total["finding"]]; err != nil || events < before {
		t.Errorf("%v is told after %d: %v", total, before, err)
	}
	h.totals[shard][total["finding"]] = events
}

// checkTotals holds the totals that a shard has told against its counters.
func (h *history) checkTotals(t testing.TB, n int, c *shard.Counters) {
	t.Helper()
	rejected := uint64(0)
	for finding, events := range h.totals[n] {
		if strings.HasPrefix(finding, "rejected_") {
			rejected += events
		}
	}
	if rejected > c.Rejected {
		t.Errorf("shard %d: %d dead letters are told of, %d are counted", n, rejected, c.Rejected)
	}
	for _, f := range c.Findings() {
		if told := h.totals[n][f.Name]; told > f.Events {
			t.Errorf("shard %d: %d of %s are told of, %d are counted", n, told, f.Name, f.Events)
		}
	}
}
