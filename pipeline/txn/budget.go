package txn

import (
	"encoding/binary"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"time"
	"unsafe"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

// What is fetched counts in memory as it lies there: unpacked. The client's own
// bounds are of packed bytes, and a batch may grow a thousandfold. So the
// client unpacks through a budget: while more is in use than it allows, a batch
// is not unpacked, the client keeps what it has of the partition, and asks for
// the rest again when what was unpacked has been applied.

// budget counts the unpacked bytes that are in use.
type budget struct {
	limit int64

	freed chan struct{} // something may have been given back

	mu        sync.Mutex
	used      int64
	lent      map[uintptr]*lease // by the address of the bytes
	collected time.Time
	refused   time.Time // since when every batch has been refused; zero: the last was not
}

// lease is one unpacked batch. It ends when the client puts the bytes back, or
// else when the garbage collector finds that nobody holds them any more: a
// batch that was dropped unread is never put back.
type lease struct {
	bytes   int64
	cleanup runtime.Cleanup
}

func newBudget(limit int64) *budget {
	return &budget{limit: limit, freed: make(chan struct{}, 1), lent: map[uintptr]*lease{}}
}

const (
	// roomPatience is how long unpacking waits for room: what is fetched is kept
	// from being asked for again and again, and what was unpacked before it in
	// the same answer does not wait for long.
	roomPatience = 50 * time.Millisecond
	// collectEvery is how often the garbage collector is asked for bytes that
	// nobody holds any more: those of batches that were dropped unread.
	collectEvery = time.Second
	// shortAfter is how long every batch must have been refused until memory is
	// short: for a moment it is whenever reading is faster than applying.
	shortAfter = time.Second
)

// await waits for room and reports whether another batch may be unpacked. Where
// nothing is in use one may, however large it is.
func (b *budget) await(patience time.Duration) bool {
	found := b.room() || b.awaitRoom(patience)
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case found:
		b.refused = time.Time{}
	case b.refused.IsZero():
		b.refused = time.Now()
	}
	return found
}

// short reports whether nothing has found room for some time: what is in use
// may be held by what waits for what finds none.
func (b *budget) short(now time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return !b.refused.IsZero() && now.Sub(b.refused) >= shortAfter
}

func (b *budget) awaitRoom(patience time.Duration) bool {
	timer := time.NewTimer(patience)
	defer timer.Stop()
	for {
		select {
		case <-b.freed:
			if b.room() {
				return true
			}
		case <-timer.C:
			b.collect()
			return b.room()
		}
	}
}

// collect lets the collector end leases of what nobody holds, now and then.
func (b *budget) collect() {
	b.mu.Lock()
	due := time.Since(b.collected) >= collectEvery
	if due {
		b.collected = time.Now()
	}
	b.mu.Unlock()
	if due {
		runtime.GC()
	}
}

func (b *budget) room() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.used < b.limit
}

func (b *budget) inUse() int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.used
}

// lend counts memory that was taken for a batch, by its first byte, until it is
// given back.
func (b *budget) lend(first unsafe.Pointer, bytes int64) {
	if bytes == 0 {
		return
	}
	at := uintptr(first)
	l := &lease{bytes: bytes}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.end(at) // of bytes that were collected and whose cleanup has not run yet
	b.used += l.bytes
	b.lent[at] = l
	l.cleanup = runtime.AddCleanup((*byte)(first), func(l *lease) {
		b.mu.Lock()
		defer b.mu.Unlock()
		if b.lent[at] == l {
			b.end(at)
		}
	}, l)
}

// giveBack ends the lease of memory that the client puts back.
func (b *budget) giveBack(first unsafe.Pointer) {
	b.mu.Lock()
	b.end(uintptr(first))
	b.mu.Unlock()
	select {
	case b.freed <- struct{}{}:
	default:
	}
}

// end takes a lease out; mu is held.
func (b *budget) end(at uintptr) {
	if l := b.lent[at]; l != nil {
		l.cleanup.Stop()
		b.used -= l.bytes
		delete(b.lent, at)
	}
}

// errNoRoom stands for a batch that is not unpacked now. The client takes it for
// a passing refusal of the broker: it asks again, after a pause where it has got
// nothing at all.
var errNoRoom = fmt.Errorf("no room to unpack another batch now: %w", kerr.ThrottlingQuotaExceeded)

// decompressor unpacks batches as the client does, within a budget.
type decompressor struct {
	inner      kgo.Decompressor
	pool       *fetchPool
	budget     *budget
	batchBytes int64
}

// newDecompressor makes one whose batches are bounded one by one, too. The
// client's own, with that bound, is had from a client only.
func newDecompressor(b *budget, pool *fetchPool, batchBytes int) (*decompressor, error) {
	client, err := kgo.NewClient(kgo.MaxDecompressBatchBytes(batchBytes), kgo.WithPools(pool))
	if err != nil {
		return nil, fmt.Errorf("make a decompressor: %w", err)
	}
	defer client.Close()
	inner, ok := client.OptValue(kgo.WithDecompressor).(kgo.Decompressor)
	if !ok {
		return nil, fmt.Errorf("make a decompressor: the client has none: %T", client.OptValue(kgo.WithDecompressor))
	}
	return &decompressor{inner: inner, pool: pool, budget: b, batchBytes: int64(batchBytes)}, nil
}

// Decompress implements kgo.Decompressor.
func (d *decompressor) Decompress(packed []byte, codec kgo.CompressionCodecType) ([]byte, error) {
	if codec == kgo.CodecNone {
		return packed, nil
	}
	if !d.budget.await(roomPatience) {
		return nil, errNoRoom
	}
	unpacked, err := d.unpack(packed, codec)
	if err != nil {
		return nil, err
	}
	if len(unpacked) > countedBytes && recordsIn(unpacked)*structBytes > d.batchBytes {
		return nil, fmt.Errorf("too many records in a batch of %d bytes: %w", len(unpacked), kgo.ErrMaxDecompress)
	}
	d.budget.lend(unsafe.Pointer(unsafe.SliceData(unpacked)), int64(cap(unpacked)))
	return unpacked, nil
}

// unpack unpacks LZ4 here, into memory of the pool, and lets the client do the rest.
func (d *decompressor) unpack(packed []byte, codec kgo.CompressionCodecType) ([]byte, error) {
	if codec != kgo.CodecLz4 {
		return d.inner.Decompress(packed, codec)
	}
	unpacked, err := unpackLZ4(d.pool.GetDecompressBytes(packed, codec), packed, int(d.batchBytes))
	if err == nil {
		return unpacked, nil
	}
	clear(unpacked[:cap(unpacked)]) // the pool's memory holds nothing
	d.pool.PutDecompressBytes(unpacked[:0])
	if errors.Is(err, errLZ4Form) {
		return d.inner.Decompress(packed, codec)
	}
	return nil, err
}

// countedBytes is from which size on the records of a batch are counted before
// the client makes structures of them: the smallest record takes seven bytes,
// and its structure thirty times as much.
const countedBytes = 4 << 20

// recordsIn counts the records of an unpacked batch: each is its length as a
// varint, and so many bytes.
func recordsIn(unpacked []byte) (n int64) {
	for len(unpacked) > 0 {
		length, size := binary.Varint(unpacked)
		if size <= 0 || length < 0 || length > int64(len(unpacked)-size) {
			return n // damaged: the client says so
		}
		unpacked = unpacked[size+int(length):]
		n++
	}
	return n
}
