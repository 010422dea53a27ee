package signal

import (
	"fmt"
	"strings"
	"testing"
)

// TestBlocksAreFullInTime: by rows and by bytes, before a reader would refuse
// them.
func TestBlocksAreFullInTime(t *testing.T) {
	narrow := NewLayout([]ColumnSpec{{ID: 1, Name: "n", Type: TypeUint8, Doc: "x"},
		{ID: 2, Name: "src_partition", Type: TypeUint16, Doc: "x"}, {ID: 3, Name: "seq", Type: TypeUint64, Doc: "x"}})
	block, row := NewCustomerBlock(narrow, testMeta), NewRow(narrow)
	for !block.Full() {
		block.Append(row)
		if block.Rows() > MaxBlockRows {
			t.Fatalf("%d rows and not full", block.Rows())
		}
	}
	if _, err := Decode(block.Encode(nil)); err != nil || block.Rows() != MaxBlockRows {
		t.Errorf("a full block of %d rows: %v", block.Rows(), err)
	}
	wide := NewAlertBlock(testMeta)
	text := strings.Repeat("x", 100<<10)
	rows := 0
	for ; !wide.Full(); rows++ {
		wide.Append(&AlertRow{CustomerID: fmt.Appendf(nil, "%d%s", rows, text), Seq: uint64(rows)})
	}
	if size := wide.Bytes(); rows >= MaxBlockRows || size < MaxBlockBytes || size > MaxBlockBytes+(1<<20) {
		t.Errorf("full with %d rows and %d bytes", rows, size)
	}
	if encoded := wide.Encode(nil); len(encoded) > wide.Bytes() {
		t.Errorf("%d bytes, Bytes said at most %d", len(encoded), wide.Bytes())
	}
}

// TestRoomOfASpikeIsGivenBack: by the second block that needs much less; a block
// that goes on needing it keeps it.
func TestRoomOfASpikeIsGivenBack(t *testing.T) {
	block := NewModelBlock(testMeta)
	fill := func(n int) {
		for i := range n {
			block.Append(&ModelRow{Seq: uint64(i)})
		}
		block.Encode(nil)
		block.Reset(testMeta)
	}
	fill(20_000)
	large := cap(block.image)
	fill(20_000)
	if cap(block.image) != large {
		t.Errorf("room for %d words is given back, and was needed again", large)
	}
	fill(10)
	if cap(block.image) >= large || cap(block.image) > keptElements {
		t.Errorf("room for %d words is kept after a block of ten rows, the spike had %d", cap(block.image), large)
	}
	fill(10)
	small := cap(block.image)
	block.Reset(testMeta) // a commit without rows says nothing of the need
	if fill(10); cap(block.image) != small {
		t.Errorf("room for %d words, want %d still", cap(block.image), small)
	}
}

// TestNamesOfManyValuesAreForgotten: a column of few values that turns out to
// have many does not grow for ever, and says the same afterwards.
func TestNamesOfManyValuesAreForgotten(t *testing.T) {
	block := NewModelBlock(testMeta)
	names := func(from, n int) (texts []string) {
		block.Reset(testMeta)
		for i := range n {
			block.Append(&ModelRow{Model: fmt.Sprint("s-", from+i), Seq: uint64(i)})
		}
		b, err := Decode(block.Encode(nil))
		if err != nil {
			t.Fatal(err)
		}
		c, _ := b.Column("model")
		return c.Texts
	}
	at := -1
	for i, f := range block.fields {
		if f.spec.Name == "model" {
			at = i
		}
	}
	for _, from := range []int{0, 10_000, 20_000} {
		for i, text := range names(from, keptStrings+1) {
			if want := fmt.Sprint("s-", from+i); text != want {
				t.Fatalf("row %d from %d: %q, want %q", i, from, text, want)
			}
		}
		if n := len(block.side[at].values); n > keptStrings+1 {
			t.Errorf("%d names are remembered", n)
		}
	}
	block.Reset(testMeta)
	if n := len(block.side[at].values); n != 0 {
		t.Errorf("%d names are remembered after a block of more than %d", n, keptStrings)
	}
	for i, text := range names(5, 3) {
		if want := fmt.Sprint("s-", 5+i); text != want {
			t.Errorf("row %d: %q, want %q", i, text, want)
		}
	}
}
