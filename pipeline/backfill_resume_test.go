package pipeline_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/holdfast/holdfast/internal/backfill"
	"github.com/holdfast/holdfast/internal/workload"
	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/schemas/topics"
)

var errKilled = errors.New("killed")

// dying is a producer that is killed with the n-th record: what was handed over
// before it arrives, nothing is written or told any more. It takes its time, so
// that there are stretches.
type dying struct {
	*kgo.Client
	left int
}

func (d *dying) Produce(ctx context.Context, record *kgo.Record, promise func(*kgo.Record, error)) {
	if d.left--; d.left < 0 {
		promise(record, errKilled)
		return
	}
	if d.left%900 == 350 { // not right before the end
		time.Sleep(time.Second + time.Millisecond)
	}
	d.Client.Produce(ctx, record, promise)
}

// planOf is the plan of a file of events.
func planOf(t *testing.T, all []workload.Item) *backfill.Plan {
	t.Helper()
	var file bytes.Buffer
	for _, item := range all {
		file.Write(item.Value)
		file.WriteByte('\n')
	}
	plan, err := backfill.Prepare(backfill.Options{Name: "h.ndjson", Format: backfill.NDJSON, Zone: time.UTC,
		MemoryBytes: 64 << 20, Now: workload.TimeOf(start),
		Open:     func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(file.Bytes())), nil },
		Rejected: func(r *backfill.Reject) error { return errors.New(r.Detail) }})
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

// send is what the command does, killed with the event after the given number
// of them; it reports how many were sent before.
func (v *virtual) send(group string, plan *backfill.Plan, events int) (skipped int64, err error) {
	v.t.Helper()
	sessions, err := backfill.ReadSessions(v.ctx(), v.client, v.names[topics.Internal])
	if err != nil {
		v.t.Fatal(err)
	}
	s := backfill.NewSession(v.placed(), plan.SessionID(), group, v.names[topics.Internal],
		[]string{v.topicOf(event.Purchase), v.topicOf(event.Visit), v.topicOf(event.Complaint)})
	s.Sends = backfill.Sends{Content: plan.Content(), File: plan.File(), Begun: start, Events: plan.Events}
	how := backfill.Sending{Topics: map[event.Type]string{}}
	for _, input := range []event.Type{event.Purchase, event.Visit, event.Complaint} {
		how.Topics[input] = v.topicOf(input)
	}
	if earlier := sessions.Of(plan.Content(), plan.File()); earlier != nil {
		how.Skip = earlier.Sent
		if how.Arrived, err = backfill.ReadArrived(v.ctx(), v.client, earlier.From); err != nil {
			v.t.Fatal(err)
		}
	}
	if err := s.Open(v.ctx(), how.Skip); err != nil {
		v.t.Fatal(err)
	}
	producer := &dying{v.client, events}
	how.Reached = func(ctx context.Context, through event.Instant, sent int64) error {
		if producer.left < 0 {
			return errKilled
		}
		return s.Reached(ctx, through, sent)
	}
	sent, err := backfill.Send(v.ctx(), plan, producer, how)
	if err != nil {
		return how.Skip, err
	}
	if sent != plan.Events {
		v.t.Errorf("%d of %d events are sent", sent, plan.Events)
	}
	return how.Skip, s.Close(v.ctx())
}

// saysWhereToGoOn holds that the probes name the number that --skip takes.
func (v *virtual) saysWhereToGoOn(p *running) {
	v.t.Helper()
	sessions, err := backfill.ReadSessions(v.ctx(), v.client, v.names[topics.Internal])
	if err != nil || len(sessions) != 1 || !sessions[0].Open || sessions[0].Ended {
		v.t.Fatalf("sessions %+v, %v", sessions, err)
	}
	s := sessions[0]
	want := fmt.Sprintf("it goes on by itself behind event %d of %d, as --skip %d would; if it was given up: "+
		"holdfast backfill --close %s",
		s.Sent, s.Events, s.Sent, s.ID)
	if told := p.Sessions(); len(told) != 1 || !strings.Contains(told[0], want) {
		v.t.Errorf("probes say %q, want %q", told, want)
	}
}

