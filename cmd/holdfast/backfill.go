package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/spf13/cobra"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/holdfast/holdfast/internal/backfill"
	"github.com/holdfast/holdfast/internal/config"
	"github.com/holdfast/holdfast/internal/rowmap"
	"github.com/holdfast/holdfast/internal/textfile"
	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/window"
	"github.com/holdfast/holdfast/schemas/topics"
)

const backfillHelp = `Send a file of past events to the input topics: keyed by customer, in event-time
order, each row judged before anything is sent.

NDJSON holds one event of our schema a line and is routed by event_type. CSV has
a header; a map says which column becomes which field:

    amounts: minor                       # or decimal
    lines: sum                           # rows of one order are parts of it
    fields:
      customer_id: cust                  # a column
      occurred_at: date                  # a day means 12:00 in the business zone
      kind: {constant: order}
      currency: {constant: USD}
      amount_net: cents
      order_id: {template: "shop-{number}"}

Times are read with an offset, without one (then in the business zone), or as a
day alone; "times: [epoch_ms]" in the map, or a layout such as [02.01.2006 15:04],
is for others. Texts in a map are what stands there: 017 stays 017.

Without a map the columns must carry our fields' names. Where the file has no
ids, they are made from its name, the row's number and a hash of its cells, so
that the same file gives the same events and another file gives others; a
template has them as {@file}, {@row} and {@hash}. A template with an empty
column gives nothing. Gzip is unpacked, whatever the file's name.

A backfill that was stopped or killed goes on by the same command: how far it
came stands on the internal topic, for the 7 days that it keeps, and what was
sent beyond is looked for on the inputs and not sent again. The file is known
by its content, its name, and how it is read. One that was sent to its end is
not sent again: Holdfast remembers a customer's latest 32 events and 16 orders,
and what lies beyond them would count twice. --again sends everything all the
same; --skip begins behind that many events.

Rows that repeat another are sent once. Two rows of one customer, order and
status, or of one event id, that differ are an error that names both, and nothing
is sent, unless the map says "lines: sum" (amounts, discounts and points are
added; time, status and currency must agree) or "lines: first" (the others are
left out).

Rows that are rejected go to the rejects file with the reason (exit code 5).`

// backfillFlags are the flags of the command.
type backfillFlags struct {
	format, mapPath, rejects string
	memory, delimiter        string
	skip                     int64
	again                    bool
	dryRun                   bool
	closed                   string
}

func (c *cli) backfillCommand() *cobra.Command {
	var flags backfillFlags
	command := &cobra.Command{
		Use: "backfill FILE", Short: "Send a file of past events to the input topics", Long: backfillHelp,
		Args: cobra.MaximumNArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			switch {
			case flags.closed != "" && len(args) == 0:
				return c.closeBackfill(command.Context(), flags.closed)
			case flags.closed != "" || len(args) == 0:
				return usage("give a FILE, or --close with a session's name or all")
			case flags.skip < 0:
				return usage("--skip %d: want 0 or more", flags.skip)
			}
			return c.backfill(command.Context(), args[0], flags)
		},
	}
	command.Flags().StringVar(&flags.format, "format", "",
		"csv or ndjson (default: by the file's name, else by what it holds)")
	command.Flags().StringVar(&flags.mapPath, "map", "", "YAML file that maps CSV columns to fields")
	command.Flags().StringVar(&flags.delimiter, "delimiter", "",
		`what separates the columns of CSV, such as ; or \t (default: as the map says, else a comma)`)
	command.Flags().StringVar(&flags.rejects, "rejects", "",
		"where rejected rows go (default: FILE.rejects.ndjson in the working directory)")
	command.Flags().StringVar(&flags.memory, "sort-memory", "1GiB", "a larger file must be in event-time order already")
	command.Flags().Int64Var(&flags.skip, "skip", 0,
		"begin behind that many events (default: where a stopped run of the same file ended)")
	command.Flags().BoolVar(&flags.again, "again", false,
		"send everything, whatever was sent of it before: what is too old to be known again counts twice")
	command.Flags().BoolVar(&flags.dryRun, "dry-run", false, "read and judge only")
	command.Flags().StringVar(&flags.closed, "close", "",
		"give up a backfill that was stopped: its session's name, or all")
	c.kafkaFlags(command)
	return command
}

