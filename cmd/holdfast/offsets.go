package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/holdfast/holdfast/internal/config"
	"github.com/holdfast/holdfast/pipeline"
)

const offsetsHelp = `Show and move the positions of the inputs and of the loader. The position of an
input lies in the batch log, beside the state; committing an offset for the group
with another tool moves nothing.`

func (c *cli) offsetsCommand() *cobra.Command {
	command := &cobra.Command{Use: "offsets", Short: "Show and move the positions of inputs and loader", Long: offsetsHelp}
	command.AddCommand(c.offsetsShowCommand(), c.offsetsSkipCommand(), c.offsetsRewindCommand())
	return command
}

func (c *cli) offsetsShowCommand() *cobra.Command {
	command := &cobra.Command{
		Use: "show", Short: "Show where inputs and loader stand",
		Long: `Show where every partition of every input stands, and every partition of the
outbox: what the log holds, the position, the committed offset, how many offsets
are still to be read (lag), how many were deleted before they were read (lost), and
how many of the shard's inputs were given up by skip (skipped). Changes nothing.`,
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error { return c.offsetsShow(command.Context()) },
	}
	c.kafkaFlags(command)
	return command
}

// moveFlags are the flags of skip and rewind.
type moveFlags struct {
	input     string
	loader    bool
	partition int32
	to        string
	yes       bool
	timeout   time.Duration
}

func (f *moveFlags) add(c *cli, command *cobra.Command, to string) {
	flags := command.Flags()
	flags.StringVar(&f.input, "input", "", "an input: TOPIC/PARTITION, or TOPIC for all its partitions")
	flags.BoolVar(&f.loader, "loader", false, "the loader's place in the outbox")
	flags.Int32Var(&f.partition, "partition", pipeline.AllPartitions, "with --loader: a partition of the outbox; -1: all")
	flags.StringVar(&f.to, "to", to, "the offset to go on from, or start or end of the log")
	flags.DurationVar(&f.timeout, "timeout", 30*time.Second, "how long to wait for instances to be gone")
	c.kafkaFlags(command)
	c.key(command, "instance-id", "kafka.instance_id",
		"name of the instance that works on it (HOLDFAST_KAFKA_INSTANCE_ID)")
}

func (c *cli) offsetsSkipCommand() *cobra.Command {
	var flags moveFlags
	command := &cobra.Command{
		Use: "skip", Short: "Continue behind records that are gone or are not to be read",
		Long: `Move a position on. Without --to: to the log start, where retention has deleted
what was not read yet; partitions that have lost nothing stay where they are. What
is passed over is counted as skipped, and printed. Customers whose purchases are
among it look silent.

Records that were read, but are not reflected by the checkpoint yet, are read again
after a crash. Where those are gone, skip lets the next start do without them: what
they had changed in the state is forgotten, and counted, too.

Stop all instances first; skip waits for them to be gone. The loader goes on behind
rows that the outbox no longer has; "holdfast audit" counts them as holes.`,
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			return c.move(command.Context(), command.Flags(), flags, false)
		},
	}
	flags.add(c, command, "start")
	return command
}

func (c *cli) offsetsRewindCommand() *cobra.Command {
	var flags moveFlags
	command := &cobra.Command{
		Use: "rewind", Short: "Read records once more",
		Long: `Move a position back to --to. For an input it needs --yes: events that a customer's
record still remembers are recognised as repeated, and older ones are counted again.
For the loader it is harmless: rows have keys, and a row that comes twice is one.

Stop all instances first; rewind waits for them to be gone.`,
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			return c.move(command.Context(), command.Flags(), flags, true)
		},
	}
	flags.add(c, command, "")
	command.Flags().BoolVar(&flags.yes, "yes", false, "with --input: count again what is no longer remembered")
	return command
}

