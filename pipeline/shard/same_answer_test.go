package shard

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/score"
	"github.com/holdfast/holdfast/pipeline/signal"
	"github.com/holdfast/holdfast/pipeline/state"
)

// run is a shard on its way through a stream, with what a pipeline keeps
// outside of it: the batch log and the checkpointed pages.
type run struct {
	t      testing.TB
	cfg    Config
	shard  *Shard
	input  []arrival
	log    []logged
	pages  map[uint32][]byte        // the latest committed encoding of each page
	alerts []signal.Alert           // of committed batches
	rows   map[string]event.Instant // as_of of each customer's latest committed row
	seqs   map[uint64]int           // how often each row number was committed
	fx     *Effects
	codec  state.PageCodec
	models []inForce
	wall   event.Instant // of every batch
	tells  int           // of whom a batch after the stream's end tells at most
}

// inForce are parameters that come into force with an arrival.
type inForce struct {
	from       int
	parameters *score.Parameters
}

// logged is an entry of the batch log.
type logged struct {
	to           int // the batch's events are those from the entry before up to here
	clock        event.Instant
	tell         []state.Slot
	oldestNeeded uint64
	position     Position
}

func newRun(t testing.TB, cfg Config, input []arrival) *run {
	return &run{t: t, cfg: cfg, shard: New(cfg), input: input, pages: map[uint32][]byte{}, fx: newEffects(),
		rows: map[string]event.Instant{}, seqs: map[uint64]int{}, wall: testWall}
}

// testWall is the wall time of every batch: it stamps alerts and decides whether
// they are about the past, so it must not depend on how batches are cut.
const testWall = event.Instant(2_000_000_000) * event.Second

func (r *run) batch(number uint64, from, to int, replay bool) *Batch {
	b := &Batch{Number: number, Wall: r.wall, Replay: replay}
	for i := from; i < to; i++ {
		b.Events = append(b.Events, r.input[i].Event)
	}
	b.Clock = ClockUnset
	if to > 0 {
		b.Clock = r.input[to-1].clock
	}
	for _, m := range r.models {
		if m.from <= from {
			b.Parameters, b.ParametersSince = m.parameters, r.input[m.from].clock
		}
	}
	return b
}

// within ends a batch before other parameters come into force.
func (r *run) within(end int) int {
	for _, m := range r.models {
		if r.at() < m.from && m.from < end {
			return m.from
		}
	}
	return min(end, len(r.input))
}

func (r *run) at() int {
	if len(r.log) == 0 {
		return 0
	}
	return r.log[len(r.log)-1].to
}

// apply applies the next batch; end is the offset behind it.
func (r *run) apply(end int) {
	r.t.Helper()
	b := r.batch(r.shard.Position().Batch+1, r.at(), end, false)
	if r.tells > 0 && r.at() == len(r.input) {
		b.Tell = r.shard.Untold(r.wall, r.tells, nil)
	}
	if err := r.shard.Apply(b, r.fx); err != nil {
		r.t.Fatal(err)
	}
	if n := r.shard.Position().Counters.Folded; n > 0 {
		r.t.Fatalf("%d events of a stream in order are taken for folded ones", n)
	}
	r.log = append(r.log, logged{to: end, clock: b.Clock, tell: b.Tell})
}

// checkpoint hands out pages as a commit does: the longest dirty ones.
func (r *run) checkpoint(pages int) map[uint32][]byte {
	out := map[uint32][]byte{}
	for ; pages > 0; pages-- {
		n, ok := r.shard.slab.TakeDirty()
		if !ok {
			break
		}
		out[n] = r.shard.slab.AppendPage(&r.codec, nil, 0, n, r.shard.batch)
	}
	return out
}

// commit makes what was applied final.
func (r *run) commit(written map[uint32][]byte) {
	last := &r.log[len(r.log)-1]
	last.position, last.oldestNeeded = r.shard.Position(), r.shard.batch+1
	if oldest, dirty := r.shard.slab.OldestDirty(); dirty {
		last.oldestNeeded = oldest
	}
	for n, value := range written {
		r.pages[n] = value
	}
	r.alerts = append(r.alerts, r.fx.Alerts...)
	r.note()
	r.shard.Commit()
	r.fx.reset()
}

