package score

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
)

// VersionOf is the param_version of parameters given by configuration: the first
// 8 bytes of SHA-256 over the parameters of the purchase model and, where there
// are, of the spend and the activity model and of those of segments, in their
// shortest decimal form, as hex. Equal parameters have equal versions, wherever and
// whenever they are read.
func VersionOf(p *Parameters) string {
	whole := SegmentModel{Purchase: p.Purchase, K: p.K}
	if p.HasSpend {
		whole.Spend = &p.Spend
	}
	if p.HasActivity {
		whole.Activity = &p.Activity
	}
	text := whole.appendText(append([]byte(nil), Model...))
	for i := range p.Segments {
		m := &p.Segments[i]
		text = strconv.AppendQuote(append(text, " segment "...), m.Segment)
		text = strconv.AppendBool(append(text, ' '), m.DropoutIdentified)
		text = m.appendText(text)
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:8])
}

// appendText appends the numbers of a model; versions of before it could have an
// order of gaps, or activity days, stay what they were.
func (m *SegmentModel) appendText(text []byte) []byte {
	numbers := func(values ...float64) {
		for _, v := range values {
			text = strconv.AppendFloat(append(text, ' '), v, 'g', -1, 64)
		}
	}
	numbers(m.Purchase.R, m.Purchase.Alpha, m.Purchase.A, m.Purchase.B)
	if m.K > 1 {
		numbers(float64(m.K))
	}
	if m.Spend != nil {
		numbers(m.Spend.P, m.Spend.Q, m.Spend.Nu)
	}
	if m.Activity != nil {
		text = append(text, " activity"...)
		numbers(m.Activity.R, m.Activity.Alpha, m.Activity.A, m.Activity.B)
	}
	return text
}
