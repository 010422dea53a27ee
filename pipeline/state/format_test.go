package state

import (
	"bytes"
	"encoding/binary"
	"errors"
	"flag"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/window"
)

var rewrite = flag.Bool("rewrite", false, "write the golden files anew")

// TestPageOfVersion4 reads a page that was written once and for all: the format
// must not change under its version.
func TestPageOfVersion4(t *testing.T) {
	const name = "testdata/page.v4"
	want := samplePage(20)
	if *rewrite {
		if err := os.WriteFile(name, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	golden, err := os.ReadFile(name)
	if err != nil {
		t.Fatalf("%v (write it with -rewrite)", err)
	}
	s := load(t, &PageCodec{}, map[uint32][]byte{0: golden})
	got, _ := unwrap(t, s.AppendPage(&PageCodec{}, nil, 3, 0, 9))
	// The raw parts: how they are compressed is the library's affair.
	if raw, _ := unwrap(t, want); !bytes.Equal(raw, got) || !bytes.Equal(golden[:28], want[:28]) {
		t.Error("the page format has changed under version 4: raise the version, keep reading this one")
	}
}

// TestPageOfVersion3 reads a page of the version before: its records are written as they
// were, since nothing more is known of their complaints, and nothing of their gaps.
func TestPageOfVersion3(t *testing.T) {
	old, err := os.ReadFile("testdata/page.v3")
	if err != nil {
		t.Fatal(err)
	}
	s := load(t, &PageCodec{}, map[uint32][]byte{0: old})
	written := s.AppendPage(&PageCodec{}, nil, 3, 0, 9)
	want, _ := unwrap(t, old)
	if got, _ := unwrap(t, written); !bytes.Equal(got, want) || s.Len() != 20 || old[4] != 3 || written[4] != pageVersion {
		t.Errorf("%d records of version %d are written otherwise as version %d", s.Len(), old[4], written[4])
	}
}

// TestFormat1IsRefused: what was never released is refused in words.
func TestFormat1IsRefused(t *testing.T) {
	page, err := os.ReadFile("testdata/page.v1")
	if err != nil {
		t.Fatal(err)
	}
	err = NewSlab().LoadPage(&PageCodec{}, page, 3, 0)
	if !errors.Is(err, ErrPageVersion) || !strings.Contains(err.Error(), "format 1 was never released") {
		t.Errorf("a page of format 1: %v, want %v", err, ErrPageFormat1)
	}
}

// oldFormat is a format that only this test knows: a record is its position
// u8, the length of the id u8, the id, its hash u64, and a purchase day i32.
var oldFormat = pageFormat{version: 201, record: func(c *Customer, raw []byte) (position int, rest []byte, ok bool) {
	if len(raw) < 2 || len(raw) < 2+int(raw[1])+12 {
		return 0, nil, false
	}
	n := 2 + int(raw[1])
	c.clear()
	c.ID = c.idBuffer[:copy(c.idBuffer[:], raw[2:n])]
	c.Core = Core{IDHash: binary.LittleEndian.Uint64(raw[n:]), Deadline: Never}
	c.Days = append(c.Days, window.Day{Day: int32(binary.LittleEndian.Uint32(raw[n+8:])), Orders: 1})
	return int(raw[0]), raw[n+12:], true
}}

// TestThePreviousFormatIsRead: pages of the format before stand beside those of the one that
// is written, and are written as such.
func TestThePreviousFormatIsRead(t *testing.T) {
	var raw []byte
	for i, id := range []string{"a", "bc", strings.Repeat("x", MaxID)} {
		raw = append(raw, uint8(10*i), uint8(len(id)))
		raw = append(raw, id...)
		raw = binary.LittleEndian.AppendUint64(raw, event.HashID([]byte(id)))
		raw = binary.LittleEndian.AppendUint32(raw, uint32(20_000+i))
	}
	value := wrapAs(oldFormat.version, raw, 3, 0)
	if err := NewSlab().LoadPage(&PageCodec{}, value, 3, 0); !errors.Is(err, ErrPageVersion) {
		t.Fatalf("a format that is not known: %v, want %v", err, ErrPageVersion)
	}
	codec := &PageCodec{formats: append([]pageFormat{oldFormat}, pageFormats...)}
	s := load(t, codec, map[uint32][]byte{0: value, 1: wrapAs(pageVersion, nil, 0, 1)})
	var c Customer
	id := []byte("bc")
	if !s.Load(&c, event.HashID(id), id, false) || c.Slot() != 10 || len(c.Days) != 1 || c.Days[0].Day != 20_001 {
		t.Errorf("record bc at %d with days %v", c.Slot(), c.Days)
	}
	written := s.AppendPage(codec, nil, 3, 0, 9)
	again := load(t, &PageCodec{}, map[uint32][]byte{0: written})
	if written[4] != pageVersion || again.Len() != 3 {
		t.Errorf("written as format %d with %d records, want format %d with 3", written[4], again.Len(), pageVersion)
	}
	cut := wrapAs(oldFormat.version, raw[:len(raw)-1], 3, 0)
	if err := NewSlab().LoadPage(codec, cut, 3, 0); !errors.Is(err, ErrPageCorrupt) {
		t.Errorf("a cut page of the format before: %v, want %v", err, ErrPageCorrupt)
	}
}

// TestFalseDuplicatesAreRare: an event is compared with every remembered one, so
// by chance it is taken for one of them at most once in 10^12 events; that an order or a
// complaint is taken for another is rarer by far.
func TestFalseDuplicatesAreRare(t *testing.T) {
	const limit = 1e-12
	marks := MaxEvents / float64(uint64(1)<<FingerprintBits)
	keys := max(MaxOrders, MaxComplaints) / float64(uint64(1)<<KeyBits)
	if marks+keys > limit {
		t.Errorf("%.3g false matches an event, want at most %g", marks+keys, limit)
	}
	// The bits that are kept are kept whole: two hashes that differ in any of them differ
	// when they have been written and read.
	r := rand.New(rand.NewPCG(1, 2))
	var c, back Customer
	hash := r.Uint64()
	for bit := 64 - FingerprintBits; bit < 64; bit++ {
		c.clear()
		c.ID = []byte("c")
		c.Events = append(c.Events, EventMark{At: 1, Hash: FingerprintOf(hash)})
		run := c.appendRun(nil)
		at, size, _ := findSection(run, sectionMarks)
		if !back.readRun(run) || back.Events[0].Hash != FingerprintOf(hash) ||
			!hasMark(run[at:at+size], FingerprintOf(hash)) {
			t.Fatal("a mark is not found")
		}
		if hasMark(run[at:at+size], FingerprintOf(hash^1<<bit)) {
			t.Errorf("bit %d of the hash is not looked at", bit)
		}
	}
}