func (c *cli) backfill(ctx context.Context, file string, flags backfillFlags) error {
	loaded, err := c.setup()
	if err != nil {
		return err
	}
	options, err := c.backfillOptions(loaded, file, flags)
	if err != nil {
		return err
	}
	rejects := &rejectsFile{path: flags.rejects}
	if rejects.path == "" {
		rejects.path = filepath.Base(file) + ".rejects.ndjson"
	}
	for _, read := range []string{file, flags.mapPath} {
		if textfile.Same(rejects.path, read) {
			return usage("--rejects %s: this is a file that is read; name another", rejects.path)
		}
	}
	options.Rejected = rejects.add
	plan, err := backfill.Prepare(options)
	if err := errors.Join(err, rejects.close()); err != nil {
		return err
	}
	c.printPlan(file, plan, rejects.path)
	if !flags.dryRun && plan.Events > 0 {
		if err := c.sendPlan(ctx, loaded, plan, flags); err != nil {
			return err
		}
	}
	if plan.Rejects > 0 {
		return &coded{exitPartial, fmt.Errorf("%d rows were rejected; see %s", plan.Rejects, rejects.path)}
	}
	return nil
}

func (c *cli) backfillOptions(loaded *config.Loaded, file string, flags backfillFlags) (backfill.Options, error) {
	options := backfill.Options{Name: file, MapName: flags.mapPath, Now: c.now(), Limits: decodeLimits(&loaded.Config)}
	options.Open = func() (io.ReadCloser, error) { return os.Open(file) }
	var err error
	if options.Delimiter, err = textfile.Delimiter(flags.delimiter); err != nil {
		return options, usage("--delimiter: %v", err)
	}
	if options.Format, err = formatOf(file, flags.format); err != nil {
		return options, err
	}
	var memory config.Size
	if err := memory.UnmarshalText([]byte(flags.memory)); err != nil {
		return options, usage("--sort-memory: %v", err)
	}
	options.MemoryBytes = int64(memory)
	zone, err := time.LoadLocation(loaded.Time.BusinessZone)
	if err != nil {
		return options, fmt.Errorf("load the business zone: %w", err)
	}
	options.Zone = zone
	if flags.mapPath == "" {
		return options, nil
	}
	if options.Format == backfill.NDJSON {
		return options, usage("--map is for CSV: NDJSON holds our schema already")
	}
	text, err := c.readFile(flags.mapPath)
	if err != nil {
		return options, &coded{exitInvalid, fmt.Errorf("read the map: %w", err)}
	}
	options.Map, err = rowmap.ReadMap(flags.mapPath, text)
	return options, err
}

func (c *cli) printPlan(file string, plan *backfill.Plan, rejects string) {
	if c.quiet {
		return
	}
	fmt.Fprintf(c.stderr, "%s: %d events", filepath.Base(file), plan.Events)
	if plan.Events > 0 {
		fmt.Fprintf(c.stderr, " from %s to %s", dayOf(plan.First), dayOf(plan.Last))
	}
	if plan.Streamed {
		fmt.Fprint(c.stderr, ", in order already")
	}
	if plan.Rejects > 0 {
		fmt.Fprintf(c.stderr, ", %d rows rejected (%s)", plan.Rejects, rejects)
	}
	if plan.Repeated > 0 {
		fmt.Fprintf(c.stderr, ", %d rows left out that repeat others", plan.Repeated)
	}
	if plan.LeftOut > 0 {
		fmt.Fprintf(c.stderr, ", %d rows left out that are not the first of their order", plan.LeftOut)
	}
	fmt.Fprintln(c.stderr)
	if plan.Older > 0 {
		fmt.Fprintf(c.stderr, "%d events are older than the %d days that are kept exactly, counted back from the last: "+
			"where a customer's later days were counted before, they go into the sums of the whole life, "+
			"and its rows say approximate\n", plan.Older, window.RetainedDays)
	}
}

