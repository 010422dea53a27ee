package decode

import "github.com/holdfast/holdfast/pipeline/event"

// The fields that hold further values. What stands in them is judged as the
// format hands it over, after the fields of the record itself; of an order's
// lines the categories are kept.
// Its flaws count as those of the field, and so does a form that is not wanted.

const (
	maxLines    = 200
	maxMergeIDs = 16
)

// PutConsent takes the value named marketing in the field consent.
func (f *Fields) PutConsent(marketing Value) {
	switch {
	case marketing.Form == FormAbsent:
	case marketing.Form != FormBool:
		f.Mistyped |= f.rules.consentMask
	default:
		f.consent = marketing
	}
}

// PutMergeID takes the next id in the field merge_from.
func (f *Fields) PutMergeID(id Value) {
	if !wantText.Has(id.Form) {
		f.Mistyped |= f.rules.mergeMask
		return
	}
	if f.merge.count++; f.merge.count > maxMergeIDs {
		f.merge.flaw = mergeIDs
	} else if _, wrong := f.id(&id); wrong != fine && f.merge.flaw == fine {
		f.merge.flaw = mergeID
	}
}

// PutLine begins the next line of an order in the field lines.
func (f *Fields) PutLine(line Form) {
	if line != FormObject {
		f.Mistyped |= f.rules.linesMask
		return
	}
	if f.lines.count++; f.lines.count > maxLines {
		f.lines.flaw = lineCount
	}
}

// PutLineField takes a field of the line begun last. A name that lines do not
// have is read over.
func (f *Fields) PutLineField(name []byte, v Value) {
	if v.Form == FormAbsent {
		return
	}
	want := wantText
	switch string(name) {
	case "qty":
		want = wantInteger
	case "unit_price":
		want = wantAmount
		if f.rules.cfg.Mapping.Amounts == AmountsDecimal {
			want = wantDecimal
		}
	case "sku", "category", "launch_date":
	default:
		return
	}
	if !want.Has(v.Form) {
		f.Mistyped |= f.rules.linesMask
		return
	}
	if wrong := f.lineField(name, &v); f.lines.flaw == fine {
		f.lines.flaw = wrong
	}
}

// lineField judges one field of an order line.
func (f *Fields) lineField(name []byte, v *Value) flaw {
	switch string(name) {
	case "qty":
		if _, wrong := within(v, 0, 1_000_000); wrong != fine {
			return lineQuantity
		}
	case "unit_price":
		return f.linePrice(v)
	case "launch_date":
		if _, valid := f.dates.date(f.text(v)); !valid {
			return lineDate
		}
	default:
		text := f.text(v)
		if len(text) > maxTextBytes {
			return lineText
		}
		if string(name) == "category" {
			f.putCategory(text)
		}
	}
	return fine
}

// putCategory keeps the category of a line; an empty one is none.
func (f *Fields) putCategory(text []byte) {
	if n := f.categoryBytes; len(text) > 0 && n < len(f.categories) {
		f.categoryBytes = len(event.AppendCategory(f.categories[:n], text))
	}
}

// checkLines takes the judgement of the lines, and stores their categories: in
// the arena, where they stay as long as the event.
func checkLines(f *Fields, dst *event.Event, _ *Value) flaw {
	if n := f.categoryBytes; n > 0 && f.lines.flaw == fine {
		start := len(f.arena.Buf)
		f.arena.Buf = append(f.arena.Buf, f.categories[:n]...)
		dst.Categories = f.arena.Buf[start:len(f.arena.Buf):len(f.arena.Buf)]
	}
	return f.lines.flaw
}

// linePrice judges a unit price, in the currency of its event.
func (f *Fields) linePrice(v *Value) flaw {
	var currency [3]byte
	if i := f.Present &^ f.Mistyped & f.rules.currencyMask; i != 0 {
		copy(currency[:], f.text(&f.Values[lowest(i)]))
	}
	n, wrong := f.amount(v, currency)
	if wrong == fine && n < 0 {
		wrong = amountNegative
	}
	return wrong
}
