package backfill

import (
	"fmt"
	"strconv"

	"github.com/cespare/xxhash/v2"

	"github.com/holdfast/holdfast/pipeline/decode"
	"github.com/holdfast/holdfast/pipeline/decode/json"
)

// group is the rows of one order.
type group struct {
	first  Event
	rows   int
	sums   []int64 // as the fields in summed
	given  uint    // which of them stood in a row, a bit each
	broken string  // why the rows cannot be summed
}

const groupOverhead = 256

func (g *group) bytes() int64 {
	return int64(len(g.first.Key)+len(g.first.Value)+len(g.first.group)) + groupOverhead
}

func summedIndex(name []byte) int {
	for i, field := range summed {
		if field == string(name) {
			return i
		}
	}
	return -1
}

// value is the first row with the sums in place of its own amounts.
func (g *group) value(arena *decode.Arena) []byte {
	if g.rows == 1 {
		return g.first.Value
	}
	value, left := []byte{'{'}, g.given
	write := func(name string, text []byte) {
		if len(value) > 1 {
			value = append(value, ',')
		}
		value = append(fmt.Appendf(value, "%q:", name), text...)
	}
	arena.Reset()
	json.Members(g.first.Value, arena, func(name, raw, _ []byte) {
		if i := summedIndex(name); i >= 0 {
			raw = strconv.AppendInt(nil, g.sums[i], 10)
			left &^= 1 << i
		}
		write(string(name), raw)
	})
	for i, name := range summed {
		if left&(1<<i) != 0 {
			write(name, strconv.AppendInt(nil, g.sums[i], 10))
		}
	}
	return append(value, '}')
}

// agreement hashes what rows of one order must have in common.
func agreement(e *Event) uint64 {
	parts := []uint64{uint64(e.At), 0, 0}
	var arena decode.Arena
	json.Members(e.Value, &arena, func(name, _, text []byte) {
		switch string(name) {
		case "currency":
			parts[1] = xxhash.Sum64(text)
		case "ref_order_id":
			parts[2] = xxhash.Sum64(text)
		}
	})
	return mix(parts...)
}