func dayOf(at event.Instant) string { return time.UnixMicro(int64(at)).UTC().Format(time.DateOnly) }

// takesOurSchema reports whether a mapping reads an event of our own schema as it
// is. A time zone does nothing to times that carry an offset.
func takesOurSchema(m *config.Mapping) bool {
	return len(m.Fields)+len(m.Constants) == 0 && m.Amounts != "decimal" && m.Refunds != "negative" &&
		(len(m.Times) == 0 || slices.Contains(m.Times, "rfc3339"))
}

// sendPlan sends to topics that are there and take our schema as it is.
func (c *cli) sendPlan(ctx context.Context, loaded *config.Loaded, plan *backfill.Plan, flags backfillFlags) error {
	for _, input := range slices.Sorted(maps.Keys(loaded.Mapping)) {
		if mapping := loaded.Mapping[input]; !takesOurSchema(&mapping) {
			return &coded{exitInvalid, fmt.Errorf("mapping.%s says that its topic does not hold our schema, which is what "+
				"backfill writes: send the file to a topic without a mapping", input)}
		}
	}
	client, err := c.kafka(ctx, loaded, kgo.ProducerBatchCompression(kgo.Lz4Compression()),
		kgo.ProducerLinger(5*time.Millisecond))
	if err != nil {
		return err
	}
	defer client.Close()
	if err := inputsExist(ctx, client, loaded); err != nil {
		return err
	}
	start, err := c.startOf(ctx, client, plan, flags)
	if err != nil {
		return err
	}
	session, err := c.openBackfill(ctx, loaded, plan, start)
	if err != nil {
		return err
	}
	defer session.client.Close()
	begun, bar := c.now(), c.progress("backfill", plan.Events)
	sent, err := backfill.Send(ctx, plan, client, backfill.Sending{Topics: inputTopics(&loaded.Config),
		Skip: start.skip, Arrived: start.arrived, Done: bar.to, Reached: session.Reached})
	bar.end()
	took := c.now().Sub(begun)
	if err == nil {
		err = session.Close(ctx)
	}
	if err != nil {
		return &coded{exitPartial, fmt.Errorf("%w; %d of %d events are sent: silence waits for the rest. "+
			"Send the same file again: it goes on behind them by itself "+
			"(--skip %d would too), or give it up with `holdfast backfill --close %s`",
			err, sent, plan.Events, sent, session.ID)}
	}
	if !c.quiet {
		fmt.Fprintf(c.stderr, "%d events sent in %s (%s)\n", sent-start.skip,
			took.Round(10*time.Millisecond), rateOf(sent-start.skip, took))
	}
	return nil
}

// inputsExist refuses to send where a topic is missing or the counts differ,
// with what to do about it.
func inputsExist(ctx context.Context, client *kgo.Client, loaded *config.Loaded) error {
	found, err := compareTopics(ctx, client, &loaded.Config)
	if err != nil {
		return err
	}
	for _, topic := range found.Missing {
		if topic.Direction == topics.In {
			return fmt.Errorf("the topic %s does not exist → create it, or let `holdfast migrate up` do it", topic.Name)
		}
	}
	for _, problem := range found.Blocking() {
		return errors.New(problem.String())
	}
	return nil
}

// rejectsFile is made with the first reject.
type rejectsFile struct {
	path    string
	file    *os.File
	encoder *json.Encoder
}

func (r *rejectsFile) add(reject *backfill.Reject) error {
	if r.file == nil {
		file, err := os.Create(r.path)
		if err != nil {
			return fmt.Errorf("make the rejects file: %w", err)
		}
		r.file, r.encoder = file, json.NewEncoder(file)
		r.encoder.SetEscapeHTML(false)
	}
	if err := r.encoder.Encode(reject); err != nil {
		return fmt.Errorf("write the rejects file: %w", err)
	}
	return nil
}

func (r *rejectsFile) close() error {
	if r.file == nil {
		return nil
	}
	return r.file.Close()
}
