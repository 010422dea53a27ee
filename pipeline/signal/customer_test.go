package signal_test

import (
	"bytes"
	"flag"
	"math/rand/v2"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/holdfast/holdfast/internal/rowtest"
	"github.com/holdfast/holdfast/pipeline/score"
	"github.com/holdfast/holdfast/pipeline/signal"
)

var rewrite = flag.Bool("rewrite", false, "write the golden files anew")

// TestGolden holds the format: blocks written by an earlier version must be
// read as they were, and what is written now must not change unnoticed. Columns
// that came later do not touch it.
func TestGolden(t *testing.T) {
	layout := goldenLayout(t)
	customers := signal.NewCustomerBlock(layout, euros)
	blocks := signal.EncodedBlocks(func(rnd *rand.Rand) { customers.Append(rowtest.Random(layout, rnd)) })
	blocks["customer"] = customers.Encode(nil)
	for name, value := range blocks {
		path := "testdata/" + name + ".v1.block"
		if *rewrite {
			if err := os.WriteFile(path, value, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		golden, err := os.ReadFile(path)
		if err != nil {
			t.Fatalf("read the golden file (run with -rewrite after a change of format or rows): %v", err)
		}
		if !bytes.Equal(signal.Plain(t, golden), signal.Plain(t, value)) {
			t.Errorf("%s: the block's bytes changed; readers of N-1 see this", name)
		}
	}
}

// goldenLayout has the columns of the golden block of customers.
func goldenLayout(t *testing.T) *signal.Layout {
	t.Helper()
	golden, err := os.ReadFile("testdata/customer.v1.block")
	if err != nil {
		t.Fatal(err)
	}
	var columns []signal.ColumnSpec
	for _, c := range decoded(t, golden).Columns {
		spec, there := score.Layout().Find(c.Name)
		if !there {
			t.Fatalf("rows have no column %s any more", c.Name)
		}
		columns = append(columns, spec)
	}
	return signal.NewLayout(columns)
}

func TestAppendInSteadyStateDoesNotAllocate(t *testing.T) {
	rows := shopRows(2000)
	block := score.NewCustomerBlock(euros)
	round := func() {
		block.Reset(euros)
		for _, row := range rows {
			block.Append(row)
		}
	}
	round()
	if n := testing.AllocsPerRun(10, round); n != 0 {
		t.Errorf("%v allocations in %d rows", n, len(rows))
	}
}

// TestBlockRemembersNothing: a block's bytes depend on its own rows alone.
func TestBlockRemembersNothing(t *testing.T) {
	rows := shopRows(50)
	used, fresh := score.NewCustomerBlock(euros), score.NewCustomerBlock(euros)
	used.Append(rowtest.New(map[string]any{"segment": "elsewhere", "level": signal.LevelLost, "abc_class": "Q",
		"src_partition": 9, "seq": 9}))
	used.Encode(nil)
	used.Reset(euros)
	for _, row := range rows {
		used.Append(row)
		fresh.Append(row)
	}
	if !bytes.Equal(used.Encode(nil), fresh.Encode(nil)) {
		t.Error("an earlier block shows in the bytes")
	}
}

// TestCustomersComeBack: what is in a row is what a reader of its block sees, in
// a block of many rows, of one, and of one row taken out of it.
func TestCustomersComeBack(t *testing.T) {
	block := score.NewCustomerBlock(signal.Meta{})
	for seed, n := range []int{0, 1, 2, 7, 8, 9, 300, 1000, 0, 3} {
		rnd := rand.New(rand.NewPCG(uint64(seed), uint64(n)))
		alone := make([]*signal.Block, n)
		block.Reset(euros)
		for i := range n {
			row := rowtest.Random(score.Layout(), rnd)
			block.Append(row)
			one := score.NewCustomerBlock(euros)
			one.Append(row)
			alone[i] = decoded(t, one.Encode(nil))
		}
		value := block.Encode([]byte("before"))
		if string(value[:6]) != "before" {
			t.Fatal("Encode changed what was there")
		}
		if size := len(value) - 6; size > block.Bytes() {
			t.Fatalf("%d bytes encoded, Bytes said at most %d", size, block.Bytes())
		}
		all := decoded(t, value[6:])
		for i := range n {
			want := rowtest.Fields(alone[i], 0)
			if diff := cmp.Diff(want, rowtest.Fields(all, i)); diff != "" {
				t.Fatalf("row %d of %d:\n%s", i, n, diff)
			}
			if i%7 == 0 {
				if diff := cmp.Diff(want, rowtest.Fields(decoded(t, all.EncodeRow(nil, i)), 0)); diff != "" {
					t.Fatalf("row %d of %d by itself:\n%s", i, n, diff)
				}
			}
		}
	}
}

func decoded(t *testing.T, value []byte) *signal.Block {
	t.Helper()
	b, err := signal.Decode(value)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
