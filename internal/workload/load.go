package workload

import (
	"math/rand/v2"

	"github.com/holdfast/holdfast/pipeline/decode"
	"github.com/holdfast/holdfast/pipeline/event"
)

// ValueBytes is the length of every good value of a load.
const ValueBytes = 269

// LoadConfig says which load to make. Shares are 0 to 1.
type LoadConfig struct {
	Seed      uint64
	Customers int     // numbered from 0; at least 1, at most 10^11
	Zipf      float64 // exponent of the customers' popularity, 0 to below 1; 0 is uniform

	// Start is the time of the first event, Step that from one to the next.
	Start event.Instant
	Step  event.Instant

	Events     int     // how many items; 0 stands for no end
	Number     uint64  // of the first item: ids are made of it, so that loads can follow each other
	Duplicates float64 // share of items that are one of the last thousand again
	Late       float64 // share of events that happened 1 to 20 days before they are written
	Malformed  float64 // share of items that are cut off, so bad_syntax
}

// Load is a stream of visits (85 %), purchases (10 %) and complaints (5 %) in
// values of 269 bytes with ids of 13 bytes, for benchmarks and long tests.
// Values are made from three templates by writing digits in place: some tens
// of nanoseconds an event.
type Load struct {
	cfg    LoadConfig
	random *rand.Rand
	zipf   *zipf
	number uint64
	slab   []byte
	recent []Item
}

const (
	loadSlabBytes = 1 << 20
	loadRecent    = 1024
)

// NewLoad makes a load.
func NewLoad(cfg LoadConfig) *Load {
	cfg.Customers = max(cfg.Customers, 1)
	l := &Load{cfg: cfg, number: cfg.Number, random: rand.New(rand.NewPCG(cfg.Seed, 0x10ad)),
		recent: make([]Item, 0, loadRecent)}
	if cfg.Zipf > 0 {
		l.zipf = newZipf(cfg.Customers, cfg.Zipf)
	}
	return l
}

// Next returns the next item, false after the last. Key and value are the
// caller's to keep.
func (l *Load) Next() (Item, bool) {
	if l.cfg.Events > 0 && l.number-l.cfg.Number >= uint64(l.cfg.Events) {
		return Item{}, false
	}
	now := l.cfg.Start + event.Instant(l.number-l.cfg.Number)*l.cfg.Step
	l.number++
	if len(l.recent) > 0 && l.happens(l.cfg.Duplicates) {
		again := l.recent[l.random.IntN(len(l.recent))]
		again.At = now
		return again, true
	}
	at := now
	if l.happens(l.cfg.Late) {
		at -= event.Day24h + event.Instant(l.random.Int64N(int64(19*event.Day24h)))
	}
	item := l.render(now, at)
	if l.happens(l.cfg.Malformed) {
		item.Value, item.Want = item.Value[:len(item.Value)-10], decode.BadSyntax
		return item, true
	}
	l.remember(item)
	return item, true
}

func (l *Load) happens(share float64) bool { return share > 0 && l.random.Float64() < share }

func (l *Load) remember(item Item) {
	if l.cfg.Duplicates == 0 {
		return
	}
	if len(l.recent) < loadRecent {
		l.recent = append(l.recent, item)
		return
	}
	l.recent[l.number%loadRecent] = item
}

// customer draws a customer's number.
func (l *Load) customer() uint64 {
	if l.zipf == nil {
		return l.random.Uint64N(uint64(l.cfg.Customers))
	}
	return l.zipf.draw(l.random.Float64())
}

// render draws one event.
func (l *Load) render(now, at event.Instant) Item {
	dice := l.random.Uint64()
	t := &templates[0]
	switch part := dice % 100; {
	case part >= 95:
		t = &templates[2]
	case part >= 85:
		t = &templates[1]
	}
	return l.write(t, Item{Topic: t.kind, At: now}, l.customer(), at, dice)
}

// Number is that of the next item.
func (l *Load) Number() uint64 { return l.number }

// Make returns an event of a kind of a customer of one's choice, beside those of
// Next: for histories that lie before a load. It happened, and is written, at
// the instant given.
func (l *Load) Make(kind event.Type, customer uint64, at event.Instant) Item {
	l.number++
	for i := range templates {
		if templates[i].kind == kind {
			return l.write(&templates[i], Item{Topic: kind, At: at}, customer, at, l.random.Uint64())
		}
	}
	panic("workload: a load has purchases, visits and complaints")
}

// write puts key and value of the event with the current number into the slab.
func (l *Load) write(t *template, item Item, customer uint64, at event.Instant, dice uint64) Item {
	const room = ValueBytes + loadIDBytes
	if cap(l.slab)-len(l.slab) < room {
		l.slab = make([]byte, 0, loadSlabBytes)
	}
	start := len(l.slab)
	l.slab = append(append(l.slab, t.text...), loadID...)
	value := l.slab[start : start+ValueBytes : start+ValueBytes]
	key := l.slab[start+ValueBytes : start+room : start+room]

	digits(key[2:], customer)
	copy(value[t.customer:], key)
	hex(value[t.id:], l.number)
	t.stamp(value, at)
	digits(value[t.order:t.order+11], l.number)
	digits(value[t.amount:t.amount+3], dice>>32%1000)
	item.Key, item.Value = key, value
	return item
}

// digits fills b with the last digits of n.
func digits(b []byte, n uint64) {
	for i := len(b) - 1; i >= 0; i-- {
		b[i] = '0' + byte(n%10)
		n /= 10
	}
}

// hex writes n as sixteen hexadecimal digits around the dashes of a UUID's
// last three groups: xxxx-xxxxxxxxxxxx.
func hex(b []byte, n uint64) {
	const alphabet = "0123456789abcdef"
	for i := 16; i >= 0; i-- {
		if i == 4 {
			continue
		}
		b[i] = alphabet[n&15]
		n >>= 4
	}
}
