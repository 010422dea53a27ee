package lane_test

import (
	"bytes"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"pgregory.net/rapid"

	"github.com/holdfast/holdfast/pipeline/checkpoint"
	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/lane"
	"github.com/holdfast/holdfast/pipeline/shard"
	"github.com/holdfast/holdfast/pipeline/state"
)

// driven is a lane whose inputs are logs in memory, beside a plain model of
// what the logs hold and what of them is committed.
type driven struct {
	t    rapid.TB
	cfg  *lane.Config
	lane *lane.Lane
	now  time.Time // wall and monotonic
	logs [][]logged

	asked     *lane.LogEnds
	askings   []*lane.LogEnds
	committed []int64              // per input
	entries   []checkpoint.Entry   // of the batch log, those of commits that were kept
	pages     map[string][][]byte  // of the checkpoint topic, every copy of each key
	kept      string               // the state at the last commit
	position  shard.Position       // the same
	tail      []checkpoint.Session // that were open then
	written   map[string]int64     // records, per topic
	told      map[string]uint64    // the latest total of each finding, of commits that were kept
}

// logged is a record of an input, and what the model knows of it.
type logged struct {
	record *kgo.Record
	at     event.Instant              // of an event that is understood; 0 for anything else
	bad    bool                       // it must become a dead letter
	skip   *kgo.ErrDecompressTooLarge // in place of the record: a batch that cannot be unpacked begins here
	gone   bool                       // the record is in such a batch
	credit bool                       // a control record that is an event
	refers string                     // an event that makes a credit of this customer's
}

const drivenShard = 3

// inputs of a driven lane, in the order of its configuration.
const (
	purchases = iota
	visits
	complaints
	controls
	inputCount
)

// drivenConfig is that of a story.
func drivenConfig(t *testing.T) *lane.Config {
	cfg := *newStory(t).cfg
	cfg.Inputs = slices.Clone(cfg.Inputs)
	return &cfg
}

func newDriven(t rapid.TB, cfg *lane.Config) *driven {
	if !markerAttrs.IsControl() {
		t.Fatal("the marker is none")
	}
	d := &driven{t: t, cfg: cfg, logs: make([][]logged, inputCount), pages: map[string][][]byte{},
		now: time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC), committed: make([]int64, inputCount),
		written: map[string]int64{}, told: map[string]uint64{}}
	d.lane = d.newLane()
	d.lane.BeginAfresh(make([]int64, inputCount), 7)
	d.lane.Begin(d.now)
	d.note()
	return d
}

func (d *driven) newLane() *lane.Lane {
	l, err := lane.New(drivenShard, d.cfg)
	if err != nil {
		d.t.Fatal(err)
	}
	return l
}

func (d *driven) moment() lane.Moment {
	return lane.Moment{Now: d.now, Wall: wallOf(d.now), Parameters: d.cfg.Shard.Parameters}
}

func wallOf(now time.Time) event.Instant { return event.Instant(now.UnixMicro()) }

// append puts a value at the end of an input's log.
func (d *driven) append(input int, value string, at event.Instant, bad bool) *kgo.Record {
	r := &kgo.Record{Topic: d.cfg.Inputs[input].Topic, Partition: drivenShard, Offset: int64(len(d.logs[input])),
		Timestamp: d.now, Key: []byte("k"), Value: []byte(value)}
	d.logs[input] = append(d.logs[input], logged{record: r, at: at, bad: bad})
	return r
}

