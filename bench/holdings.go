package main

import (
	"context"
	"fmt"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/holdfast/holdfast/pipeline/checkpoint"
	"github.com/holdfast/holdfast/pipeline/shard"
	"github.com/holdfast/holdfast/pipeline/state"
)

// addState adds up the records of a shard.
func (r *result) addState(slab *state.Slab) {
	var c state.Customer
	slab.Each(func(slot state.Slot) {
		if !slab.LoadSlot(&c, slot) {
			return
		}
		r.Customers++
		for _, d := range c.Days {
			r.Purchases += int64(d.Orders)
			r.Visits += int64(d.Visits)
			r.AmountMinor += d.Net
		}
		r.Complaints += int64(len(c.Complaints))
		for _, d := range c.ComplaintDays {
			r.Complaints += int64(d.Count)
		}
	})
	side := slab.SideBytes()
	r.CoreBytes += slab.Bytes() - side
	r.SideBytes += side
}

// restored reads what a stopped pipeline has left on its checkpoint topic, as
// a restore would, and adds it up.
func restored(ctx context.Context, cl *kgo.Client, topic string) (result, error) {
	var r result
	ends, err := checkpoint.EndOffsets(ctx, cl, []string{topic})
	if err != nil {
		return r, fmt.Errorf("find the pages: %w", err)
	}
	for n, reach := range ends[topic] {
		pages := map[uint32][]byte{}
		_, err := checkpoint.ReadRange(ctx, cl, checkpoint.ReadRangeOptions{Topic: topic, Partition: n, From: reach.Start,
			To: reach.End},
			func(rec *kgo.Record) error {
				if _, page, ok := checkpoint.ParsePageKey(rec.Key); ok && page > 0 {
					pages[page-1] = append([]byte(nil), rec.Value...) // or the whole batch stays
				}
				return nil
			})
		if err != nil {
			return r, fmt.Errorf("read the pages: %w", err)
		}
		slab, codec := state.NewSlab(), &state.PageCodec{}
		for page, value := range pages {
			if err := slab.LoadPage(codec, value, uint32(n), page); err != nil {
				return r, err
			}
		}
		slab.FinishLoading()
		slab.EndReplay()
		r.addState(slab)
	}
	return r, nil
}

// logged is what the batch log says by its last entries.
type logged struct {
	counters shard.Counters
	rows     uint64
}

// lastEntries adds up the last entry of every partition.
func lastEntries(ctx context.Context, cl *kgo.Client, topic string) (sum logged, err error) {
	ends, err := checkpoint.EndOffsets(ctx, cl, []string{topic})
	if err != nil {
		return sum, fmt.Errorf("find the batch log's end: %w", err)
	}
	for n, reach := range ends[topic] {
		var last []byte
		// Among the last records there are markers; a commit has some entries.
		_, err := checkpoint.ReadRange(ctx, cl, checkpoint.ReadRangeOptions{Topic: topic, Partition: n,
			From: max(reach.Start, reach.End-64), To: reach.End},
			func(r *kgo.Record) error { last = r.Value; return nil })
		if err != nil {
			return sum, fmt.Errorf("read the batch log: %w", err)
		}
		e, err := checkpoint.DecodeEntry(last)
		if err != nil {
			return sum, err
		}
		c := shard.CountersOf(e.Counters)
		sum.counters.Read += c.Read
		sum.counters.Applied += c.Applied
		sum.counters.Duplicates += c.Duplicates
		sum.counters.TooLate += c.TooLate
		sum.counters.Rejected += c.Rejected
		sum.counters.AlertsRaised += c.AlertsRaised
		sum.counters.DeadlinesFired += c.DeadlinesFired
		sum.rows += e.NextSeq - 1
	}
	return sum, nil
}
