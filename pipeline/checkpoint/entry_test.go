package checkpoint_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"flag"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/cespare/xxhash/v2"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/holdfast/holdfast/pipeline/checkpoint"
)

var rewrite = flag.Bool("rewrite", false, "write the golden files anew")

func sampleEntry() checkpoint.Entry {
	return checkpoint.Entry{
		Batch: 712, Clock: 1_772_359_200_000_000, Wall: 1_772_362_801_250_000, NextSeq: 90_210, OldestNeeded: 650,
		RowsComplete: 709,
		Partitions:   64, Epoch: 3, ConfigHash: 0xfeedfacecafebeef, ParamVersion: "5f0c2a9e1b7d4833", CutsVersion: 12,
		Silence: 1_672_359_200_000_000, Actions: checkpoint.ResendRows,
		Inputs: []checkpoint.InputRange{
			{Topic: "retail.purchases.v1", ID: [16]byte{1, 2, 15: 9}, From: 1000, To: 1512, Latest: 1_772_362_800_000_000},
			{Topic: "retail.visits.v1", From: 7, To: 7, LostBelow: 7}, {From: 0, To: 1, Latest: -5}},
		Sessions: []checkpoint.Session{{ID: "b-1", SeenAt: 1_772_362_800_000_000, Through: 1_672_362_800_000_000,
			Topics: []string{"retail.purchases.v1"}, Offsets: []int64{1400}}},
		Counters: []uint64{512, 500, 3, 0, 1, 8},
	}
}

func sampleHeader() checkpoint.Header {
	return checkpoint.Header{Entry: sampleEntry(), Group: "holdfast",
		BatchLog:   checkpoint.Place{Topic: "holdfast.batch-log.v1", ID: [16]byte{7}},
		Checkpoint: checkpoint.Place{Topic: "holdfast.checkpoint.v1", ID: [16]byte{8}},
		LogOffset:  1301, Pages: 9, Last: true}
}

// TestGoldenBytes: the formats must not change under their version.
func TestGoldenBytes(t *testing.T) {
	entry, header := sampleEntry(), sampleHeader()
	for name, value := range map[string][]byte{"testdata/entry.v2": entry.Append(nil),
		"testdata/header.v2": header.Append(nil)} {
		if *rewrite {
			if err := os.WriteFile(name, value, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		golden, err := os.ReadFile(name)
		if err != nil {
			t.Fatalf("%v (write it with -rewrite)", err)
		}
		if !bytes.Equal(golden, value) {
			t.Errorf("%s: the format has changed under version 2: raise the version, keep reading this one\n got %x\nwant %x",
				name, value, golden)
		}
	}
	if n := len(entry.Append(nil)); n > 240 {
		t.Errorf("an entry has %d bytes, want about two hundred", n)
	}
}

func drawEntry(t *rapid.T) checkpoint.Entry {
	number := rapid.OneOf(rapid.Uint64(), rapid.Uint64Range(0, 300))
	instant := rapid.OneOf(rapid.Int64(), rapid.Int64Range(-3, 3))
	e := checkpoint.Entry{
		Batch: number.Draw(t, "batch"), Clock: instant.Draw(t, "clock"), Wall: instant.Draw(t, "wall"),
		NextSeq:      number.Draw(t, "seq"),
		OldestNeeded: number.Draw(t, "oldest"), RowsComplete: number.Draw(t, "rows"),
		Partitions: rapid.Int32Range(0, math.MaxInt32).Draw(t, "partitions"), Epoch: rapid.Uint32().Draw(t, "epoch"),
		ConfigHash: number.Draw(t, "config"), ParamVersion: rapid.StringN(0, 60, 256).Draw(t, "parameters"),
		CutsVersion: number.Draw(t, "cuts"),
		Counters:    rapid.SliceOfN(number, 0, 256).Draw(t, "counters"),
		Tell:        rapid.SliceOfN(rapid.Uint32(), 0, checkpoint.MaxTell).Draw(t, "tell"),
		ParamSince:  instant.Draw(t, "parameters since"),
		Silence:     instant.Draw(t, "silence"), Actions: checkpoint.Actions(rapid.Uint8Range(0, 3).Draw(t, "actions")),
	}
	text, offset := rapid.StringN(0, 60, 249), rapid.Int64Range(0, math.MaxInt64)
	for range rapid.IntRange(0, 3).Draw(t, "sessions") {
		s := checkpoint.Session{ID: text.Draw(t, "session"), SeenAt: instant.Draw(t, "seen"),
			Through: instant.Draw(t, "through")}
		for range rapid.IntRange(0, 5).Draw(t, "topics") {
			s.Topics, s.Offsets = append(s.Topics, text.Draw(t, "topic")), append(s.Offsets, offset.Draw(t, "offset"))
		}
		e.Sessions = append(e.Sessions, s)
	}
	for range rapid.IntRange(0, 64).Draw(t, "inputs") {
		from := rapid.Int64Range(0, math.MaxInt64/2).Draw(t, "from")
		e.Inputs = append(e.Inputs, checkpoint.InputRange{Topic: text.Draw(t, "input"), ID: drawID(t),
			From: from, To: from + rapid.Int64Range(0, 1e9).Draw(t, "count"),
			Latest: instant.Draw(t, "latest"), LostBelow: offset.Draw(t, "lost")})
	}
	return e
}

func drawID(t *rapid.T) (id [16]byte) {
	copy(id[:], rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "id"))
	return id
}

// TestEntriesComeBack: what is appended is what is decoded, behind anything.
func TestEntriesComeBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := drawEntry(t)
		before := rapid.SliceOf(rapid.Byte()).Draw(t, "before")
		value := want.Append(bytes.Clone(before))
		got, err := checkpoint.DecodeEntry(value[len(before):])
		if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); err != nil || diff != "" {
			t.Fatalf("%v (-want +got)\n%s", err, diff)
		}
		h := checkpoint.Header{Entry: want, LogOffset: rapid.Int64Range(0, math.MaxInt64).Draw(t, "log offset"),
			Pages: rapid.Uint32().Draw(t, "pages"),
			Group: rapid.StringN(0, 60, 249).Draw(t, "group"), BatchLog: checkpoint.Place{Topic: "log", ID: drawID(t)},
			Checkpoint: checkpoint.Place{Topic: "pages", ID: drawID(t)}, Last: rapid.Bool().Draw(t, "last")}
		back, err := checkpoint.DecodeHeader(h.Append(nil))
		if diff := cmp.Diff(h, back, cmpopts.EquateEmpty()); err != nil || diff != "" {
			t.Fatalf("%v (-want +got)\n%s", err, diff)
		}
	})
}

