package pipeline_test

import (
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/holdfast/holdfast/internal/workload"
	"github.com/holdfast/holdfast/pipeline"
	"github.com/holdfast/holdfast/pipeline/checkpoint"
	"github.com/holdfast/holdfast/pipeline/decode"
	"github.com/holdfast/holdfast/pipeline/decode/json"
	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/signal"
	"github.com/holdfast/holdfast/schemas/topics"
)

// recreate deletes a topic and makes it anew.
func (v *virtual) recreate(topic string) {
	v.t.Helper()
	admin := kadm.NewClient(v.client)
	if _, err := admin.DeleteTopics(v.ctx(), topic); err != nil {
		v.t.Fatal(err)
	}
	v.connect() // makes it; besides, a client that has seen the old topic refuses the new one
}

// TestAnotherTopicIsRefusedEveryTime changes what a position is a position in
// between a stop and a start, and starts twice: the refusal must not wear off.
func TestAnotherTopicIsRefusedEveryTime(t *testing.T) {
	names := defaultNames()
	for _, c := range []struct {
		name   string
		change func(v *virtual, cfg *pipeline.Config)
		words  []string
	}{
		{"an input with more records", func(v *virtual, _ *pipeline.Config) {
			v.recreate(names[topics.Purchases])
			v.produce(few(900, start))
		}, []string{names[topics.Purchases], "created anew"}},
		{"an input with fewer records", func(v *virtual, _ *pipeline.Config) {
			v.recreate(names[topics.Visits])
			v.produce([]workload.Item{visit(start)})
		}, []string{names[topics.Visits], "created anew"}},
		{"an empty input", func(v *virtual, _ *pipeline.Config) { v.recreate(names[topics.Complaints]) },
			[]string{names[topics.Complaints], "created anew"}},
		{"the batch log", func(v *virtual, _ *pipeline.Config) { v.recreate(names[topics.BatchLog]) },
			[]string{names[topics.BatchLog], "created anew"}},
		{"pages and batch log", func(v *virtual, _ *pipeline.Config) {
			v.recreate(names[topics.BatchLog])
			v.recreate(names[topics.Checkpoint])
		}, []string{"the group stands at batch", "holds nothing"}},
		{"a renamed input", func(v *virtual, cfg *pipeline.Config) {
			cfg.Inputs = slices.Clone(cfg.Inputs)
			cfg.Inputs[0].Topic = "retail.purchases.v2"
			_, err := kadm.NewClient(v.client).CreateTopics(v.ctx(), testPartitions, 1, nil, "retail.purchases.v2")
			if err != nil {
				v.t.Fatal(err)
			}
		}, []string{names[topics.Purchases], "retail.purchases.v2 is configured in its place"}},
		{"an input that is no more configured", func(_ *virtual, cfg *pipeline.Config) {
			cfg.Inputs = slices.Delete(slices.Clone(cfg.Inputs), 2, 3)
		}, []string{names[topics.Complaints], "is not configured any more"}},
		{"another group", func(_ *virtual, cfg *pipeline.Config) { cfg.Group = "anew" },
			[]string{"holds the state of group holdfast", "set kafka.group to holdfast"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			inVirtualTime(t, func(v *virtual) {
				cfg := v.honest()
				v.setWall(start)
				v.produce(few(400, start))
				p := v.run(cfg)
				v.caughtUp(cfg)
				if err := p.stop(); err != nil {
					t.Fatal(err)
				}
				c.change(v, &cfg)
				if more, fewer := "an input with more records", "an input with fewer records"; c.name == more || c.name == fewer {
					if o := v.visitsStand(cfg); o.OtherTopic != (c.name == fewer) || o.OtherTopic && o.Lag() != o.End {
						t.Errorf("the visits stand at %+v", o)
					}
				}
				before := len(v.read(names[topics.BatchLog]))
				for range 2 {
					_, done := v.runToItsEnd(fresh(cfg))
					wantEnd(t, done, c.words...)
				}
				if after := len(v.read(names[topics.BatchLog])); after != before {
					t.Errorf("%d batches were committed before the refusal", after-before)
				}
			})
		})
	}
}

