package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/holdfast/holdfast/internal/backfill"
	"github.com/holdfast/holdfast/internal/config"
	"github.com/holdfast/holdfast/pipeline/control"
	"github.com/holdfast/holdfast/pipeline/event"
)

// backfillStart is where the sending of a plan begins.
type backfillStart struct {
	skip    int64
	begun   event.Instant
	arrived backfill.Arrived // events behind skip that are there already
}

// startOf finds out what was sent of a plan before, and says so.
func (c *cli) startOf(ctx context.Context, client *kgo.Client, plan *backfill.Plan,
	flags backfillFlags) (backfillStart, error) {
	start := backfillStart{skip: flags.skip, begun: event.Instant(c.now().UnixMicro())}
	if flags.skip < 0 || flags.skip > plan.Events {
		return start, usage("--skip %d is not within the %d events of the file", flags.skip, plan.Events)
	}
	sessions, err := backfill.ReadSessions(ctx, client, internalTopic())
	if err != nil {
		return start, fmt.Errorf("%w → it needs the right to read %s", err, internalTopic())
	}
	earlier := sessions.Of(plan.Content(), plan.File())
	switch {
	case earlier == nil:
		return start, nil
	case flags.again:
		fmt.Fprintf(c.stderr, "--again: %d of %d events were sent already, from %s on, and are sent once more: "+
			"those that Holdfast does not remember (a customer's latest 32 events and 16 orders) count twice\n",
			earlier.Sent, earlier.Events, timeOf(earlier.Begun))
		return start, nil
	case earlier.Ended && !earlier.Open:
		return start, usage("this content was sent on %s (session %s, %d events, as %s): sending it again would "+
			"count again what lies beyond a customer's latest 32 events and 16 orders → if that is meant, say --again",
			dayOf(earlier.Begun), earlier.ID, earlier.Events, earlier.File)
	case flags.skip > 0 && (flags.skip != earlier.Sent || earlier.File != plan.File() || earlier.Events != plan.Events):
		return start, nil
	}
	return c.goOn(ctx, client, plan, earlier)
}

// goOn begins where an earlier session ended.
func (c *cli) goOn(ctx context.Context, client *kgo.Client, plan *backfill.Plan,
	earlier *backfill.Earlier) (backfillStart, error) {
	start := backfillStart{skip: earlier.Sent, begun: earlier.Begun}
	switch {
	case earlier.File != plan.File():
		return start, usage("session %s has sent %d of the %d events of this content as %s: give the file that "+
			"name again, so that it goes on with the same ids, "+
			"or send all of it by --again", earlier.ID, earlier.Sent, earlier.Events, earlier.File)
	case earlier.Events != plan.Events:
		return start, usage("session %s has sent %d of %d events of this content, of which there are %d now, "+
			"since it is judged by other limits or at another time: "+
			"say --skip %d if those before are the same, or send all of it by --again",
			earlier.ID, earlier.Sent, earlier.Events, plan.Events, earlier.Sent)
	}
	if err := c.atWork(ctx, client, earlier); err != nil {
		return start, err
	}
	arrived, err := backfill.ReadArrived(ctx, client, earlier.From)
	if err != nil {
		return start, fmt.Errorf("%w → it needs the right to read the inputs", err)
	}
	start.arrived = arrived
	if !c.quiet {
		fmt.Fprintf(c.stderr, "continues session %s behind event %d of %d\n", earlier.ID, earlier.Sent, earlier.Events)
	}
	return start, nil
}

const (
	// lately is how long ago a session was heard of that may be at work still.
	lately = 10 * time.Second
	// hearing is above what lies between two signs of life of one that is.
	hearing = 3 * time.Second
)

// atWork refuses to go on with a session that another process still sends. It
// waits for a sign of life where one was heard lately.
func (c *cli) atWork(ctx context.Context, client *kgo.Client, earlier *backfill.Earlier) error {
	seen := time.UnixMicro(int64(earlier.Seen))
	if !earlier.Open || c.now().Sub(seen) > lately {
		return nil
	}
	select {
	case <-time.After(hearing):
	case <-ctx.Done():
		return ctx.Err()
	}
	sessions, err := backfill.ReadSessions(ctx, client, internalTopic())
	if err != nil {
		return err
	}
	if now := sessions.Of(earlier.Content, earlier.File); now != nil && now.Seen > earlier.Seen {
		return fmt.Errorf("session %s is being sent by another process, which was heard of just now: "+
			"both would send the same events → stop it, or let it end", earlier.ID)
	}
	return nil
}

func timeOf(at event.Instant) string { return time.UnixMicro(int64(at)).UTC().Format(time.RFC3339) }

// openSession is a session with the client that it writes with.
type openSession struct {
	*backfill.Session
	client *kgo.Client
}

// openBackfill announces a plan to whatever instance may be running.
func (c *cli) openBackfill(ctx context.Context, loaded *config.Loaded, plan *backfill.Plan,
	start backfillStart) (openSession, error) {
	client, err := c.partitionedClient(ctx, loaded)
	if err != nil {
		return openSession{}, err
	}
	inputs := inputTopics(&loaded.Config)
	var names []string
	for _, input := range []event.Type{event.Purchase, event.Visit, event.Complaint} {
		if inputs[input] != "" {
			names = append(names, inputs[input])
		}
	}
	session := backfill.NewSession(client, plan.SessionID(), loaded.Kafka.Group, internalTopic(), names)
	session.Sends = backfill.Sends{Content: plan.Content(), File: plan.File(), Begun: start.begun, Events: plan.Events}
	switch err := session.Open(ctx, start.skip); {
	case errors.Is(err, backfill.ErrNotApplied):
		fmt.Fprintf(c.stderr, "%v: it may conclude from a part of the file until it has; look at what /readyz says\n", err)
	case err != nil:
		client.Close()
		return openSession{}, err
	}
	return openSession{session, client}, nil
}

// closeBackfill ends a session whose backfill was given up. It may still be gone
// on with.
func (c *cli) closeBackfill(ctx context.Context, name string) error {
	_, client, err := c.setupKafka(ctx)
	if err != nil {
		return err
	}
	defer client.Close()
	sessions, err := backfill.ReadSessions(ctx, client, internalTopic())
	if err != nil {
		return fmt.Errorf("%w → it needs the right to read %s; create what is missing with `holdfast migrate up`",
			err, internalTopic())
	}
	open := sessions.Open()
	done := "silence counts again; what had been sent stays counted"
	later := "no instance is running: it is closed at the next start"
	switch {
	case name == "all" && len(open) == 0:
		// It is written all the same: the records that opened one may be gone.
		name, done, later = control.AllSessions, "no backfill was open", "no backfill was open"
	case name == "all":
		name = control.AllSessions
	case len(open) == 0:
		return fmt.Errorf("no backfill %s is open, nor any other", name)
	case !slices.Contains(open, name):
		return fmt.Errorf("no backfill %s is open; open: %s", name, strings.Join(open, ", "))
	}
	return c.sendControl(ctx, control.Record{Kind: control.BackfillClosed, Session: name}, done, later)
}
