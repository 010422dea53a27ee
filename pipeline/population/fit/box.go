package fit

import (
	"math"

	"github.com/holdfast/holdfast/pipeline/score/btyd"
)

// atBoxShare is how near the edge of its box, as a share of the box in
// log-parameters, a parameter counts as lying on it.
const atBoxShare = 1e-3

// box maps unbounded variables u to parameters inside the models' domain:
// ln p = low + (high−low)·sigmoid(u). In log-parameters the likelihoods are
// smooth and of one scale.
type box struct {
	low, high   []float64 // logarithms of
	least, most []float64
}

func newBox(names []string) box {
	var b box
	for _, name := range names {
		most := float64(btyd.MaxParameter)
		if name == "nu" {
			most = btyd.MaxNu
		}
		b.least, b.most = append(b.least, btyd.MinParameter), append(b.most, most)
		b.low, b.high = append(b.low, math.Log(btyd.MinParameter)), append(b.high, math.Log(most))
	}
	return b
}

// params writes the parameters at u and returns them.
func (b box) params(out, u []float64) []float64 {
	for i, v := range u {
		p := math.Exp(b.low[i] + (b.high[i]-b.low[i])*sigmoid(v))
		out[i] = math.Min(math.Max(p, b.least[i]), b.most[i]) // exp(ln p) may round over the edge
	}
	return out
}

// variables is the inverse of params; parameters outside are drawn in.
func (b box) variables(params []float64) []float64 {
	u := make([]float64, len(params))
	for i, p := range params {
		share := (math.Log(p) - b.low[i]) / (b.high[i] - b.low[i])
		share = math.Min(math.Max(share, 0.02), 0.98)
		u[i] = math.Log(share / (1 - share))
	}
	return u
}

// slope is d ln p/du of parameter i.
func (b box) slope(i int, u float64) float64 {
	s := sigmoid(u)
	return (b.high[i] - b.low[i]) * s * (1 - s)
}

// hit reports whether parameter i lies on the edge of its box.
func (b box) hit(i int, p float64) bool {
	share := (math.Log(p) - b.low[i]) / (b.high[i] - b.low[i])
	return share < atBoxShare || share > 1-atBoxShare
}