// arrive appends an event of a customer, or what is none, to an input.
func (d *driven) arrive(input int, at time.Time, customer int, kind string) {
	offset := len(d.logs[input])
	id, when := fmt.Sprintf("%d-%d", input, offset), at.UTC().Format(time.RFC3339)
	head := fmt.Sprintf(`{"event_id":"%s","customer_id":"c-%d","occurred_at":"%s",`, id, customer, when)
	instant := event.Instant(at.Truncate(time.Second).UnixMicro())
	switch kind {
	case "bad":
		d.append(input, head, 0, true)
		return
	case "null":
		d.append(input, "", 0, true).Value = nil
		return
	case "marker":
		d.append(input, "", 0, false).Attrs = markerAttrs
		return
	case "packed":
		d.append(input, "", 0, true)
		d.append(input, "", 0, false)
		two := d.logs[input][offset:]
		two[0].skip, two[0].gone, two[1].gone = &kgo.ErrDecompressTooLarge{Offset: int64(offset),
			NextOffset: int64(offset) + 2}, true, true
		return
	}
	key := fmt.Appendf(nil, "c-%d", customer)
	switch input {
	case purchases:
		d.append(input, head+fmt.Sprintf(`"event_type":"purchase","kind":"order","order_id":"o%d","amount_net":40,`+
			`"currency":"EUR"}`, offset), instant, false).Key = key
	case visits:
		if kind == "referral" {
			d.append(input, head+`"event_type":"visit","kind":"referral","referrer_id":"c-9"}`, instant, false).Key = key
			d.logs[input][offset].refers = "c-9"
			return
		}
		d.append(input, head+`"event_type":"visit","kind":"session"}`, instant, false).Key = key
	case complaints:
		d.append(input, head+fmt.Sprintf(`"event_type":"complaint","kind":"complaint","complaint_id":"k%d",`+
			`"status":"opened","category":"billing"}`, offset), instant, false).Key = key
	}
}

// markerAttrs are those of a transaction marker.
var markerAttrs = func() kgo.RecordAttrs {
	r := kgo.Record{}
	processed, _ := kgo.ProcessFetchPartition(kgo.ProcessFetchPartitionOpts{Topic: "t", KeepControlRecords: true},
		markerBatch(), kgo.DefaultDecompressor(), nil)
	if len(processed.Records) == 1 {
		r = *processed.Records[0]
	}
	return r.Attrs
}()

// ask asks for the ends of the logs.
func (d *driven) ask() {
	d.asked = &lane.LogEnds{Number: uint64(len(d.askings) + 1), At: wallOf(d.now)}
	for _, log := range d.logs {
		d.asked.Ends = append(d.asked.Ends, map[int32]checkpoint.Range{drivenShard: {End: int64(len(log))}})
	}
	d.askings = append(d.askings, d.asked)
}

// read gives the lane at most n records of an input, from some before the next
// on: what was read before must be passed over.
func (d *driven) read(input, n, again int) {
	next := int(d.lane.NextToRead(input))
	end := min(next+n, len(d.logs[input]))
	var records []*kgo.Record
	take := func() {
		want := 0
		for _, r := range records {
			if r.Offset >= d.lane.NextToRead(input) {
				want++
			}
		}
		if taken, _ := d.lane.Take(input, records, d.now); taken != want {
			d.t.Fatalf("%d of %d records of input %d are taken from %d on, want %d", taken, len(records), input, next, want)
		}
		records = records[:0]
	}
	for i := max(next-again, 0); i < end; i++ {
		item := &d.logs[input][i]
		switch {
		case item.skip != nil:
			take()
			if news := d.lane.TakeSkip(input, item.skip, d.now); news != (i >= next) {
				d.t.Fatalf("that offset %d of input %d is stepped over is news: %v, and %d is next", i, input, news, next)
			}
		case !item.gone:
			r := *item.record
			records = append(records, &r)
		}
	}
	take()
}

// work makes batches, and holds the positions against those of before.
func (d *driven) work(most int) {
	before := d.positions()
	if err := d.lane.Work(&lane.Intake{Moment: d.moment(), Asked: d.asked, Most: most}); err != nil {
		d.t.Fatal(err)
	}
	for i, at := range d.positions() {
		if at < before[i] || at > d.lane.NextToRead(i) {
			d.t.Fatalf("input %d goes from %d to %d, and %d is next to be read", i, before[i], at, d.lane.NextToRead(i))
		}
	}
}

func (d *driven) positions() (all []int64) {
	for i := range inputCount {
		at, _ := d.lane.Position(i)
		all = append(all, at)
	}
	return all
}

// undo takes back what was applied: the lane stands as at the last commit.
func (d *driven) undo() {
	d.lane.Undo()
	d.lane.Seek(d.now)
	if got := stateOf(d.lane); got != d.kept {
		d.t.Fatal("the state after an undo is not that of the last commit")
	}
	if got := d.lane.Shard().Position(); got != d.position {
		d.t.Fatalf("the shard stands at %+v after an undo, want %+v", got, d.position)
	}
	if got := d.positions(); !slices.Equal(got, d.committed) {
		d.t.Fatalf("the lane stands at %v after an undo, want %v", got, d.committed)
	}
	if got := d.lane.Sessions(); !sameSessions(got, d.tail) {
		d.t.Fatalf("sessions %+v are open after an undo, want %+v", got, d.tail)
	}
}

