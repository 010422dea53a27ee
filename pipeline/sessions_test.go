package pipeline_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/twmb/franz-go/pkg/kadm"

	"github.com/holdfast/holdfast/internal/backfill"
	"github.com/holdfast/holdfast/internal/workload"
	"github.com/holdfast/holdfast/pipeline"
	"github.com/holdfast/holdfast/pipeline/control"
	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/shard"
	"github.com/holdfast/holdfast/schemas/topics"
)

// visit and purchase are one event each of customer c-1.
func visit(at event.Instant) workload.Item {
	return workload.Item{Topic: event.Visit, Key: []byte("c-1"), At: at, Value: fmt.Appendf(nil,
		`{"event_id":"v-%d","event_type":"visit","occurred_at":"%s","customer_id":"c-1","kind":"session"}`,
		at, workload.TimeOf(at).Format(time.RFC3339))}
}

func purchase(at event.Instant) workload.Item {
	return workload.Item{Topic: event.Purchase, Key: []byte("c-1"), At: at, Value: fmt.Appendf(nil,
		`{"event_id":"p-%d","event_type":"purchase","occurred_at":"%s","customer_id":"c-1","kind":"order",`+
			`"order_id":"o-%d","amount_net":1000,"currency":"EUR"}`, at, workload.TimeOf(at).Format(time.RFC3339), at)}
}

// stamped are items that are written at one moment, as a backfill does.
func stamped(all []workload.Item, at event.Instant) []workload.Item {
	all = slices.Clone(all)
	for i := range all {
		all[i].At = at
	}
	return all
}

// TestHistoryOverSeveralInputsIsCountedWhole sends three years of purchases,
// waits until the clock has caught up, and sends the visits of those years: all
// of them count, those of days that have been folded approximately.
func TestHistoryOverSeveralInputsIsCountedWhole(t *testing.T) {
	var purchases, visits []workload.Item
	for week := range event.Instant(156) {
		at := start - (156-week)*7*event.Day24h
		purchases, visits = append(purchases, purchase(at)), append(visits, visit(at+2*event.Day24h))
	}
	inVirtualTime(t, func(v *virtual) {
		c := v.clocked()
		c.setWall(start)
		c.produce(stamped(purchases, start))
		c.start()
		if !c.reads(start) {
			t.Error("the clock does not catch up")
		}
		c.produce(stamped(visits, start))
		c.caughtUp(c.cfg)
		if err := c.running.stop(); err != nil {
			t.Fatal(err)
		}
		if letters := v.deadLetters(); len(letters) != 0 {
			t.Errorf("%d events were refused", len(letters))
		}
		h := v.history(c.cfg)
		row := h.rows["c-1"]
		if row.days != 156 || row.orders != 156 || row.net != 156_000 || row.approximate != 1 || row.activity != 311 {
			t.Errorf("row %+v, want 156 orders on as many days, 311 repeated days of activity, approximate", row)
		}
	})
}

// TestInputsAreMergedHoweverTheyArePolled reads years of all events that wait,
// in pieces of several sizes: nothing is refused, nothing approximate, and each
// row is that of the oracle.
func TestInputsAreMergedHoweverTheyArePolled(t *testing.T) {
	shop := workload.NewShop(workload.ShopConfig{Seed: 9, Customers: 60, HistoryDays: 900, End: start})
	var all []workload.Item
	for item, ok := shop.Next(); ok; item, ok = shop.Next() {
		all = append(all, item)
	}
	for _, most := range []int{30, 700, 20_000} {
		t.Run(fmt.Sprint(most), func(t *testing.T) {
			inVirtualTime(t, func(v *virtual) {
				cfg := v.honest()
				cfg.MaxPollRecords = most
				v.setWall(start)
				v.produce(stamped(all, start))
				p := v.run(cfg)
				v.caughtUp(cfg)
				if err := p.stop(); err != nil {
					t.Fatal(err)
				}
				v.verify(cfg, len(all))
				h := v.history(cfg)
				for n := range testPartitions {
					if c := shard.CountersOf(h.entries[n][len(h.entries[n])-1].Counters); c.Folded > 0 {
						t.Errorf("shard %d: %d events came after their days were folded", n, c.Folded)
					}
				}
				for id, row := range h.rows {
					if row.approximate != 0 {
						t.Errorf("customer %s is approximate", id)
					}
				}
			})
		})
	}
}

// session is a backfill into a running pipeline, in stretches.
func (v *virtual) session(group string) *backfill.Session {
	return backfill.NewSession(v.placed(), "b-1", group, v.names[topics.Internal],
		[]string{v.topicOf(event.Purchase), v.topicOf(event.Visit), v.topicOf(event.Complaint)})
}

