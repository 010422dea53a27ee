package txn

import (
	"bytes"
	"errors"
	"runtime"
	"testing"
	"testing/synctest"
	"time"
	"unsafe"

	"github.com/klauspost/compress/zstd"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

// TestUnpackingStaysWithinItsBudget unpacks batches that grow a thousandfold,
// and gives them back.
func TestUnpackingStaysWithinItsBudget(t *testing.T) {
	b := newBudget(3 << 20)
	d, err := newDecompressor(b, newFetchPool(b), 8<<20)
	if err != nil {
		t.Fatal(err)
	}
	encoder, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	packed := func(size int) []byte { return encoder.EncodeAll(bytes.Repeat([]byte("\x01"), size), nil) }
	var held [][]byte
	for {
		unpacked, err := d.Decompress(packed(1<<20), kgo.CodecZstd)
		if err != nil {
			if !errors.Is(err, errNoRoom) || !kerr.IsRetriable(err) {
				t.Fatalf("%v, want one that the client asks again for", err)
			}
			break
		}
		held = append(held, unpacked)
	}
	if used := b.inUse(); len(held) == 0 || used < 3<<20 || used > 6<<20 {
		t.Errorf("%d batches of 1 MiB in %d bytes, of a budget of 3 MiB", len(held), used)
	}
	for _, unpacked := range held {
		b.giveBack(unsafe.Pointer(unsafe.SliceData(unpacked)))
	}
	if used := b.inUse(); used != 0 {
		t.Fatalf("%d bytes are in use after all were given back", used)
	}
	if _, err := d.Decompress(packed(7<<20), kgo.CodecZstd); err != nil {
		t.Errorf("a batch larger than the budget, alone: %v", err)
	}
	b = newBudget(3 << 20)
	d.budget = b
	if _, err := d.Decompress(packed(9<<20), kgo.CodecZstd); !errors.Is(err, kgo.ErrMaxDecompress) {
		t.Errorf("a batch beyond its own bound: %v", err)
	}
	// A record of six bytes and its length, a million times.
	tiny := bytes.Repeat([]byte("\x0c......"), 1<<20)
	if n := recordsIn(tiny); n != 1<<20 {
		t.Errorf("%d records counted, want %d", n, 1<<20)
	}
	if _, err := d.Decompress(encoder.EncodeAll(tiny, nil), kgo.CodecZstd); !errors.Is(err, kgo.ErrMaxDecompress) {
		t.Errorf("a batch of a million records: %v", err)
	}
	if out, err := d.Decompress([]byte("plain"), kgo.CodecNone); string(out) != "plain" || err != nil {
		t.Errorf("%q, %v", out, err)
	}
}

// TestBytesThatNobodyHoldsAreNotInUse: a batch that is dropped unread is never
// given back, and must not take its room for ever.
func TestBytesThatNobodyHoldsAreNotInUse(t *testing.T) {
	b := newBudget(1 << 20)
	func() { b.lend(unsafe.Pointer(new([2 << 20]byte)), 2<<20) }()
	if b.room() {
		t.Fatal("there is room beside a batch beyond the budget")
	}
	for range 100 {
		if b.await(10 * time.Millisecond) {
			return
		}
		b.collected = time.Time{}
		runtime.GC()
	}
	t.Errorf("%d bytes are in use that nobody holds", b.inUse())
}

// TestMemoryIsShort only where nothing has found room for a second: for a moment it
// is whenever reading is faster than applying.
func TestMemoryIsShort(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBudget(1 << 20)
		held := make([]byte, 2<<20)
		b.collected = time.Now().Add(time.Hour) // no collection in here
		refusedFor := func(times int) {
			for range times {
				if b.await(roomPatience) {
					t.Fatal("there is room")
				}
			}
		}
		b.lend(unsafe.Pointer(&held[0]), 2<<20)
		if refusedFor(10); b.short(time.Now()) {
			t.Error("short after half a second")
		}
		if refusedFor(11); !b.short(time.Now()) {
			t.Error("not short after more than a second")
		}
		b.giveBack(unsafe.Pointer(&held[0]))
		if !b.await(roomPatience) || b.short(time.Now()) {
			t.Error("short although there is room")
		}
		b.lend(unsafe.Pointer(&held[0]), 2<<20)
		if refusedFor(10); b.short(time.Now()) {
			t.Error("short by what was refused before there was room")
		}
		runtime.KeepAlive(held)
	})
}

// TestUnpackingWaitsForRoom: what is given back meanwhile is used at once.
func TestUnpackingWaitsForRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBudget(1 << 20)
		held := make([]byte, 2<<20)
		b.lend(unsafe.Pointer(&held[0]), 2<<20)
		b.collected = time.Now() // no collection in here
		began := time.Now()
		if b.await(roomPatience) || time.Since(began) != roomPatience {
			t.Errorf("there is room after %s, want none after %s", time.Since(began), roomPatience)
		}
		time.AfterFunc(time.Millisecond, func() { b.giveBack(unsafe.Pointer(&held[0])) })
		began = time.Now()
		if !b.await(roomPatience) || time.Since(began) != time.Millisecond {
			t.Errorf("room is found after %s, want 1ms", time.Since(began))
		}
		runtime.KeepAlive(held)
	})
}