// move does what skip and rewind were asked for.
func (c *cli) move(ctx context.Context, set *pflag.FlagSet, flags moveFlags, back bool) error {
	to, err := flags.check(set, back)
	if err != nil {
		return err
	}
	loaded, err := c.setup()
	if err != nil {
		return err
	}
	if flags.loader {
		return c.moveLoader(ctx, loaded, flags, to, back)
	}
	topic, partition, err := inputOf(&loaded.Config, flags.input)
	if err != nil {
		return err
	}
	p, err := c.idlePipeline(ctx, loaded)
	if err != nil {
		return err
	}
	moved, err := p.Move(ctx, pipeline.Move{Input: topic, Partition: partition, To: to, Back: back,
		Patience: flags.timeout})
	if err != nil {
		return err
	}
	return c.printMoves(moved, flags.input)
}

// idlePipeline is a pipeline that looks and moves, and is not run. Kafka must answer.
func (c *cli) idlePipeline(ctx context.Context, loaded *config.Loaded) (*pipeline.Pipeline, error) {
	client, err := c.kafka(ctx, loaded)
	if err != nil {
		return nil, err
	}
	client.Close()
	cfg, err := c.pipelineConfig(loaded)
	if err != nil {
		return nil, err
	}
	return pipeline.New(cfg)
}

// check reports whether the flags fit together, and reads --to.
func (f *moveFlags) check(set *pflag.FlagSet, back bool) (to int64, err error) {
	switch {
	case f.loader == (f.input != ""):
		return 0, usage("say what to move: --input TOPIC/PARTITION or --loader")
	case set.Changed("partition") && !f.loader:
		return 0, usage("--partition is for --loader; an input's partition is named by --input TOPIC/PARTITION")
	case f.to == "":
		return 0, usage("say where to go back to: --to OFFSET, or --to start")
	case back && !f.loader && !f.yes:
		return 0, usage("events that are still remembered are recognised, and older ones are counted again: " +
			"say --yes if that is meant")
	}
	switch f.to {
	case "start":
		return pipeline.MoveToStart, nil
	case "end":
		return pipeline.MoveToEnd, nil
	}
	to, err = strconv.ParseInt(f.to, 10, 64)
	switch {
	case err != nil || to < 0:
		return 0, usage("--to %s is not an offset, start or end", strconv.Quote(f.to))
	case f.loader && f.partition < 0, !f.loader && !strings.Contains(f.input, "/"):
		return 0, usage("--to %d is an offset in one partition: name it", to)
	}
	return to, nil
}

// inputOf reads TOPIC/PARTITION, or TOPIC for all partitions.
func inputOf(cfg *config.Config, text string) (topic string, partition int32, err error) {
	topic, number, one := strings.Cut(text, "/")
	partition = pipeline.AllPartitions
	if one {
		n, err := strconv.ParseInt(number, 10, 32)
		if err != nil || n < 0 {
			return "", 0, usage("--input %s: %s is not a partition number", strconv.Quote(text), strconv.Quote(number))
		}
		partition = int32(n)
	}
	names := inputNames(cfg)
	for _, name := range names {
		if name == topic {
			return topic, partition, nil
		}
	}
	return "", 0, usage("--input %s: the inputs are %s", strconv.Quote(text), strings.Join(names, ", "))
}

func (c *cli) printMoves(moved []pipeline.Moved, what string) error {
	if c.output == "json" {
		return c.printJSON(map[string]any{"moved": append([]pipeline.Moved{}, moved...)})
	}
	text := &strings.Builder{}
	for _, m := range moved {
		fmt.Fprintf(text, "%s/%d goes on from %d instead of %d", m.Topic, m.Partition, m.To, m.From)
		if m.Skipped > 0 {
			fmt.Fprintf(text, ": %d offsets skipped", m.Skipped)
		}
		if m.Forgotten > 0 {
			fmt.Fprintf(text, ": %d offsets that were counted are gone, and what they changed in the state is forgotten",
				m.Forgotten)
		}
		text.WriteString("\n")
	}
	if len(moved) == 0 {
		fmt.Fprintf(text, "%s: nothing to move\n", what)
	}
	_, err := io.WriteString(c.stdout, text.String())
	return err
}

func (c *cli) printJSON(v any) error {
	encoder := json.NewEncoder(c.stdout)
	encoder.SetIndent("", "  ")
	return encoder.Encode(v)
}