// seal gives a body its checksum.
func seal(body []byte) []byte {
	return binary.LittleEndian.AppendUint32(bytes.Clone(body), uint32(xxhash.Sum64(body)))
}

// TestDamageIsNamed: every flipped byte and every cut is noticed, and says what
// it is; a right checksum over nonsense is no pass.
func TestDamageIsNamed(t *testing.T) {
	entry, header := sampleEntry(), sampleHeader()
	for name, c := range map[string]struct {
		value  []byte
		decode func([]byte) error
	}{
		"entry":  {entry.Append(nil), func(v []byte) error { _, err := checkpoint.DecodeEntry(v); return err }},
		"header": {header.Append(nil), func(v []byte) error { _, err := checkpoint.DecodeHeader(v); return err }},
	} {
		check := func(what string, value []byte, want error) {
			t.Helper()
			if err := c.decode(value); !errors.Is(err, want) {
				t.Errorf("%s, %s: %v, want %v", name, what, err, want)
			}
		}
		for i := range c.value {
			bad := bytes.Clone(c.value)
			bad[i] ^= 0x10
			want := checkpoint.ErrEntryCorrupt
			if i < 2 {
				want = []error{checkpoint.ErrEntryMagic, checkpoint.ErrEntryVersion}[i]
			}
			check("a byte flipped", bad, want)
		}
		for n := range c.value {
			want := checkpoint.ErrEntryCorrupt
			if n < 6 {
				want = checkpoint.ErrEntryMagic
			}
			check("cut", c.value[:n], want)
		}
		body := c.value[:len(c.value)-4]
		check("sealed and cut", seal(body[:len(body)-1]), checkpoint.ErrEntryCorrupt)
		check("sealed and longer", seal(append(bytes.Clone(body), 0)), checkpoint.ErrEntryCorrupt)
		check("sealed and empty", seal(body[:2]), checkpoint.ErrEntryCorrupt)
		endless := append(bytes.Clone(body[:2]), bytes.Repeat([]byte{0xff}, 11)...)
		check("an endless number", seal(endless), checkpoint.ErrEntryCorrupt)
	}
	if _, err := checkpoint.DecodeEntry(header.Append(nil)); !errors.Is(err, checkpoint.ErrEntryMagic) {
		t.Errorf("a header taken for an entry: %v", err)
	}
	if _, err := checkpoint.DecodeHeader(entry.Append(nil)); !errors.Is(err, checkpoint.ErrEntryMagic) {
		t.Errorf("an entry taken for a header: %v", err)
	}
}