// note remembers the state of the last commit.
func (d *driven) note() {
	d.kept, d.position, d.committed = stateOf(d.lane), d.lane.Shard().Position(), d.positions()
	d.tail = nil
	for _, s := range d.lane.Sessions() {
		s.Topics, s.Offsets = slices.Clone(s.Topics), slices.Clone(s.Offsets)
		d.tail = append(d.tail, s)
	}
}

func sameSessions(a, b []checkpoint.Session) bool {
	return slices.EqualFunc(a, b, func(a, b checkpoint.Session) bool {
		return a.ID == b.ID && a.SeenAt == b.SeenAt && a.Through == b.Through && slices.Equal(a.Topics, b.Topics) &&
			slices.Equal(a.Offsets, b.Offsets)
	})
}

// stateOf is all that a shard knows, as its pages encode it; the marks of rows
// that are owed are no part of the state.
func stateOf(l *lane.Lane) string {
	slab := l.Shard().Slab()
	owed := map[state.Slot]bool{}
	slab.Each(func(slot state.Slot) {
		owed[slot] = slab.IsRowPending(slot)
		slab.SetRowPending(slot, false)
	})
	var all bytes.Buffer
	var codec state.PageCodec
	for page := range slab.PagesInUse() {
		all.Write(slab.AppendPage(&codec, nil, drivenShard, page, 1))
	}
	slab.Each(func(slot state.Slot) { slab.SetRowPending(slot, owed[slot]) })
	return all.String()
}

// restart makes the lane anew, of pages, entries and logs, as a restore does;
// choose says which copy of a page is there, -1 for none. Any age will do: what
// a page lacks is replayed. Where it is nil the newest are there, and the log
// from the oldest batch that is needed on.
func (d *driven) restart(choose func(copies int) int) {
	if len(d.entries) == 0 {
		return
	}
	l := d.newLane()
	for key, copies := range d.pages {
		if _, page, _ := checkpoint.ParsePageKey([]byte(key)); page > 0 {
			n := len(copies) - 1
			if choose != nil {
				n = choose(len(copies))
			}
			if n < 0 {
				continue
			}
			if err := l.LoadPage(copies[n], page-1); err != nil {
				d.t.Fatal(err)
			}
		}
	}
	l.FinishLoading()
	last, due := &d.entries[len(d.entries)-1], d.entries
	for choose == nil && len(due) > 0 && due[0].Batch < last.OldestNeeded {
		due = due[1:]
	}
	if len(due) > 0 {
		l.BeginReplay(&due[0], last.Epoch)
	}
	for i := range due {
		e := &due[i]
		l.ReplayBatch()
		for input, r := range e.Inputs {
			for _, item := range d.logs[input][r.From:r.To] {
				if record := *item.record; !item.gone {
					l.Replay(input, &record, e)
				}
			}
		}
		if _, err := l.ApplyReplay(e, d.cfg.Shard.Parameters, nil); err != nil {
			d.t.Fatal(err)
		}
	}
	l.EndReplay()
	places := make([]int, inputCount)
	for i := range places {
		places[i] = i
	}
	l.Resume(last, places, make([]int64, inputCount), d.lane.GroupMark())
	for _, e := range d.entries {
		l.NoteLogged(e.Batch, int64(e.Batch))
	}
	l.Begin(d.now)
	d.lane = l
	d.askings, d.asked = nil, nil
	d.same()
}

// same holds a lane that was restored against the one of before.
func (d *driven) same() {
	if got := stateOf(d.lane); got != d.kept {
		d.t.Fatal("the state after a restart is not that of the last commit")
	}
	if got := d.lane.Shard().Position(); got != d.position {
		d.t.Fatalf("the shard stands at %+v after a restart, want %+v", got, d.position)
	}
	if got := d.positions(); !slices.Equal(got, d.committed) {
		d.t.Fatalf("the lane stands at %v after a restart, want %v", got, d.committed)
	}
	if got := d.lane.Sessions(); !sameSessions(got, d.tail) {
		d.t.Fatalf("sessions %+v are open after a restart, want %+v", got, d.tail)
	}
}
