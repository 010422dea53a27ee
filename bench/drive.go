package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/holdfast/holdfast/internal/devkafka"
	"github.com/holdfast/holdfast/pipeline/lane"
)

// entrant is one line of the table: a system and what came of its rounds.
type entrant struct {
	title   string
	process *process
	before  logged // of the batch log before the round
	rounds  []round
	rows    []float64 // per event, by round
	wrong   []string  // why nothing counts
}

// round is one measurement beside the bare fetch of its own round.
type round struct {
	result
	bareRate, bareCPU float64 // events a second; CPU seconds an event
}

// field is everyone who runs on the same records.
type field struct {
	ctx      context.Context
	o        options
	cores    cores
	addrs    []string
	loader   *loader
	bare     *process
	entrants []*entrant
}

// drive runs it all and prints.
func drive(ctx context.Context) (err error) {
	o, err := optionsFromEnvironment()
	if err != nil {
		return err
	}
	if o.rounds == 0 && o.grow == 0 {
		return printSizes(os.Stdout)
	}
	c, pinned, two := shareCores()
	if two {
		if err := c.pinSelf(); err != nil {
			return err
		}
	}
	o.print(os.Stdout, pinned)
	broker, err := devkafka.StartChild(ctx, devkafka.Options{})
	if err != nil {
		return err
	}
	defer func() {
		stopping, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		err = errors.Join(err, broker.Stop(stopping))
	}()
	f := &field{ctx: ctx, o: o, cores: c, addrs: broker.Addrs()}
	defer f.killAll()
	if o.rounds > 0 {
		if err := f.run(); err != nil {
			return err
		}
	}
	if err := printSizes(os.Stdout); err != nil {
		return err
	}
	if o.grow > 0 {
		return f.grow()
	}
	return nil
}

func (f *field) run() error {
	began := time.Now()
	if err := f.prepare(); err != nil {
		return err
	}
	fmt.Printf("prepared in %s; each round: fetch", time.Since(began).Round(time.Second))
	for _, e := range f.entrants {
		fmt.Printf(", %s", e.process.order.Name)
	}
	fmt.Println(", fetch")
	for n := range f.o.rounds {
		if err := f.round(n); err != nil {
			return err
		}
	}
	return f.conclude()
}

// prepare writes the histories, starts the systems and lets them take them.
func (f *field) prepare() (err error) {
	names := namesFor("", "")
	if f.loader, err = newLoader(f.addrs, names, f.o); err != nil {
		return err
	}
	if err := makeTopics(f.ctx, f.loader.client, names); err != nil {
		return err
	}
	history, err := f.loader.warm(f.ctx)
	if err != nil {
		return err
	}
	base := order{Addrs: f.addrs, Names: names, Profile: f.o.profile, CommitBytes: commitBytes}
	if f.bare, err = start(&f.cores, base.as(bareFetch, "fetch")); err != nil {
		return err
	}
	ten, two := base.as(committing, "commit-ten"), base.as(committing, "commit-two")
	// Rows go with every commit, a tenth of the events that it may hold.
	record := lane.RecordBytes(&kgo.Record{Value: make([]byte, recordBytes)}) // in memory, which is what counts
	ten.CommitBytes, ten.FlushEvery, ten.RowsPerCommit = commitEvents*record, time.Millisecond, rowsPerCommit
	ten.EffectBytes = effectBytes // or commits are smaller and bring more than a row per ten events
	two.FlushEvery = flushEvery
	for _, e := range []struct {
		title string
		order order
	}{
		{"fetch + decode", base.as(fetchDecode, "decode")},
		{"whole path, no commit", base.as(noCommit, "apply")},
		{"whole path, 1 row per 10 events", ten},
		{fmt.Sprintf("whole path, rows every %s", flushEvery), two},
	} {
		if err := f.enter(e.title, e.order, history); err != nil {
			return err
		}
	}
	return forget(f.ctx, f.loader.client, inputsOf(names)...)
}

func (o order) as(m mode, name string) order {
	o.Mode, o.Name = m, name
	if m == committing {
		o.Names = namesFor("", name+".")
	}
	return o
}

// enter starts a system and lets it take the histories, where it keeps any.
func (f *field) enter(title string, o order, history stretch) (err error) {
	e := &entrant{title: title}
	f.entrants = append(f.entrants, e)
	if o.Mode == committing {
		if err := makeOwnTopics(f.ctx, f.loader.client, o.Names); err != nil {
			return err
		}
	}
	if e.process, err = start(&f.cores, o); err != nil {
		return err
	}
	if o.Mode == fetchDecode {
		return nil
	}
	r, err := e.process.ask(f.ctx, command{Events: int(history.Events), From: history.from, To: history.to, Warm: true})
	if err != nil {
		return err
	}
	if err := f.check(e, history, &r); err != nil {
		return err
	}
	if len(e.wrong) > 0 {
		return fmt.Errorf("take the histories: %s: %v", title, e.wrong)
	}
	if o.Mode == committing {
		return errors.Join(e.process.hold(), forget(f.ctx, f.loader.client, outputsOf(o.Names)...))
	}
	return nil
}

// round lets everyone take the same events, one after the other; the bare
// fetch goes first and last.
func (f *field) round(n int) error {
	events, err := f.loader.round(f.ctx)
	if err != nil {
		return err
	}
	c := command{Events: int(events.Events), From: events.from, To: events.to}
	first, err := f.bareFetch(c, events)
	if err != nil {
		return err
	}
	results := make([]result, len(f.entrants))
	for i, e := range f.entrants {
		if results[i], err = f.take(e, c, events); err != nil {
			return err
		}
	}
	last, err := f.bareFetch(c, events)
	if err != nil {
		return err
	}
	rate := float64(first.Events+last.Events) / (first.Seconds + last.Seconds)
	cpu := (first.CPU + last.CPU) / float64(first.Events+last.Events)
	fmt.Printf("round %d: fetch %.0fk/s", n+1, rate/1e3)
	for i, e := range f.entrants {
		e.rounds = append(e.rounds, round{result: results[i], bareRate: rate, bareCPU: cpu})
		fmt.Printf(", %s %.3f", e.process.order.Name, e.rounds[n].rate()/rate)
	}
	fmt.Println()
	return forget(f.ctx, f.loader.client, inputsOf(f.loader.names)...)
}

func (f *field) bareFetch(c command, want stretch) (result, error) {
	r, err := f.bare.ask(f.ctx, c)
	if err == nil && (r.Events != want.Events || r.Bytes != want.Bytes) {
		err = fmt.Errorf("bare fetch: %d records of %d bytes, want %d of %d", r.Events, r.Bytes, want.Events, want.Bytes)
	}
	return r, err
}

// take lets one system take a round's events and checks what it says.
func (f *field) take(e *entrant, c command, want stretch) (result, error) {
	commits := e.process.order.Mode == committing
	if commits {
		if err := e.process.resume(); err != nil {
			return result{}, err
		}
	}
	r, err := e.process.ask(f.ctx, c)
	if err != nil {
		return r, err
	}
	if err := f.check(e, want, &r); err != nil {
		return r, err
	}
	if commits {
		names := e.process.order.Names
		return r, errors.Join(e.process.hold(), forget(f.ctx, f.loader.client, outputsOf(names)...))
	}
	return r, nil
}

func (f *field) killAll() {
	if f.bare != nil {
		f.bare.kill()
	}
	for _, e := range f.entrants {
		if e.process != nil {
			e.process.kill()
		}
	}
}
