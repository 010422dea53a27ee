package score

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
)

// VersionOf is the param_version of parameters given by configuration: the first
// 8 bytes of SHA-256 over the parameters of the purchase model and, where there are,
// of the spend and the activity model, in their shortest decimal form, as hex. Equal parameters have equal
// versions, wherever and whenever they are read.
func VersionOf(p *Parameters) string {
	text := append([]byte(nil), Model...)
	values := []float64{p.Purchase.R, p.Purchase.Alpha, p.Purchase.A, p.Purchase.B}
	if p.K > 1 { // versions without it stay what they were
		values = append(values, float64(p.K))
	}
	if p.HasSpend {
		values = append(values, p.Spend.P, p.Spend.Q, p.Spend.Nu)
	}
	for _, v := range values {
		text = strconv.AppendFloat(append(text, ' '), v, 'g', -1, 64)
	}
	if p.HasActivity {
		text = append(text, " activity"...)
		for _, v := range [...]float64{p.Activity.R, p.Activity.Alpha, p.Activity.A, p.Activity.B} {
			text = strconv.AppendFloat(append(text, ' '), v, 'g', -1, 64)
		}
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:8])
}
