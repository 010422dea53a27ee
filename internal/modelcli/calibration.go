package modelcli

import (
	"math"
	"sort"

	"github.com/holdfast/holdfast/pipeline/population/fit"
	"github.com/holdfast/holdfast/pipeline/score/btyd"
)

// calibrationBins is the number of groups of equal size in the table.
const calibrationBins = 10

// calibration compares the fitted model with the time after --until.
type calibration struct {
	From              string           `json:"from"`
	To                string           `json:"to"`
	HorizonWeeks      float64          `json:"horizon_weeks"`
	Bins              []calibrationBin `json:"bins"`
	ExpectedPurchases float64          `json:"expected_purchases"`
	ActualPurchases   int              `json:"actual_purchases"`
	ExpectedReturns   float64          `json:"expected_returns"`
	ActualReturns     int              `json:"actual_returns"`
	Brier             float64          `json:"brier"`
	CalibrationError  float64          `json:"calibration_error"`
}

// calibrationBin is a tenth of the customers, by rising p_return.
type calibrationBin struct {
	Customers         int     `json:"customers"`
	PredictedReturn   float64 `json:"predicted_return"`
	ObservedReturn    float64 `json:"observed_return"`
	ExpectedPurchases float64 `json:"expected_purchases"`
	ActualPurchases   int     `json:"actual_purchases"`
}

// prediction is one customer's.
type prediction struct {
	returns, purchases float64
	later              int
}

// calibrate scores every buyer over the time from until to last; nil where
// there is none.
func calibrate(r fit.Result, buyers []buyer, until, last fit.Day) *calibration {
	weeks := float64(last-until) / daysPerWeek
	if last <= until || weeks > btyd.MaxWeeks || len(buyers) == 0 {
		return nil
	}
	returns, purchases := predictors(r)
	predictions := make([]prediction, len(buyers))
	for i, b := range buyers {
		predictions[i] = prediction{returns(b.history, weeks), purchases(b.history, weeks), b.later}
	}
	sort.SliceStable(predictions, func(i, j int) bool { return predictions[i].returns < predictions[j].returns })
	c := &calibration{From: dateOf(until + 1), To: dateOf(last), HorizonWeeks: weeks}
	for bin := range calibrationBins {
		from, to := bin*len(predictions)/calibrationBins, (bin+1)*len(predictions)/calibrationBins
		if from < to {
			c.addBin(predictions[from:to], float64(len(predictions)))
		}
	}
	return c
}

func (c *calibration) addBin(group []prediction, all float64) {
	b := calibrationBin{Customers: len(group)}
	returned := 0
	for _, p := range group {
		b.PredictedReturn += p.returns
		b.ExpectedPurchases += p.purchases
		b.ActualPurchases += p.later
		hit := 0.0
		if p.later > 0 {
			hit = 1
			returned++
		}
		c.Brier += (p.returns - hit) * (p.returns - hit) / all
	}
	n := float64(len(group))
	c.ExpectedReturns += b.PredictedReturn
	c.ActualReturns += returned
	c.ExpectedPurchases += b.ExpectedPurchases
	c.ActualPurchases += b.ActualPurchases
	b.PredictedReturn /= n
	b.ObservedReturn = float64(returned) / n
	c.CalibrationError += math.Abs(b.PredictedReturn-b.ObservedReturn) * n / all
	c.Bins = append(c.Bins, b)
}

// predictors are p_return and expected purchases of a fitted model.
func predictors(r fit.Result) (returns, purchases func(btyd.History, float64) float64) {
	v := r.Value
	switch r.Model {
	case fit.BGNBD:
		m := btyd.BGNBD{R: v("r"), Alpha: v("alpha"), A: v("a"), B: v("b")}
		return m.PReturn, m.ExpectedPurchases
	case fit.MBGNBD:
		m := btyd.MBGNBD{R: v("r"), Alpha: v("alpha"), A: v("a"), B: v("b")}
		return m.PReturn, m.ExpectedPurchases
	case fit.MBGCNBDK:
		m := btyd.MBGCNBDK{R: v("r"), Alpha: v("alpha"), A: v("a"), B: v("b"), K: r.K}
		return m.PReturn, m.ExpectedPurchasesApproximate
	}
	m := btyd.ParetoNBD{R: v("r"), Alpha: v("alpha"), S: v("s"), Beta: v("beta")}
	return m.PReturn, m.ExpectedPurchases
}