// deliverable are the raised alerts that are not suppressed.
func (w *world) deliverable() (keys []string) {
	for _, m := range w.alerts() {
		if !m.Suppressed {
			keys = append(keys, m.Kind+" "+m.key())
		}
	}
	slices.Sort(keys)
	return keys
}

// TestABackfillIntoARunningInstanceIsOneBeforeTheStart sends a year of a shop's
// history into a pipeline that has caught up with nothing: alerts and rows are
// those of a pipeline that starts when all of it is there.
func TestABackfillIntoARunningInstanceIsOneBeforeTheStart(t *testing.T) {
	shop := workload.NewShop(workload.ShopConfig{Seed: 4, Customers: 80, HistoryDays: 380, End: start - 6*event.Day24h})
	var all []workload.Item
	for item, ok := shop.Next(); ok; item, ok = shop.Next() {
		all = append(all, item)
	}
	all = stamped(all, start)
	var want, got []string
	var wantRows, gotRows map[string]row
	inVirtualTime(t, func(v *virtual) {
		c := v.clocked()
		c.setWall(start)
		c.cfg.Shard.Policy.MaxEventAge = 48 * event.Hour
		c.produce(all)
		c.start()
		c.reads(start)
		want, wantRows = v.deliverable(), v.history(c.cfg).rows
	})
	inVirtualTime(t, func(v *virtual) {
		c := v.clocked()
		c.setWall(start)
		c.cfg.Shard.Policy.MaxEventAge = 48 * event.Hour
		c.start()
		if !c.reads(start) {
			t.Error("the clock does not catch up with nothing")
		}
		s := v.session(c.cfg.Group)
		if err := s.Open(c.ctx(), 0); err != nil {
			t.Fatal(err)
		}
		for n := 0; n < len(all); n += 900 {
			stretch := all[n:min(n+900, len(all))]
			v.produce(stretch)
			if err := s.Reached(c.ctx(), timeOfItem(t, stretch[len(stretch)-1])-1, int64(n+len(stretch))); err != nil {
				t.Fatal(err)
			}
			time.Sleep(3 * time.Second) // the clock is asked for in between
		}
		if len(c.running.Sessions()) != 1 {
			t.Errorf("sessions %q, want one", c.running.Sessions())
		}
		if err := s.Close(c.ctx()); err != nil {
			t.Fatal(err)
		}
		c.caughtUp(c.cfg)
		if !c.reads(start) {
			t.Error("the clock does not go on when the backfill has ended")
		}
		got, gotRows = v.deliverable(), v.history(c.cfg).rows
		if len(c.running.Sessions()) != 0 {
			t.Errorf("sessions %q, want none", c.running.Sessions())
		}
		if err := c.running.stop(); err != nil {
			t.Fatal(err)
		}
	})
	t.Logf("%d events, %d alerts to deliver", len(all), len(want))
	onlyIn(t, "earlier backfill", want, got)
	onlyIn(t, "running instance's", got, want)
	for id, row := range wantRows {
		other := gotRows[id]
		row.seq, other.seq, row.asOf, other.asOf = 0, 0, 0, 0
		if row != other {
			t.Errorf("customer %s: %+v, into a running instance %+v", id, row, other)
		}
	}
}

func timeOfItem(t testing.TB, item workload.Item) event.Instant {
	t.Helper()
	at, err := time.Parse(time.RFC3339Nano, fieldOf(item.Value, "occurred_at"))
	if err != nil {
		t.Fatal(err)
	}
	return workload.InstantOf(at)
}

// TestAnAbandonedBackfillIsGivenUp kills a backfill in its middle: silence waits,
// until the session is closed by hand, or has given no sign of life for long.
func TestAnAbandonedBackfillIsGivenUp(t *testing.T) {
	for name, byHand := range map[string]bool{"by hand": true, "after a while": false} {
		t.Run(name, func(t *testing.T) {
			inVirtualTime(t, func(v *virtual) {
				c := v.clocked()
				c.cfg.BackfillMaxOpen = 3 * 24 * time.Hour
				c.setWall(start)
				c.start()
				s := v.session(c.cfg.Group)
				if err := s.Open(c.ctx(), 0); err != nil {
					t.Fatal(err)
				}
				c.produce(stamped(few(200, start), start))
				time.Sleep(10 * time.Second) // the instance is up and knows the session before the wall time moves
				if wall := start + 2*event.Day24h; c.goesTo(wall) {
					t.Error("silence does not wait for the backfill")
				}
				if byHand {
					if _, err := backfill.WriteControl(c.ctx(), v.placed(), v.names[topics.Internal], []int32{0, 1, 2, 3},
						func(int32) control.Record {
							return control.Record{Kind: control.BackfillClosed, Session: control.AllSessions}
						}); err != nil {
						t.Fatal(err)
					}
					if !c.reads(start + 2*event.Day24h) {
						t.Error("silence waits for a session that was closed")
					}
				} else if !c.goesTo(start + 4*event.Day24h) {
					t.Error("silence waits for ever")
				}
				c.caughtUp(c.cfg)
			})
		})
	}
}