// TestAnInputMayBeAdded after a clean stop, and is read from its beginning.
func TestAnInputMayBeAdded(t *testing.T) {
	inVirtualTime(t, func(v *virtual) {
		cfg := v.honest()
		v.setWall(start)
		all := few(400, start)
		v.produce(all)
		less := cfg
		less.Inputs = []pipeline.Input{cfg.Inputs[0], cfg.Inputs[1], cfg.Inputs[3]}
		p := v.run(less)
		v.caughtUp(less)
		if err := p.stop(); err != nil {
			t.Fatal(err)
		}
		p = v.run(fresh(cfg))
		v.caughtUp(cfg)
		if err := p.stop(); err != nil {
			t.Fatal(err)
		}
		complaints := 0
		for _, r := range v.history(cfg).rows {
			complaints += int(r.complaints90)
		}
		if complaints == 0 {
			t.Error("no complaint was counted")
		}
	})
}

// beginAnew does what refusals advise, and returns the configuration to start with.
func (v *virtual) beginAnew(cfg pipeline.Config) pipeline.Config {
	v.recreate(v.names[topics.Checkpoint])
	v.recreate(v.names[topics.BatchLog])
	cfg = fresh(cfg)
	cfg.Group = "anew"
	return cfg
}

// TestALaterLifesRowsAreNewer begins anew as refusals advise: each row of the
// new life is newer than every row of the old one, from the first on.
func TestALaterLifesRowsAreNewer(t *testing.T) {
	inVirtualTime(t, func(v *virtual) {
		cfg := v.honest()
		v.setWall(start)
		v.produce(few(400, start))
		p := v.run(cfg)
		v.caughtUp(cfg)
		if err := p.stop(); err != nil {
			t.Fatal(err)
		}
		old := v.history(cfg)
		v.setWall(start + event.Minute)
		cfg = v.beginAnew(cfg)
		p = v.run(cfg)
		v.caughtUp(cfg)
		if err := p.stop(); err != nil {
			t.Fatal(err)
		}
		for id, r := range v.history(cfg).rows {
			if before := old.rows[id].seq; r.seq>>signal.EpochShift <= before>>signal.EpochShift {
				t.Errorf("customer %s: row %x of the new life is not newer than %x of the old one", id, r.seq, before)
			}
			if want := old.rows[id]; r.orders != want.orders || r.net != want.net {
				t.Errorf("customer %s: %+v, counted before as %+v", id, r, want)
			}
		}
	})
}

// TestACrashAndAMonthAway lets the batch log and the group's offsets run out
// after a death: what cannot be known is refused, what is whole goes on.
func TestACrashAndAMonthAway(t *testing.T) {
	for _, c := range []struct {
		name    string
		quiet   time.Duration // before the death
		again   bool          // something came after it
		log     bool          // the batch log runs out
		offsets bool
		words   []string // of the refusal; nil = it goes on, exactly
	}{
		{"busy, both", 0, false, true, true, []string{"cut after a crash"}},
		{"busy, the log", 0, false, true, false, []string{"cut after a crash"}},
		{"busy, the offsets", 0, false, false, true, nil},
		{"quiet, both", 30 * time.Second, false, true, true, nil},
		{"quiet, the log", 30 * time.Second, false, true, false, nil},
		{"quiet, the offsets", 30 * time.Second, false, false, true, nil},
		{"busy after a rest, both", 30 * time.Second, true, true, true, []string{"cut after a crash"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			inVirtualTime(t, func(v *virtual) {
				cfg := v.honest()
				v.setWall(start)
				all := few(400, start)
				dying := fresh(cfg)
				cut := v.severable(&dying)
				p := v.run(dying)
				for n := 0; n < len(all); n += 20 {
					v.produce(all[n : n+20])
					v.caughtUp(cfg)
				}
				time.Sleep(c.quiet)
				if more := few(40, start+event.Hour); c.again {
					for n := 0; n < len(more); n += 10 {
						v.produce(more[n : n+10])
						v.caughtUp(cfg)
					}
				}
				cut()
				if err := p.stop(); err != nil {
					t.Fatal(err)
				}
				admin := kadm.NewClient(v.client)
				if c.log {
					v.deleteRecords(admin, v.names[topics.BatchLog])
				}
				if c.offsets {
					time.Sleep(time.Minute) // the dead member is given up
					if _, err := admin.DeleteGroups(v.ctx(), cfg.Group); err != nil {
						t.Fatal(err)
					}
				}
				cfg = fresh(cfg)
				if c.words != nil {
					_, done := v.runToItsEnd(cfg)
					wantEnd(t, done, c.words...)
					return
				}
				more := few(20, start+event.Hour)
				p = v.run(cfg)
				v.produce(more)
				v.caughtUp(cfg)
				if err := p.stop(); err != nil {
					t.Fatal(err)
				}
				oracle := workload.NewOracle("EUR")
				v.teach(oracle, all, more)
				v.history(cfg).sameRows(t, oracle)
			})
		})
	}
}

