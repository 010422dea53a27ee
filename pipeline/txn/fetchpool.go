package txn

import (
	"math/bits"
	"slices"
	"sync"
	"time"
	"unsafe"

	"github.com/twmb/franz-go/pkg/kgo"
)

// fetchPool lends the client the memory that fetched batches are unpacked into,
// and takes it back when every record of a batch has been recycled. Fresh
// memory for every batch costs more than unpacking it. What is never recycled
// is the garbage collector's.
//
// Room is lent in sizes that fit: the client clears all of it when it comes
// back, so that a large room for small batches would cost far more than it
// saves.
type fetchPool struct {
	mu      sync.Mutex
	bytes   []room[byte]
	records []room[kgo.Record]
	// expansion is by how much batches have lately grown when they were
	// unpacked, in 256ths: as room is lent for, and as they did, record
	// structures included.
	expansion int
	growth    int
	largest   int // bytes of a batch, packed
	budget    *budget
}

// room is memory that nobody uses, and since when.
type room[T any] struct {
	slice []T
	since time.Time
}

// Limits of the pool.
const (
	maxRooms     = 64               // of each kind
	maxRoomBytes = 4 << 20          // larger batches are rare
	maxIdleBytes = 16 << 20         // of each kind, all rooms together
	roomKept     = 30 * time.Second // what is not asked for goes
	leastGrowth  = 2 * 256
	mostGrowth   = 16 * 256
)

func newFetchPool(b *budget) *fetchPool { return &fetchPool{expansion: 4 * 256, budget: b} }

// OnFetchBatchRead implements kgo.HookFetchBatchRead: it learns how much batches grow.
func (p *fetchPool) OnFetchBatchRead(_ kgo.BrokerMetadata, _ string, _ int32, m kgo.FetchBatchMetrics) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.largest = max(m.CompressedBytes+batchHeader, p.largest-p.largest/64)
	if m.CompressedBytes <= 0 || m.CompressedBytes == m.UncompressedBytes {
		return
	}
	seen := min(max(m.UncompressedBytes*256/m.CompressedBytes+16, leastGrowth), mostGrowth)
	grown := (m.UncompressedBytes + m.NumRecords*int(structBytes)) * 256 / m.CompressedBytes
	// Up at once, down slowly: room that is too small has to be grown.
	p.expansion = max(seen, p.expansion-p.expansion/64)
	p.growth = max(grown, p.growth-p.growth/64)
}

// packedBytes is how much is worth fetching at once, so that its unpacking does
// not go far beyond a number of bytes.
func (p *fetchPool) packedBytes(unpacked int64) int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return unpacked * 256 / int64(max(p.growth, 256))
}

// batchHeader is what a batch takes besides its packed records.
const batchHeader = 61

// largestBatch is about the size of the largest batches of late: brokers send
// whole ones only, but for the first in an answer.
func (p *fetchPool) largestBatch() int32 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return int32(min(p.largest, fetchMaxBytes))
}

// GetDecompressBytes implements kgo.PoolDecompressBytes.
func (p *fetchPool) GetDecompressBytes(compressed []byte, _ kgo.CompressionCodecType) []byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	// The client asks for 512 bytes more to see the end.
	return borrow(&p.bytes, sizeClass(len(compressed)*p.expansion/256+1024))
}

// PutDecompressBytes implements kgo.PoolDecompressBytes.
func (p *fetchPool) PutDecompressBytes(b []byte) {
	p.budget.giveBack(unsafe.Pointer(unsafe.SliceData(b)))
	p.mu.Lock()
	defer p.mu.Unlock()
	if cap(b) <= maxRoomBytes {
		giveBack(&p.bytes, b, maxIdleBytes)
	}
}

// GetRecords implements kgo.PoolRecords.
func (p *fetchPool) GetRecords(n int) []kgo.Record {
	records := p.lendRecords(n)
	p.budget.lend(unsafe.Pointer(unsafe.SliceData(records)), int64(cap(records))*structBytes)
	return records
}

func (p *fetchPool) lendRecords(n int) []kgo.Record {
	p.mu.Lock()
	defer p.mu.Unlock()
	return borrow(&p.records, sizeClass(n))
}

// PutRecords implements kgo.PoolRecords.
func (p *fetchPool) PutRecords(r []kgo.Record) {
	p.budget.giveBack(unsafe.Pointer(unsafe.SliceData(r)))
	p.mu.Lock()
	defer p.mu.Unlock()
	if cap(r) <= maxRoomBytes/256 {
		giveBack(&p.records, r, maxIdleBytes/int(structBytes))
	}
}

// structBytes is the client's structure of a record.
const structBytes = int64(unsafe.Sizeof(kgo.Record{}))

// sizeClass rounds up to one of four sizes for every power of two.
func sizeClass(n int) int {
	n = max(n, 8)
	step := 1 << max(bits.Len(uint(n-1))-3, 0)
	return (n + step - 1) / step * step
}

// borrow gives the smallest room that holds n and is not much larger, else a
// new one. The latest one given back is the one still in the cache.
func borrow[T any](free *[]room[T], n int) []T {
	best := -1
	for i := len(*free) - 1; i >= 0; i-- {
		c := cap((*free)[i].slice)
		if c >= n && c <= 2*n && (best < 0 || c < cap((*free)[best].slice)) {
			best = i
		}
	}
	if best < 0 {
		return make([]T, 0, n)
	}
	slice := (*free)[best].slice[:0]
	*free = slices.Delete(*free, best, best+1) // and nothing behind the others goes on pointing to it
	return slice
}

// giveBack keeps a room for the next batch, unless there is enough of them.
func giveBack[T any](free *[]room[T], slice []T, most int) {
	now := time.Now()
	kept, elements := (*free)[:0], cap(slice)
	for _, r := range *free {
		if now.Sub(r.since) < roomKept {
			kept = append(kept, r)
			elements += cap(r.slice)
		}
	}
	clear((*free)[len(kept):])
	if len(kept) < maxRooms && elements <= most {
		kept = append(kept, room[T]{slice: slice, since: now})
	}
	*free = kept
}

var _ interface {
	kgo.PoolDecompressBytes
	kgo.PoolRecords
	kgo.HookFetchBatchRead
} = (*fetchPool)(nil)
