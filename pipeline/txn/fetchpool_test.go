package txn

import (
	"runtime"
	"testing"
	"time"
	"unsafe"

	"github.com/twmb/franz-go/pkg/kgo"
)

func TestRoomIsLentInSizesThatFit(t *testing.T) {
	p := newFetchPool(newBudget(1 << 30))
	p.OnFetchBatchRead(kgo.BrokerMetadata{}, "", 0, kgo.FetchBatchMetrics{CompressedBytes: 1000, UncompressedBytes: 6000})
	large := p.GetDecompressBytes(make([]byte, 100_000), kgo.CodecLz4)
	if cap(large) < 600_000 || cap(large) > 800_000 {
		t.Errorf("room for 100,000 bytes that grow sixfold: %d", cap(large))
	}
	p.PutDecompressBytes(large[:cap(large)])
	if small := p.GetDecompressBytes(make([]byte, 100), kgo.CodecLz4); cap(small) > 4096 {
		t.Errorf("room for 100 bytes: %d, which the client would clear", cap(small))
	}
	if again := p.GetDecompressBytes(make([]byte, 95_000), kgo.CodecLz4); &again[:1][0] != &large[:1][0] {
		t.Error("room that fits was not lent again")
	}
	if other := p.GetDecompressBytes(make([]byte, 95_000), kgo.CodecLz4); &other[:1][0] == &large[:1][0] {
		t.Error("room was lent twice")
	}
}

func TestRoomIsBounded(t *testing.T) {
	p := newFetchPool(newBudget(1 << 30))
	for range 2 * maxRooms {
		p.PutRecords(make([]kgo.Record, 10))
		p.PutDecompressBytes(make([]byte, maxRoomBytes+1))
	}
	if len(p.records) != maxRooms || len(p.bytes) != 0 {
		t.Errorf("%d record rooms and %d byte rooms kept, want %d and none", len(p.records), len(p.bytes), maxRooms)
	}
}

func TestSizeClass(t *testing.T) {
	f := func(n, want int) {
		t.Helper()
		if got := sizeClass(n); got != want {
			t.Errorf("sizeClass(%d) = %d, want %d", n, got, want)
		}
	}
	f(1, 8)
	f(8, 8)
	f(9, 10)
	f(1000, 1024)
	f(1025, 1280)
	f(1<<20, 1<<20)
}

// TestThePoolHoldsNothingThatIsLent: memory that is lent and dropped can be collected,
// whichever of the idle rooms it was.
func TestThePoolHoldsNothingThatIsLent(t *testing.T) {
	for lent := range 3 {
		p := newFetchPool(newBudget(1 << 30))
		freed := make(chan struct{})
		for i := range 3 {
			bytes := make([]byte, 0, 1<<(14+2*i))
			if i == lent {
				runtime.AddCleanup(unsafe.SliceData(bytes), func(freed chan struct{}) { close(freed) }, freed)
			}
			p.PutDecompressBytes(bytes)
		}
		if got := borrow(&p.bytes, 1<<(14+2*lent)); cap(got) != 1<<(14+2*lent) {
			t.Fatalf("room of %d bytes", cap(got))
		}
		collected := false
		for range 20 {
			runtime.GC()
			select {
			case <-freed:
				collected = true
			case <-time.After(10 * time.Millisecond):
			}
			if collected {
				break
			}
		}
		if !collected {
			t.Errorf("room %d is lent and dropped, and the pool still holds it", lent)
		}
		runtime.KeepAlive(p)
	}
}