// TestCountsAreBounded: an entry cannot ask for more than any has.
func TestCountsAreBounded(t *testing.T) {
	for what, e := range map[string]checkpoint.Entry{
		"inputs":   {Inputs: make([]checkpoint.InputRange, 65)},
		"counters": {Counters: make([]uint64, 257)},
		"tell":     {Tell: make([]uint32, checkpoint.MaxTell+1)},
		"sessions": {Sessions: make([]checkpoint.Session, 17)},
		"topics":   {Sessions: []checkpoint.Session{{Topics: make([]string, 65), Offsets: make([]int64, 65)}}},
		"actions":  {Actions: 4 | 1<<5},
	} {
		if _, err := checkpoint.DecodeEntry(e.Append(nil)); !errors.Is(err, checkpoint.ErrEntryCorrupt) {
			t.Errorf("%s: %v", what, err)
		}
	}
	// Values that no shard has: they must not become others by conversion.
	for what, at := range map[string]int{"partitions": 6, "epoch": 7} {
		value := []byte{'B', 2}
		for i := range 12 {
			if i == at {
				value = binary.AppendUvarint(value, math.MaxUint32+5)
			} else {
				value = append(value, 0)
			}
		}
		value = append(value, 0, 0, 0, 0)
		if e, err := checkpoint.DecodeEntry(seal(value)); !errors.Is(err, checkpoint.ErrEntryCorrupt) {
			t.Errorf("%s beyond their range: %+v, %v", what, e, err)
		}
	}
	long := checkpoint.Entry{ParamVersion: strings.Repeat("v", 300)}
	if e, err := checkpoint.DecodeEntry(long.Append(nil)); err != nil || len(e.ParamVersion) != 256 {
		t.Errorf("a long version: %d bytes, %v", len(e.ParamVersion), err)
	}
}

// TestVersion1IsRefused: it was never released, and lacks what a position is a position in.
func TestVersion1IsRefused(t *testing.T) {
	for name, decode := range map[string]func([]byte) error{
		"testdata/entry.v1":  func(v []byte) error { _, err := checkpoint.DecodeEntry(v); return err },
		"testdata/header.v1": func(v []byte) error { _, err := checkpoint.DecodeHeader(v); return err },
	} {
		value, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := decode(value); !errors.Is(err, checkpoint.ErrEntryVersion) {
			t.Errorf("%s: %v, want %v", name, err, checkpoint.ErrEntryVersion)
		}
	}
}

// FuzzDecodeEntry: any input is an entry, a header, or one of the errors; what is
// decoded is what it is encoded to.
func FuzzDecodeEntry(f *testing.F) {
	entry, header := sampleEntry(), sampleHeader()
	f.Add(entry.Append(nil), false)
	f.Add(header.Append(nil), false)
	f.Add(entry.Append(nil), true)
	f.Add([]byte("B\x01"), true)
	f.Add([]byte{}, false)
	f.Fuzz(func(t *testing.T, data []byte, sealed bool) {
		if sealed {
			data = seal(data)
		}
		known := func(err error) {
			if !errors.Is(err, checkpoint.ErrEntryMagic) && !errors.Is(err, checkpoint.ErrEntryVersion) &&
				!errors.Is(err, checkpoint.ErrEntryCorrupt) {
				t.Fatalf("an error of no kind: %v", err)
			}
		}
		if e, err := checkpoint.DecodeEntry(data); err != nil {
			known(err)
		} else if again, err := checkpoint.DecodeEntry(e.Append(nil)); err != nil || !cmp.Equal(e, again,
			cmpopts.EquateEmpty()) {
			t.Fatalf("%+v comes back as %+v, %v", e, again, err)
		}
		if h, err := checkpoint.DecodeHeader(data); err != nil {
			known(err)
		} else if again, err := checkpoint.DecodeHeader(h.Append(nil)); err != nil || !cmp.Equal(h, again,
			cmpopts.EquateEmpty()) {
			t.Fatalf("%+v comes back as %+v, %v", h, again, err)
		}
	})
}

// TestPageKeys: keys order by shard, then page, and others are none.
func TestPageKeys(t *testing.T) {
	if key := checkpoint.PageKey(0x01020304, 0x05060708); !bytes.Equal(key, []byte{1, 2, 3, 4, 5, 6, 7, 8}) {
		t.Errorf("key %x", key)
	}
	if shard, page, ok := checkpoint.ParsePageKey([]byte{1, 2, 3, 4, 5, 6, 7, 8}); shard != 0x01020304 ||
		page != 0x05060708 || !ok {
		t.Errorf("shard %x page %x %v", shard, page, ok)
	}
	for _, key := range [][]byte{nil, {}, make([]byte, 7), make([]byte, 9)} {
		if _, _, ok := checkpoint.ParsePageKey(key); ok {
			t.Errorf("%x is taken for a key", key)
		}
	}
}
