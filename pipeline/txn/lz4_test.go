package txn

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/pierrec/lz4/v4"
	"github.com/twmb/franz-go/pkg/kgo"
)

// lz4Frame packs text as a producer may.
func lz4Frame(t testing.TB, text []byte, options ...lz4.Option) []byte {
	t.Helper()
	var out bytes.Buffer
	w := lz4.NewWriter(&out)
	if err := w.Apply(options...); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// lz4Texts are a small one, one of many blocks, and one that does not pack.
func lz4Texts() map[string][]byte {
	random := rand.New(rand.NewPCG(1, 1))
	noise := make([]byte, 300_000)
	for i := range noise {
		noise[i] = byte(random.Uint32())
	}
	return map[string][]byte{"nothing": nil, "small": []byte("one record"),
		"large": []byte(strings.Repeat(`{"customer_id":"c-7","n":1234}`, 40_000)),
		"noise": noise, "mixed": append(bytes.Repeat([]byte("abc"), 100_000), noise...)}
}

// TestUnpackLZ4 unpacks frames of every form that is read here into rooms of any size.
func TestUnpackLZ4(t *testing.T) {
	for name, text := range lz4Texts() {
		for form, options := range map[string][]lz4.Option{
			"as Java writes it": {lz4.BlockSizeOption(lz4.Block64Kb), lz4.ChecksumOption(false)},
			"with all sums": {lz4.BlockSizeOption(lz4.Block256Kb), lz4.ChecksumOption(true), lz4.BlockChecksumOption(true),
				lz4.SizeOption(uint64(len(text)))},
			"large blocks": {lz4.BlockSizeOption(lz4.Block4Mb)},
		} {
			frame := lz4Frame(t, text, options...)
			for _, room := range []int{0, len(text) / 3, 2*len(text) + 100} {
				got, err := unpackLZ4(make([]byte, 0, room), frame, len(text))
				if err != nil || !bytes.Equal(got, text) {
					t.Errorf("%s, %s, into %d bytes: %d bytes, %v, want %d", name, form, room, len(got), err, len(text))
				}
			}
		}
	}
}

// TestUnpackLZ4Refuses says which frames are not read, and why.
func TestUnpackLZ4Refuses(t *testing.T) {
	text := bytes.Repeat([]byte("abcdefgh"), 20_000)
	frame := lz4Frame(t, text, lz4.BlockSizeOption(lz4.Block64Kb))
	with := func(at int, b byte) []byte { changed := bytes.Clone(frame); changed[at] = b; return changed }
	for _, c := range []struct {
		name  string
		frame []byte
		most  int
		want  error
	}{
		{"other magic", with(0, 1), 1 << 20, errLZ4Form},
		{"nothing", nil, 1 << 20, errLZ4Form},
		{"linked blocks", with(4, frame[4]&^lz4Independent), 1 << 20, errLZ4Form},
		{"a dictionary", with(4, frame[4]|lz4Dictionary), 1 << 20, errLZ4Form},
		{"another version", with(4, frame[4]|2<<6), 1 << 20, errLZ4Form},
		{"a block size that is none", with(5, 3<<4), 1 << 20, errLZ4Form},
		{"cut in its header", lz4Frame(t, text, lz4.SizeOption(uint64(len(text))))[:9], 1 << 20, errLZ4Damaged},
		{"cut in a block", frame[:len(frame)/2], 1 << 20, errLZ4Damaged},
		{"cut between blocks", frame[:lz4HeaderBytes], 1 << 20, errLZ4Damaged},
		{"too much", frame, len(text) - 1, kgo.ErrMaxDecompress},
	} {
		if _, err := unpackLZ4(nil, c.frame, c.most); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
}

// TestDecompressorUnpacksEveryForm: what is not read here the client reads.
func TestDecompressorUnpacksEveryForm(t *testing.T) {
	b := newBudget(1 << 30)
	d, err := newDecompressor(b, newFetchPool(b), 8<<20)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range lz4Texts() {
		for _, frame := range [][]byte{lz4Frame(t, text), lz4Frame(t, text, lz4.LegacyOption(true))} {
			if got, err := d.Decompress(frame, kgo.CodecLz4); err != nil || !bytes.Equal(got, text) {
				t.Errorf("%s: %d bytes, %v, want %d", name, len(got), err, len(text))
			}
		}
	}
	if _, err := d.Decompress(lz4Frame(t, make([]byte, 9<<20)), kgo.CodecLz4); !errors.Is(err, kgo.ErrMaxDecompress) {
		t.Errorf("a batch above the bound: %v", err)
	}
	if _, err := d.Decompress([]byte("no frame"), kgo.CodecLz4); err == nil {
		t.Error("bytes that are no frame are unpacked")
	}
}

func FuzzUnpackLZ4(f *testing.F) {
	for _, text := range lz4Texts() {
		if len(text) < 100_000 {
			f.Add(lz4Frame(f, text))
		}
	}
	f.Fuzz(func(t *testing.T, frame []byte) {
		const most = 1 << 20
		got, err := unpackLZ4(nil, frame, most)
		if len(got) > most+4<<20 {
			t.Fatalf("%d bytes, at most %d may be", len(got), most)
		}
		if err != nil {
			return
		}
		want, err := io.ReadAll(lz4.NewReader(bytes.NewReader(frame)))
		if err == nil && !bytes.Equal(got, want) { // it checks sums, too
			t.Fatal(fmt.Errorf("%d bytes, the library reads %d", len(got), len(want)))
		}
	})
}

func BenchmarkUnpackLZ4(b *testing.B) {
	text := lz4Texts()["large"]
	frame := lz4Frame(b, text, lz4.BlockSizeOption(lz4.Block64Kb))
	budget := newBudget(1 << 40)
	pool := newFetchPool(budget)
	d, err := newDecompressor(budget, pool, 8<<20)
	if err != nil {
		b.Fatal(err)
	}
	for name, f := range map[string]func() []byte{
		"here":   func() []byte { out, _ := d.Decompress(frame, kgo.CodecLz4); return out },
		"client": func() []byte { out, _ := d.inner.Decompress(frame, kgo.CodecLz4); return out },
	} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				pool.PutDecompressBytes(f())
			}
		})
	}
}
