package pipeline_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/holdfast/holdfast/internal/backfill"
	"github.com/holdfast/holdfast/internal/workload"
	"github.com/holdfast/holdfast/pipeline/control"
	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/schemas/topics"
)

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

// fieldOf is a text field of a JSON event.
func fieldOf(value []byte, name string) string {
	_, rest, _ := strings.Cut(string(value), `"`+name+`":"`)
	text, _, _ := strings.Cut(rest, `"`)
	return text
}
