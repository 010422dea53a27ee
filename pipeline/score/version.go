package score

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
)

// VersionOf is the param_version of parameters given by configuration: the first
// 8 bytes of SHA-256 over the model's and, where there is one, the spend model's
// parameters in their shortest decimal form, as hex. Equal parameters have equal
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
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:8])
}
