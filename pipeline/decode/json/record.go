package json

import "github.com/holdfast/holdfast/pipeline/decode"

// record scans the whole value: one object and nothing else.
func (d *Decoder) record() bool {
	i := space(d.b, 0)
	if i >= len(d.b) || d.b[i] != '{' {
		return false
	}
	var tok token
	more, i := d.open('}', i, 1)
	for k := 0; more; k++ {
		k, i = d.usual(k, i)
		var n uint8
		if n, i = d.fieldName(k, i); i < 0 {
			return false
		}
		if i = d.value(&tok, i, 1); i < 0 {
			return false
		}
		if n < unknown {
			d.note(n, &tok)
		}
		more, i = d.next('}', i)
	}
	if i < 0 {
		return false
	}
	if len(d.names) > 0 {
		d.twice = d.twice || d.names.twice(0)
		d.names = d.names[:0]
	}
	return space(d.b, i) == len(d.b)
}

// usual scans fields as long as they are those of the record before, hold
// plain text or small integers, and another field follows without white space
// between: what nearly all fields are. It gives the number of fields so far and
// the place of the next. What is unusual, it leaves as it found it.
func (d *Decoder) usual(k, i int) (int, int) {
	b, seen, present, mistyped := d.b, d.seen, d.fields.Present, d.fields.Mistyped
	for ; k < decode.MaxFields; k++ {
		n := d.plan[k]
		quick := &d.names8[n]
		if !quick.starts(b, i) {
			break
		}
		start := i + int(quick.length)
		end, after, form, number := start, 0, decode.FormInteger, int64(0)
		if b[start] == '"' {
			start++
			end, form = plain(b, start), decode.FormText
			after = end + 1
		} else {
			end, number = small(b, start)
			after = end
		}
		if end < 0 || after+1 >= len(b) || b[after] != ',' || b[after+1] != '"' {
			break
		}
		bit := uint64(1) << n
		if seen&bit != 0 || d.also[n] != 0 {
			break
		}
		v := &d.fields.Values[n]
		v.Start, v.End, v.Place, v.Form, v.Number = int32(start), int32(end), decode.InRecord, form, number
		seen |= bit
		present |= bit
		if !d.wants[n].Has(form) {
			mistyped |= bit
		}
		i = after + 1
	}
	d.seen, d.fields.Present, d.fields.Mistyped = seen, present, mistyped
	return k, i
}

// fieldName scans the k-th field name and gives its number: by comparing it
// with the k-th of the record before, else by looking it up.
func (d *Decoder) fieldName(k, i int) (number uint8, after int) {
	if k < decode.MaxFields {
		n := d.plan[k]
		if quick := &d.names8[n]; quick.starts(d.b, i) {
			i += int(quick.length)
			if d.b[i] <= ' ' {
				i = space(d.b, i)
			}
			return n, i
		}
	}
	name, i := d.name(i)
	if i < 0 {
		return 0, bad
	}
	number, known := d.numbers[string(name)]
	if !known {
		number = unknown
		d.names = append(d.names, name)
	}
	if k < decode.MaxFields {
		d.plan[k] = number
	}
	return number, i
}

// note records that field i stands in the record, and with it the fields that
// the mapping reads from the same place.
func (d *Decoder) note(i uint8, tok *token) {
	bit := uint64(1) << i
	if d.seen&bit != 0 {
		d.twice = true
	}
	d.seen |= bit
	if tok.kind == tokenEscaped {
		d.escaped |= bit
	}
	v := tok.value()
	for {
		d.fields.Put(int(i), v)
		if i = d.also[i]; i == 0 {
			return
		}
	}
}

// forms says what each kind of token is to the rules.
var forms = [...]decode.Form{
	tokenNull: decode.FormAbsent, tokenString: decode.FormText, tokenEscaped: decode.FormText,
	tokenInteger: decode.FormInteger, tokenBig: decode.FormHuge, tokenReal: decode.FormDecimal,
	tokenTrue: decode.FormBool, tokenFalse: decode.FormBool, tokenObject: decode.FormObject, tokenArray: decode.FormList,
}

// value is the token as a value of the record. Escapes stand in its text as
// they are written.
func (t *token) value() decode.Value {
	return decode.Value{Start: t.start, End: t.end, Form: forms[t.kind], Number: t.number}
}