// TestRowsAreSentAgain: every customer's row, once more, and newer.
func TestRowsAreSentAgain(t *testing.T) {
	inVirtualTime(t, func(v *virtual) {
		c := v.clocked()
		c.setWall(start)
		c.produce(few(300, start))
		c.start()
		before := v.history(c.cfg).rows
		written, err := backfill.WriteControl(c.ctx(), v.placed(), v.names[topics.Internal], []int32{0, 1, 2, 3},
			func(int32) control.Record { return control.Record{Kind: control.RowsResend} })
		if err != nil {
			t.Fatal(err)
		}
		running, err := backfill.AwaitApplied(c.ctx(), v.client, c.cfg.Group, v.names[topics.Internal], written)
		if !running || err != nil {
			t.Fatal(running, err)
		}
		c.caughtUp(c.cfg)
		after := v.history(c.cfg).rows
		for id, row := range before {
			if after[id].seq <= row.seq {
				t.Errorf("customer %s has row %d, and had %d before", id, after[id].seq, row.seq)
			}
		}
		if err := c.running.stop(); err != nil {
			t.Fatal(err)
		}
		v.verify(c.cfg, 300+len(written))
	})
}

// TestARecordOfTheFutureMovesNothing: a record that its producer stamped with a
// time to come, at the head of a backlog, is refused, and no clock follows it.
func TestARecordOfTheFutureMovesNothing(t *testing.T) {
	for name, far := range map[string]event.Instant{"2028": 900 * event.Day24h, "2190": 60_000 * event.Day24h,
		"a day": event.Day24h} {
		t.Run(name, func(t *testing.T) {
			inVirtualTime(t, func(v *virtual) {
				c := v.clocked()
				c.setWall(start)
				regular := few(400, start)
				c.produce(regular)
				c.start()
				c.reads(start)
				if err := c.running.stop(); err != nil {
					t.Fatal(err)
				}
				alerts := len(v.deliverable())
				wall := start + event.Hour
				c.setWall(wall)
				c.produce([]workload.Item{visit(wall + far)})
				c.produce(stamped(few(100, wall), wall))
				c.cfg = fresh(c.cfg)
				c.registry = registryOf(&c.cfg)
				c.start()
				if !c.reads(wall) {
					t.Errorf("the clock stands elsewhere: %v", gauge(t, c.registry, "holdfast_partition_watermark_timestamp_seconds"))
				}
				if now := len(v.deliverable()); now > alerts+20 {
					t.Errorf("%d alerts after a record of the future", now-alerts)
				}
				letters := v.deadLetters()
				if len(letters) != 1 {
					t.Errorf("%d dead letters, want the record of the future", len(letters))
				}
				for _, letter := range letters {
					if reason := headerOf(letter, "holdfast.dlq.reason"); reason != "future_time" {
						t.Errorf("reason %s, want future_time", reason)
					}
				}
			})
		})
	}
}

// TestAJumpOfTheHostsClockStopsEverything lets the host's clock be wrong for some
// seconds, as a virtual machine's may: nothing is concluded from it.
func TestAJumpOfTheHostsClockStopsEverything(t *testing.T) {
	for name, jump := range map[string]event.Instant{"ten days": 10 * event.Day24h, "400 days": 400 * event.Day24h,
		"back": -3 * event.Day24h} {
		t.Run(name, func(t *testing.T) {
			inVirtualTime(t, func(v *virtual) {
				cfg := v.honest()
				cfg.ClockTolerance = time.Minute
				offset := start - event.Instant(time.Now().UnixMicro())
				v.setWall(0) // added to the bubble's time
				cfg.Now = func() time.Time {
					return time.Now().Add(time.Duration(int64(offset)+v.wall.Load()) * time.Microsecond)
				}
				v.produce(few(300, start))
				p := v.run(cfg)
				v.caughtUp(cfg)
				time.Sleep(4 * time.Second)
				alerts := len(v.alerts())
				v.setWall(jump)
				v.notReady(p, "clock")
				v.makesNoBatch(func() { v.produce(stamped([]workload.Item{visit(start)}, start)) })
				if now := len(v.alerts()); now != alerts {
					t.Errorf("%d alerts from a wrong clock", now-alerts)
				}
				v.setWall(0)
				v.readyWithin(p, 10*time.Second)
				v.caughtUp(cfg)
				if letters := v.deadLetters(); len(letters) != 0 {
					t.Errorf("%d events were refused for the wrong clock", len(letters))
				}
			})
		})
	}
}

