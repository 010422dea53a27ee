package json

import (
	"math/bits"

	"github.com/holdfast/holdfast/pipeline/decode"
)

// The fields that are objects or arrays are walked a second time, once the
// whole record is known to be good JSON.

// walkNested hands what stands inside of consent, lines and merge_from over to
// the rules.
func (d *Decoder) walkNested() {
	set := d.fields.Present &^ d.fields.Mistyped
	if set&d.consent != 0 {
		d.walkConsent(d.begins(d.consent))
	}
	if set&d.lines != 0 {
		d.walkLines(d.begins(d.lines))
	}
	if set&d.mergeFrom != 0 {
		d.walkMerge(d.begins(d.mergeFrom))
	}
}

// begins is where the value of a field begins.
func (d *Decoder) begins(field uint64) int {
	return int(d.fields.Values[bits.TrailingZeros64(field)].Start)
}

// nested is the value of a token below the record's own fields.
func (d *Decoder) nested(tok *token) decode.Value {
	v := tok.value()
	if tok.kind == tokenEscaped {
		return d.unescaped(v)
	}
	return v
}

// walkConsent reads {marketing: bool}.
func (d *Decoder) walkConsent(start int) {
	var tok token
	for more, i := d.open('}', start, 0); more; more, i = d.next('}', i) {
		var name []byte
		name, i = d.name(i)
		i = d.value(&tok, i, 0)
		if string(name) == "marketing" {
			d.fields.PutConsent(d.nested(&tok))
		}
	}
}

// walkMerge reads an array of ids.
func (d *Decoder) walkMerge(start int) {
	var tok token
	for more, i := d.open(']', start, 0); more; more, i = d.next(']', i) {
		i = d.value(&tok, i, 0)
		d.fields.PutMergeID(d.nested(&tok))
	}
}

// walkLines reads an array of order lines.
func (d *Decoder) walkLines(start int) {
	var tok token
	for more, i := d.open(']', start, 0); more; more, i = d.next(']', i) {
		if d.b[i] == '{' {
			d.fields.PutLine(decode.FormObject)
			i = d.walkLine(i)
			continue
		}
		i = d.value(&tok, i, 0)
		d.fields.PutLine(forms[tok.kind])
	}
}

// walkLine reads the order line at i and gives the place behind it.
func (d *Decoder) walkLine(i int) int {
	var tok token
	more, i := d.open('}', i, 0)
	for more {
		var name []byte
		name, i = d.name(i)
		i = d.value(&tok, i, 0)
		d.fields.PutLineField(name, d.nested(&tok))
		more, i = d.next('}', i)
	}
	return i
}
