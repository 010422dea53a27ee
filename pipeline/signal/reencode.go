package signal

import "encoding/binary"

// EncodeRow appends a block that holds one row of this one, to set a row aside
// that a store refuses: what is set aside can be put back into the outbox as it
// is. Columns of kinds that this version does not know are lost. It panics if
// there is no such row.
func (b *Block) EncodeRow(dst []byte, row int) []byte {
	if row < 0 || row >= b.Rows {
		panic("signal: no such row")
	}
	var body []byte
	f := frame{table: b.Table, meta: clip(b.Meta), rows: 1, columns: len(b.Columns)}
	for i := range b.Columns {
		body = b.Columns[i].appendRow(body, row)
	}
	shard, isShard := b.number("src_partition", row)
	seq, isSeq := b.number("seq", row)
	if isShard && isSeq {
		f.shards = []ShardRange{{Shard: uint16(shard), First: seq, Last: seq, Rows: 1}}
	}
	return appendFrame(dst, f, body)
}

// number is the value of a column that has one number a row; false where it is
// none: what a block's columns are is up to its writer.
func (b *Block) number(name string, row int) (uint64, bool) {
	c, ok := b.Column(name)
	if !ok || c.Ends != nil || c.Kind == KindText {
		return 0, false
	}
	return c.Numbers[row], true
}

// appendRow writes the column of a block of one row.
func (c *Column) appendRow(body []byte, row int) []byte {
	flags := byte(0)
	lo, hi := row, row+1
	if c.Ends != nil {
		flags |= flagList
		lo, hi = c.Range(row)
	}
	if c.Defined != nil {
		flags |= flagNullable
	}
	body = append(body, byte(len(c.Name)))
	body = append(body, c.Name...)
	body = append(body, byte(c.Kind), flags)
	at := len(body)
	body = append(body, 0, 0, 0, 0)
	if c.Ends != nil {
		body = appendNumbers(body, []uint64{uint64(hi - lo)}, false)
	}
	switch {
	case c.Defined != nil && !c.Defined[row]:
		body = append(body, validNone)
		hi = lo
	case c.Defined != nil:
		body = append(body, validAll)
	}
	switch {
	case c.Kind == KindText:
		lengths := make([]uint64, 0, hi-lo)
		for _, text := range c.Texts[lo:hi] {
			lengths = append(lengths, uint64(len(text)))
		}
		body = appendNumbers(body, lengths, false)
		for _, text := range c.Texts[lo:hi] {
			body = append(body, text...)
		}
	case c.Kind.float():
		body = appendFloats(body, c.Numbers[lo:hi])
	default:
		body = appendNumbers(body, c.Numbers[lo:hi], c.Kind.signed())
	}
	binary.LittleEndian.PutUint32(body[at:], uint32(len(body)-at-4))
	return body
}