// TestAClockThatWasAheadIsRepaired starts with a state whose clock was once
// wrong: it is not ready, with both times, and the command takes back what was
// concluded.
func TestAClockThatWasAheadIsRepaired(t *testing.T) {
	inVirtualTime(t, func(v *virtual) {
		c := v.clocked()
		c.setWall(start)
		c.produce(few(400, start))
		c.start()
		c.reads(start)
		before := v.openChurn()
		if !c.goesTo(start + 400*event.Day24h) {
			t.Fatal("the clock did not follow")
		}
		if wrong := v.openChurn(); len(wrong) == len(before) {
			t.Fatal("400 days concluded nothing: the test shows nothing")
		}
		if err := c.running.stop(); err != nil {
			t.Fatal(err)
		}
		wall := start + event.Hour
		c.setWall(wall)
		c.cfg = fresh(c.cfg)
		c.registry = registryOf(&c.cfg)
		c.running = c.run(c.cfg)
		v.notReady(c.running, "the clock of shard", "holdfast clock repair")
		v.makesNoBatch(func() { v.produce(stamped([]workload.Item{visit(wall)}, wall)) })
		if _, err := backfill.WriteControl(c.ctx(), v.placed(), v.names[topics.Internal], []int32{0, 1, 2, 3},
			func(int32) control.Record { return control.Record{Kind: control.ClockRepair} }); err != nil {
			t.Fatal(err)
		}
		v.readyWithin(c.running, 10*time.Second)
		c.caughtUp(c.cfg)
		if !c.reads(wall) {
			t.Errorf("clocks stand at %v", gauge(t, c.registry, "holdfast_partition_watermark_timestamp_seconds"))
		}
		onlyIn(t, "repaired state's", v.openChurn(), before)
		for id, row := range v.history(c.cfg).rows {
			if row.asOf > wall {
				t.Errorf("customer %s has a row of the future: %s", id, workload.TimeOf(row.asOf))
			}
		}
		if err := c.running.stop(); err != nil {
			t.Fatal(err)
		}
		v.verify(c.cfg, 401+testPartitions)
	})
}

// makesNoBatch holds that nothing is made of what comes.
func (v *virtual) makesNoBatch(comes func()) {
	v.t.Helper()
	time.Sleep(4 * time.Second) // a header that says that nothing comes may still be written
	before := len(v.read(v.names[topics.BatchLog]))
	comes()
	time.Sleep(4 * time.Second)
	if after := len(v.read(v.names[topics.BatchLog])); after != before {
		v.t.Errorf("%d batches were made", after-before)
	}
}

// openChurn are the customers with an open churn alert.
func (w *world) openChurn() (open []string) {
	last := map[string]message{}
	for _, m := range w.alerts() {
		if m.Kind == "silent_churn" || m.Kind == "churn_risk" {
			if m.Seq >= last[m.AlertID].Seq {
				last[m.AlertID] = m
			}
		}
	}
	for _, m := range last {
		if m.Action != "resolved" && m.Action != "expired" {
			open = append(open, m.CustomerID)
		}
	}
	slices.Sort(open)
	return slices.Compact(open)
}

// TestUnreadRecordsThatWereDeletedAreNoSilence: retention takes purchases that
// lie unread; the refusal comes before anything is concluded.
func TestUnreadRecordsThatWereDeletedAreNoSilence(t *testing.T) {
	inVirtualTime(t, func(v *virtual) {
		c := v.clocked()
		c.setWall(start)
		c.produce(few(400, start))
		c.start()
		c.reads(start)
		if err := c.running.stop(); err != nil {
			t.Fatal(err)
		}
		alerts := len(v.alerts())
		c.produce(few(400, start+20*event.Day24h))
		admin := kadm.NewClient(c.client)
		c.deleteRecords(admin, v.topicOf(event.Purchase))
		c.setWall(start + 20*event.Day24h)
		_, done := c.runToItsEnd(fresh(c.cfg))
		wantEnd(t, done, "deleted by retention before they were read",
			"holdfast offsets skip --input "+v.topicOf(event.Purchase))
		if now := len(v.alerts()); now != alerts {
			t.Errorf("%d alerts were committed before the refusal", now-alerts)
		}
	})
}

// fieldOf is a text field of a JSON event.
func fieldOf(value []byte, name string) string {
	_, rest, _ := strings.Cut(string(value), `"`+name+`":"`)
	text, _, _ := strings.Cut(rest, `"`)
	return text
}

// registryOf gives a configuration a registry of its own.
func registryOf(cfg *pipeline.Config) *prometheus.Registry {
	registry := prometheus.NewRegistry()
	cfg.Registerer = registry
	return registry
}