// teach gives an oracle the events of items.
func (v *virtual) teach(oracle *workload.Oracle, parts ...[]workload.Item) {
	for _, part := range parts {
		for _, item := range part {
			e, ok := v.decodedItem(item)
			if ok {
				oracle.Add(&e)
			}
		}
	}
}

// TestTheBatchLogIsReleasedForSmallShards commits often with a handful of
// customers: a restart reads some entries and not all of them.
func TestTheBatchLogIsReleasedForSmallShards(t *testing.T) {
	inVirtualTime(t, func(v *virtual) {
		cfg := v.honest()
		v.setWall(start)
		p := v.run(cfg)
		all := few(900, start)
		for n := 0; n < len(all); n += 2 {
			v.produce(all[n : n+2])
			time.Sleep(3 * cfg.CommitEvery)
		}
		v.caughtUp(cfg)
		cfg = fresh(cfg)
		entries := len(v.read(v.names[topics.BatchLog]))
		headers := map[int32]checkpoint.Header{}
		for _, r := range v.read(v.names[topics.Checkpoint]) {
			if _, page, ok := checkpoint.ParsePageKey(r.Key); ok && page == 0 {
				h, err := checkpoint.DecodeHeader(r.Value)
				if err != nil {
					t.Fatal(err)
				}
				headers[r.Partition] = h
			}
		}
		ends, err := checkpoint.EndOffsets(v.ctx(), v.client, []string{v.names[topics.BatchLog]})
		if err != nil {
			t.Fatal(err)
		}
		left := int64(0)
		for n, r := range ends[v.names[topics.BatchLog]] {
			left += r.End - headers[n].LogOffset
		}
		t.Logf("%d entries, a restart reads %d offsets", entries, left)
		if entries < 800 {
			t.Errorf("%d entries: too few to show anything", entries)
		}
		if most := int64(testPartitions * 3 * 64); left > most {
			t.Errorf("a restart reads %d offsets of the batch log, want at most %d", left, most)
		}
		if err := p.stop(); err != nil {
			t.Fatal(err)
		}
	})
}

// TestABatchIsACommitsAndNotAPolls polls in small pieces: the pieces of one
// commit are one batch.
func TestABatchIsACommitsAndNotAPolls(t *testing.T) {
	inVirtualTime(t, func(v *virtual) {
		cfg := v.honest()
		cfg.MaxPollRecords, cfg.CommitEvery = 2_000, time.Second
		v.setWall(start)
		var commits atomic.Int64
		observing := cfg
		v.observe(&observing, nil, func(at point) {
			if at == afterEnd {
				commits.Add(1)
			}
		})
		p := v.run(observing)
		all := few(600, start)
		for n := 0; n < len(all); n += 3 {
			v.produce(all[n : n+3])
			time.Sleep(50 * time.Millisecond)
		}
		v.caughtUp(cfg)
		if err := p.stop(); err != nil {
			t.Fatal(err)
		}
		h := v.history(cfg)
		for n := range testPartitions {
			if batches := len(h.entries[n]); batches > int(commits.Load()) {
				t.Errorf("shard %d: %d batches in %d commits", n, batches, commits.Load())
			}
		}
		v.verify(cfg, len(all))
	})
}

// decodedItem is the event of an item; ok is false where it is none.
func (v *virtual) decodedItem(item workload.Item) (event.Event, bool) {
	v.t.Helper()
	d, err := json.New(decode.Config{Type: item.Topic})
	if err != nil {
		v.t.Fatal(err)
	}
	return decoded(d, &kgo.Record{Key: item.Key, Value: item.Value, Timestamp: workload.TimeOf(item.At)})
}
