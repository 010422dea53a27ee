package main

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"
	"github.com/twmb/franz-go/pkg/kgo"
	"golang.org/x/time/rate"

	"github.com/holdfast/holdfast/internal/config"
	"github.com/holdfast/holdfast/internal/workload"
	"github.com/holdfast/holdfast/pipeline/decode"
	"github.com/holdfast/holdfast/pipeline/event"
)

const produceHelp = `Send made-up events to the input topics at a steady rate, to see an installation
at work. Do not point it at topics with real customers: it invents some.

  steady   visits, purchases and complaints of customers, some popular
  spike    the same, with ten times the rate in the first ten seconds of a minute
  late     the same, a fifth of it 1 to 20 days late, a tenth of it twice
  poison   the same, every tenth record bad in one of the known ways`

// produceFlags are the flags of produce.
type produceFlags struct {
	rate      float64
	duration  time.Duration
	scenario  string
	customers int
	seed      uint64
}

func (c *cli) produceCommand() *cobra.Command {
	var flags produceFlags
	command := &cobra.Command{
		Use: "produce", Short: "Send made-up events to the input topics", Long: produceHelp, Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error { return c.produce(command.Context(), flags) },
	}
	command.Flags().Float64Var(&flags.rate, "rate", 100, "events per second")
	command.Flags().DurationVar(&flags.duration, "duration", time.Minute, "how long; 0 until interrupted")
	command.Flags().StringVar(&flags.scenario, "scenario", "steady", "steady, spike, late or poison")
	command.Flags().IntVar(&flags.customers, "customers", 10_000, "how many customers there are")
	command.Flags().Uint64Var(&flags.seed, "seed", 1, "another seed makes other events")
	c.kafkaFlags(command)
	return command
}

func (c *cli) produce(ctx context.Context, flags produceFlags) error {
	if !(flags.rate > 0 && flags.rate <= 1e6) || flags.customers < 1 || flags.duration < 0 {
		return usage("--rate must be above 0 and at most 1000000, --customers at least 1, --duration not negative")
	}
	items, err := c.scenario(flags)
	if err != nil {
		return err
	}
	loaded, err := c.setup()
	if err != nil {
		return err
	}
	if words := checkCurrency(loaded); words != "" {
		c.logger().Warn("made-up money", "problem", words)
	}
	client, err := c.kafka(ctx, loaded, kgo.ProducerLinger(5*time.Millisecond))
	if err != nil {
		return err
	}
	defer client.Close()
	if err := inputsExist(ctx, client, loaded); err != nil {
		return err
	}
	sender := &sender{client: client, topics: inputTopics(&loaded.Config)}
	begun := c.now()
	if flags.duration > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, flags.duration)
		defer cancel()
	}
	err = c.paced(ctx, flags, items, sender)
	err = errors.Join(err, sender.flush(ctx))
	fmt.Fprintf(c.stdout, "%d events sent, %d of them bad on purpose, in %s (%s)\n", sender.sent.Load(), sender.bad,
		c.now().Sub(begun).Round(time.Millisecond), rateOf(sender.sent.Load(), c.now().Sub(begun)))
	return err
}

// scenario returns the endless stream of a scenario.
func (c *cli) scenario(flags produceFlags) (func() workload.Item, error) {
	cfg := workload.LoadConfig{
		Seed: flags.seed, Customers: flags.customers, Zipf: 0.8, Start: workload.InstantOf(c.now()),
		Step: event.Instant(1e6 / flags.rate),
	}
	switch flags.scenario {
	case "steady", "poison":
	case "spike":
		cfg.Step = event.Instant(1e6 / (flags.rate * spikeMean)) // or events would run ahead of time
	case "late":
		cfg.Late, cfg.Duplicates = 0.2, 0.1
	default:
		return nil, usage("--scenario %q is not one of steady, spike, late, poison", flags.scenario)
	}
	load := workload.NewLoad(cfg)
	if flags.scenario != "poison" {
		return func() workload.Item { item, _ := load.Next(); return item }, nil
	}
	var poisons []workload.Poison
	for _, poison := range workload.Poisons(cfg.Start) {
		if len(poison.Value) < 1<<20 { // larger ones are refused by the topics' own limit
			poisons = append(poisons, poison)
		}
	}
	count := 0
	return func() workload.Item {
		if count++; count%10 == 0 {
			return poisons[count/10%len(poisons)].Item
		}
		item, _ := load.Next()
		return item
	}, nil
}

// A spike is the first seconds of every minute at a multiple of the rate.
const (
	spikeSeconds = 10
	spikeFactor  = 10
	spikeMean    = (spikeSeconds*spikeFactor + 60 - spikeSeconds) / 60.0
)

// paced sends at the rate until ctx ends.
func (c *cli) paced(ctx context.Context, flags produceFlags, next func() workload.Item, to *sender) error {
	limiter := rate.NewLimiter(rate.Limit(flags.rate), max(1, int(flags.rate/20)))
	total := int64(flags.rate * flags.duration.Seconds())
	bar := c.progress("produce", total)
	defer bar.end()
	for count := int64(1); limiter.Wait(ctx) == nil; count++ {
		if flags.scenario == "spike" && count%64 == 0 {
			factor := 1.0
			if c.now().Second() < spikeSeconds {
				factor = spikeFactor
			}
			limiter.SetLimit(rate.Limit(flags.rate * factor))
		}
		if err := to.send(next()); err != nil {
			return err
		}
		bar.to(count)
	}
	return nil
}

// sender sends items and remembers the first failure.
type sender struct {
	client *kgo.Client
	topics map[event.Type]string
	sent   atomic.Int64
	bad    int64
	failed atomic.Pointer[error]
}

func (s *sender) send(item workload.Item) error {
	if failed := s.failed.Load(); failed != nil {
		return *failed
	}
	topic := s.topics[item.Topic]
	if topic == "" {
		return nil // this input is switched off
	}
	if item.Want != decode.None {
		s.bad++
	}
	// The client stamps the record with the time of writing, whenever the event
	// happened: retention counts from it.
	record := &kgo.Record{Topic: topic, Key: item.Key, Value: item.Value}
	if len(item.EventID) > 0 {
		record.Headers = []kgo.RecordHeader{{Key: "ce_id", Value: item.EventID}}
	}
	s.client.Produce(context.Background(), record, func(_ *kgo.Record, err error) {
		if err != nil {
			s.failed.CompareAndSwap(nil, &err)
			return
		}
		s.sent.Add(1)
	})
	return nil
}

// flush waits for what is handed over, also after ctx has ended.
func (s *sender) flush(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	err := s.client.Flush(ctx)
	if failed := s.failed.Load(); failed != nil {
		return *failed
	}
	return err
}

// checkCurrency warns where made-up money would not count.
func checkCurrency(loaded *config.Loaded) string {
	if loaded.Money.Currency == "EUR" {
		return ""
	}
	return "the events are in EUR, the sums are kept in " + loaded.Money.Currency + ": their money will not count"
}
