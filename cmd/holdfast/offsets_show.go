package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"text/tabwriter"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/holdfast/holdfast/internal/config"
	"github.com/holdfast/holdfast/pipeline"
	"github.com/holdfast/holdfast/sinks/clickhouse"
	"github.com/holdfast/holdfast/sinks/outbox"
)

// shownOffsets is what offsets show prints.
type shownOffsets struct {
	Inputs []pipeline.InputOffsets `json:"inputs"`
	Loader []loaderOffsets         `json:"loader"`
}

// loaderOffsets says where the loader stands in one partition of the outbox.
type loaderOffsets struct {
	Topic     string `json:"topic"`
	Partition int32  `json:"partition"`
	Start     int64  `json:"log_start"`
	End       int64  `json:"log_end"`
	Committed int64  `json:"committed"` // 0 where nothing is loaded yet
	Lost      int64  `json:"lost"`      // deleted before they were loaded
}

func (c *cli) offsetsShow(ctx context.Context) error {
	loaded, client, err := c.setupKafka(ctx)
	if err != nil {
		return err
	}
	defer client.Close()
	p, err := c.idlePipeline(ctx, loaded)
	if err != nil {
		return err
	}
	var shown shownOffsets
	if shown.Inputs, err = p.InputOffsets(ctx); err != nil {
		return err
	}
	if shown.Loader, err = loaderPositions(ctx, client, loaded); err != nil {
		return err
	}
	if c.output == "json" {
		return c.printJSON(shown)
	}
	table := tabwriter.NewWriter(c.stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "partition\tlog start\tlog end\tposition\tcommitted\tlag\tlost\tskipped\t")
	for _, o := range shown.Inputs {
		fmt.Fprintf(table, "%s/%d\t%d\t%d\t%s\t%s\t%d\t%d\t%d\t\n", o.Topic, o.Partition, o.Start, o.End,
			offsetOrNone(o.Position), offsetOrNone(o.Committed), o.Lag(), o.Lost, o.Skipped)
	}
	for _, o := range shown.Loader {
		fmt.Fprintf(table, "%s/%d\t%d\t%d\t%d\t%d\t%d\t%d\t-\t\n", o.Topic, o.Partition, o.Start, o.End,
			o.Committed, o.Committed, max(o.End-max(o.Committed, o.Start), 0), o.Lost)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	for _, o := range shown.Inputs {
		if o.OtherTopic {
			fmt.Fprintf(c.stdout, "%s/%d: position %d is one in another topic of this name: it was deleted and "+
				"created again, and `holdfast run` says what may be done\n", o.Topic, o.Partition, o.Position)
		}
	}
	return nil
}

func offsetOrNone(offset int64) string {
	if offset < 0 {
		return "-"
	}
	return strconv.FormatInt(offset, 10)
}

func loaderPositions(ctx context.Context, client *kgo.Client, loaded *config.Loaded) ([]loaderOffsets, error) {
	lags, err := outbox.Lag(ctx, client, clickhouse.LoadGroup(loaded.Kafka.Group), outboxTopic())
	if err != nil {
		return nil, err
	}
	var all []loaderOffsets
	for _, n := range slices.Sorted(maps.Keys(lags)) {
		lag := lags[n]
		one := loaderOffsets{Topic: outboxTopic(), Partition: n, Start: lag.Start, End: lag.End, Committed: lag.Committed}
		if lag.Committed > 0 { // before the first commit it begins at the log start
			one.Lost = max(lag.Start-lag.Committed, 0)
		}
		all = append(all, one)
	}
	return all, nil
}

// moveLoader moves the loader's offsets, which are the group's own: rows are
// keyed, and what is loaded twice is there once.
func (c *cli) moveLoader(ctx context.Context, loaded *config.Loaded, flags moveFlags, to int64, back bool) error {
	client, err := c.kafka(ctx, loaded)
	if err != nil {
		return err
	}
	defer client.Close()
	group := clickhouse.LoadGroup(loaded.Kafka.Group)
	say := func(words string) { c.logger().Info(words) }
	if err := pipeline.AwaitNoMembers(ctx, client, group, flags.timeout, say); err != nil {
		return err
	}
	stands, err := loaderPositions(ctx, client, loaded)
	if err != nil {
		return err
	}
	var moved []pipeline.Moved
	offsets := kadm.Offsets{}
	for _, at := range stands {
		if flags.partition >= 0 && flags.partition != at.Partition {
			continue
		}
		goal, err := at.target(to, back)
		if err != nil {
			return err
		}
		if goal == at.Committed || at.Committed == 0 && !back && to == pipeline.MoveToStart {
			continue
		}
		one := pipeline.Moved{Topic: at.Topic, Partition: at.Partition, From: at.Committed, To: goal}
		if !back {
			one.Skipped = goal - at.Committed
		}
		moved = append(moved, one)
		offsets.AddOffset(at.Topic, at.Partition, goal, -1)
	}
	if len(moved) > 0 {
		// Brokers take it only where the group has no member.
		if err := kadm.NewClient(client).CommitAllOffsets(ctx, group, offsets); err != nil {
			return fmt.Errorf("commit offsets of group %s: %w", group, err)
		}
	}
	return c.printMoves(moved, outboxTopic())
}

// target is the offset to go on from.
func (o loaderOffsets) target(to int64, back bool) (int64, error) {
	switch to {
	case pipeline.MoveToStart:
		if to = o.Start; !back {
			to = max(o.Start, o.Committed)
		}
	case pipeline.MoveToEnd:
		to = o.End
	}
	switch {
	case to < o.Start || to > o.End:
		return 0, fmt.Errorf("%s/%d holds offsets %d to %d, and %d is asked for", o.Topic, o.Partition, o.Start, o.End, to)
	case back && to > o.Committed && o.Committed >= o.Start:
		return 0, fmt.Errorf("%s/%d is loaded up to %d, and %d lies after it: skip moves there",
			o.Topic, o.Partition, o.Committed, to)
	case !back && to < o.Committed:
		return 0, fmt.Errorf("%s/%d is loaded up to %d, and %d lies before it: rewind moves there",
			o.Topic, o.Partition, o.Committed, to)
	}
	return to, nil
}