// note reads the rows of the commit.
func (r *run) note() {
	blocks := r.fx.Sealed
	if r.fx.Customers.Rows() > 0 {
		blocks = append(blocks, r.fx.Customers.Encode(nil))
	}
	if r.fx.AlertRows.Rows() > 0 {
		blocks = append(blocks, r.fx.AlertRows.Encode(nil))
	}
	for _, block := range blocks {
		b, err := signal.Decode(block)
		if err != nil {
			r.t.Fatal(err)
		}
		seqs, _ := b.Column("seq")
		for _, n := range seqs.Numbers {
			r.seqs[n]++
		}
		if b.Table != signal.TableCustomer {
			continue
		}
		ids, _ := b.Column("customer_id")
		times, _ := b.Column("as_of")
		for i, id := range ids.Texts {
			r.rows[id] = max(r.rows[id], event.Instant(times.Numbers[i]))
		}
	}
}

// checkRows writes the rows that are still owed and holds all of them to what
// they promise: every customer as it was judged last, numbers without hole or
// repeat.
func (r *run) checkRows() {
	r.t.Helper()
	for r.shard.RowsOwed() > 0 {
		r.shard.WriteRows(testWall, 100, r.fx)
		r.commit(nil)
	}
	var c state.Customer
	r.shard.slab.Each(func(slot state.Slot) {
		r.shard.slab.LoadSlot(&c, slot)
		if at, ok := r.rows[string(c.ID)]; !ok || at < c.JudgedAt {
			r.t.Errorf("customer %s was judged at %d and its row is of %d", c.ID, c.JudgedAt, at)
		}
	})
	next := r.shard.Position().NextSeq
	for n := uint64(1); n < next; n++ {
		if r.seqs[n] != 1 {
			r.t.Fatalf("row number %d of %d was committed %d times", n, next-1, r.seqs[n])
		}
	}
	if uint64(len(r.seqs)) != next-1 {
		r.t.Errorf("%d row numbers, want %d", len(r.seqs), next-1)
	}
}

// undo takes back what was applied since the last commit.
func (r *run) undo(entries int) {
	r.shard.Undo()
	r.log = r.log[:entries]
	r.fx.reset()
}

// crash throws the shard away and brings it back from pages and log, as a
// restore does. The pages may be any that were written; replay begins where
// the oldest of them needs it.
func (r *run) crash(pages map[uint32][]byte, first uint64) {
	r.t.Helper()
	r.shard = New(r.cfg)
	r.fx.reset()
	for _, n := range sortedNumbers(pages) {
		if err := r.shard.slab.LoadPage(&r.codec, pages[n], 0, n); err != nil {
			r.t.Fatal(err)
		}
	}
	r.shard.slab.FinishLoading()
	if len(r.log) == 0 {
		r.shard.FinishRestore()
		return
	}
	if first <= uint64(len(r.log)) {
		r.shard.Seek(Position{Batch: first - 1, Clock: ClockUnset, NextSeq: 1})
		for n := first; n <= uint64(len(r.log)); n++ {
			from := 0
			if n > 1 {
				from = r.log[n-2].to
			}
			b := r.batch(n, from, r.log[n-1].to, true)
			b.Tell = r.log[n-1].tell
			if err := r.shard.Apply(b, r.fx); err != nil {
				r.t.Fatal(err)
			}
			r.shard.Commit()
		}
	}
	if len(r.fx.Alerts)+r.fx.Customers.Rows() > 0 {
		r.t.Fatalf("a replay has effects: %d alerts, %d rows", len(r.fx.Alerts), r.fx.Customers.Rows())
	}
	r.shard.Seek(r.log[len(r.log)-1].position)
	r.shard.FinishRestore()
}

func sortedNumbers(pages map[uint32][]byte) (numbers []uint32) {
	for n := uint32(0); len(numbers) < len(pages); n++ {
		if _, ok := pages[n]; ok {
			numbers = append(numbers, n)
		}
	}
	return numbers
}

// straight applies the whole stream in batches of one size.
func straight(t testing.TB, cfg Config, input []arrival, size int, models ...inForce) *run {
	r := newRun(t, cfg, input)
	r.models = models
	for r.at() < len(input) {
		r.apply(r.within(r.at() + size))
		r.commit(nil)
	}
	return r
}