// TestABackfillThatIsKilledGoesOn kills a backfill into a running instance at
// several points and sends the file again: alerts, rows and the number of
// records are those of one that was not killed. One customer has more events in
// a stretch than are remembered of it.
func TestABackfillThatIsKilledGoesOn(t *testing.T) {
	shop := workload.NewShop(workload.ShopConfig{Seed: 4, Customers: 80, HistoryDays: 380, End: start - 6*event.Day24h})
	var all []workload.Item
	for item, ok := shop.Next(); ok; item, ok = shop.Next() {
		all = append(all, item)
	}
	for n := range event.Instant(1000) { // orders of one customer, the last of one moment
		item := purchase(start - 60*event.Day24h + min(n, 800)*event.Second)
		item.Value = bytes.Replace(item.Value, []byte(`"p-`), fmt.Appendf(nil, `"p-%d-`, n), 1)
		item.Value = bytes.Replace(item.Value, []byte(`"o-`), fmt.Appendf(nil, `"o-%d-`, n), 1)
		all = append(all, item)
	}
	plan := planOf(t, all)
	total := int(plan.Events)
	busy, index := 0, 0 // the place of that customer's first order
	if err := plan.Each(func(e backfill.Event) error {
		if index++; busy == 0 && string(e.Key) == "c-1" {
			busy = index
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	var wantAlerts []string
	var wantRows map[string]row
	for _, kills := range [][]int{{}, {1}, {total / 2, 3, 700}, {busy + 500, 200, 5},
		{busy + 820}, {busy + 900, 20, 30}, {total - 1}, {total}} {
		t.Run(strings.ReplaceAll(fmt.Sprint(kills), " ", ","), func(t *testing.T) {
			inVirtualTime(t, func(v *virtual) {
				c := v.clocked()
				c.setWall(start)
				c.cfg.Shard.Policy.MaxEventAge = 48 * event.Hour
				c.start()
				for _, events := range kills {
					_, err := v.send(c.cfg.Group, plan, events)
					if !errors.Is(err, errKilled) && events < total {
						t.Fatalf("not killed: %v", err)
					}
					if events < total {
						time.Sleep(15 * time.Second) // longer than a stretch is waited for: what is there of it is applied
						v.saysWhereToGoOn(c.running)
					}
				}
				skipped, err := v.send(c.cfg.Group, plan, total+1)
				if err != nil {
					t.Fatal(err)
				}
				if len(kills) > 0 && kills[0] > 1000 && skipped == 0 {
					t.Error("it begins anew")
				}
				c.caughtUp(c.cfg)
				if !c.reads(start) {
					t.Error("the clock does not go on when the backfill has ended")
				}
				alerts, rows := v.deliverable(), v.history(c.cfg).rows
				records := 0
				for _, input := range []event.Type{event.Purchase, event.Visit, event.Complaint} {
					records += len(v.read(v.topicOf(input)))
				}
				if records != total {
					t.Errorf("%d records of %d events", records, total)
				}
				if err := c.running.stop(); err != nil {
					t.Fatal(err)
				}
				for id, r := range rows {
					r.seq, r.asOf = 0, 0
					rows[id] = r
				}
				if len(kills) == 0 {
					wantAlerts, wantRows = alerts, rows
					t.Logf("%d events, %d alerts, %d rows, c-1: %+v", total, len(alerts), len(rows), rows["c-1"])
					return
				}
				if !slices.Equal(alerts, wantAlerts) {
					onlyIn(t, "whole backfill", wantAlerts, alerts)
					onlyIn(t, "killed backfill", alerts, wantAlerts)
				}
				for id, want := range wantRows {
					if rows[id] != want {
						t.Errorf("customer %s: %+v, killed %+v", id, want, rows[id])
					}
				}
			})
		})
	}
}
