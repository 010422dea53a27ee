package decode

// The fields that are objects or arrays are walked a second time, once the
// whole record is known to be good JSON.

const (
	maxLines    = 200
	maxMergeIDs = 16
)

// walkNested judges the values inside consent, lines and merge_from. A wrong
// JSON type in them counts as one of the field.
func (d *JSON) walkNested() {
	set := d.present &^ d.badType
	if set&(d.linesMask|d.mergeMask|d.consentMask) == 0 {
		return
	}
	if i := set & d.consentMask; i != 0 && !d.walkConsent(&d.tokens[lowest(i)]) {
		d.badType |= i
	}
	if i := set & d.linesMask; i != 0 && !d.walkLines(&d.tokens[lowest(i)]) {
		d.badType |= i
	}
	if i := set & d.mergeMask; i != 0 && !d.walkMerge(&d.tokens[lowest(i)]) {
		d.badType |= i
	}
}

// walkConsent reads {marketing: bool}.
func (d *JSON) walkConsent(t *token) bool {
	var value token
	for more, i := d.open('}', int(t.start), 0); more; more, i = d.next('}', i) {
		var name []byte
		name, i = d.name(i)
		i = d.value(&value, i, 0)
		if string(name) != "marketing" || value.kind == tokenNull {
			continue
		}
		if wantBool&(1<<value.kind) == 0 {
			return false
		}
		d.consent = value.kind
	}
	return true
}

// walkMerge reads an array of ids.
func (d *JSON) walkMerge(t *token) bool {
	var value token
	n, wrong := 0, fine
	for more, i := d.open(']', int(t.start), 0); more; more, i = d.next(']', i) {
		i = d.value(&value, i, 0)
		if wantText&(1<<value.kind) == 0 {
			return false
		}
		if n++; n > maxMergeIDs {
			wrong = mergeIDs
		} else if _, f := d.id(&value); f != fine && wrong == fine {
			wrong = mergeID
		}
	}
	d.mergeFlaw = wrong
	return true
}

// bytesHoldNothing says whether an array is empty.
func (d *JSON) bytesHoldNothing(t *token) bool {
	more, _ := d.open(']', int(t.start), 0)
	return !more
}

// walkLines reads an array of order lines.
func (d *JSON) walkLines(t *token) bool {
	n, wrong := 0, fine
	for more, i := d.open(']', int(t.start), 0); more; more, i = d.next(']', i) {
		if d.b[i] != '{' {
			return false
		}
		var f flaw
		if f, i = d.walkLine(i); i < 0 {
			return false
		}
		if n++; n > maxLines {
			wrong = lineCount
		} else if wrong == fine {
			wrong = f
		}
	}
	d.linesFlaw = wrong
	return true
}

// walkLine reads the order line at i; it gives bad for the place behind it
// where a field has another JSON type than it should.
func (d *JSON) walkLine(i int) (wrong flaw, after int) {
	var value token
	more, i := d.open('}', i, 0)
	for more {
		var name []byte
		name, i = d.name(i)
		i = d.value(&value, i, 0)
		if value.kind != tokenNull {
			f, ok := d.lineField(name, &value)
			if !ok {
				return fine, bad
			}
			if wrong == fine {
				wrong = f
			}
		}
		more, i = d.next('}', i)
	}
	return wrong, i
}

// lineField judges one field of an order line.
func (d *JSON) lineField(name []byte, t *token) (f flaw, ok bool) {
	want := wantText
	switch string(name) {
	case "qty":
		want = wantInteger
	case "unit_price":
		want = wantAmount
		if d.cfg.Mapping.Amounts == AmountsDecimal {
			want = wantDecimal
		}
	case "sku", "category", "launch_date":
	default:
		return fine, true
	}
	if want&(1<<t.kind) == 0 {
		return fine, false
	}
	switch string(name) {
	case "qty":
		if _, f = within(t, 0, 1_000_000); f != fine {
			f = lineQuantity
		}
	case "unit_price":
		_, f = d.linePrice(t)
	case "launch_date":
		if _, valid := d.dates.date(d.text(t)); !valid {
			f = lineDate
		}
	default:
		if len(d.text(t)) > maxTextBytes {
			f = lineText
		}
	}
	return f, true
}

// linePrice reads a unit price, in the currency of its event.
func (d *JSON) linePrice(t *token) (int64, flaw) {
	var currency [3]byte
	if i := d.present &^ d.badType & d.currencyMask; i != 0 {
		copy(currency[:], d.text(&d.tokens[lowest(i)]))
	}
	n, f := d.amount(t, currency)
	if f == fine && n < 0 {
		f = amountNegative
	}
	return n, f
}