func testStream(seed uint64, customers, events int, span event.Instant) []arrival {
	return stream(streamOptions{seed: seed, customers: customers, events: events, lateness: event.Hour,
		start: 18_000 * event.Day24h, span: span})
}

// TestSameAnswerForAnyBatchSize: the same input and clock readings give the same
// bytes and the same alerts, however they are cut into batches.
func TestSameAnswerForAnyBatchSize(t *testing.T) {
	for seed, zone := range []string{"UTC", "Europe/Berlin", "America/New_York"} {
		cfg := testConfig(t, zone)
		for _, span := range []event.Instant{40 * event.Day24h, 4 * 365 * event.Day24h} {
			input := testStream(uint64(seed), 60, 3000, span)
			want := straight(t, cfg, input, 1)
			if len(want.alerts) < 50 {
				t.Errorf("only %d alerts: the test says little", len(want.alerts))
			}
			for _, size := range []int{7, len(input)} {
				t.Run(fmt.Sprintf("%s/%dd/%d", zone, span/event.Day24h, size), func(t *testing.T) {
					got := straight(t, cfg, input, size)
					sameLines(t, lines(want.alerts), lines(got.alerts))
					sameState(t, want.shard, got.shard)
				})
			}
		}
	}
}

// TestSameAnswerAfterUndoAndCrash: aborted commits and crashes at random points
// leave no trace, with pages of any age, and with other parameters on the way.
func TestSameAnswerAfterUndoAndCrash(t *testing.T) {
	cfg := testConfig(t, "Europe/Berlin")
	for seed := range seeds(3) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			input := testStream(100+seed, 900, 6000, 3*365*event.Day24h)
			models := []inForce{{2000, slowBuyers(t, cfg)}, {4000, cfg.Parameters}, {4001, slowBuyers(t, cfg)}}
			want := straight(t, cfg, input, 50, models...)
			if without := straight(t, cfg, input, 50); slices.Equal(lines(want.alerts), lines(without.alerts)) {
				t.Fatal("other parameters make no difference: the test says little")
			}
			got := newRun(t, cfg, input)
			got.models = models
			faults := stumble(got, rand.New(rand.NewPCG(seed, 2)))
			if faults.undone == 0 || faults.crashes == 0 || faults.mixed == 0 {
				t.Fatalf("nothing happened: %+v", faults)
			}
			got.checkRows()
			sameLines(t, lines(want.alerts), lines(got.alerts))
			sameState(t, want.shard, got.shard)
			if want, got := want.shard.Position().Counters, got.shard.Position().Counters; want != got {
				t.Errorf("counters %+v, want %+v", got, want)
			}
		})
	}
}

type stumbled struct{ undone, crashes, mixed int }

// stumble goes through the stream with everything that may go wrong on the way.
func stumble(r *run, random *rand.Rand) (faults stumbled) {
	history := map[uint32][]pageVersion{} // every page ever committed
	for r.at() < len(r.input) {
		before := len(r.log)
		for n := 1 + random.IntN(3); n > 0 && r.at() < len(r.input); n-- {
			r.apply(r.within(r.at() + random.IntN(120)))
		}
		r.shard.WriteRows(testWall, random.IntN(200), r.fx)
		written := r.checkpoint(random.IntN(6))
		if random.IntN(4) == 0 {
			r.undo(before)
			faults.undone++
			continue
		}
		r.commit(written)
		for n, value := range written {
			history[n] = append(history[n], pageVersion{r.shard.batch, value})
		}
		switch random.IntN(12) {
		case 0:
			last := &r.log[len(r.log)-1]
			r.crash(r.pages, last.oldestNeeded)
			faults.crashes++
		case 1:
			r.crash(mixture(history, random))
			faults.mixed++
		}
	}
	return faults
}

type pageVersion struct {
	batch uint64
	value []byte
}

// mixture chooses for each page any version that was ever written, or none, and
// says where a replay must begin.
func mixture(history map[uint32][]pageVersion, random *rand.Rand) (pages map[uint32][]byte, first uint64) {
	pages, first = map[uint32][]byte{}, 1<<62
	for n := uint32(0); n < 64; n++ {
		versions := history[n]
		if len(versions) == 0 || random.IntN(8) == 0 {
			first = 1
			continue
		}
		v := versions[random.IntN(len(versions))]
		pages[n], first = v.value, min(first, v.batch+1)
	}
	return pages, first
}
