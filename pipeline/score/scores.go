package score

import (
	"math"

	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/signal"
)

// Probabilities is the cheap part, for the judgement at every event.
type Probabilities struct {
	PAlive          float64 // of the activity days where Parameters.ByActivity, else of the purchase days
	PAlivePurchase  float64 // of the purchase days
	OverdueQuantile float64

	// The same rounded to millionths: what decisions compare.
	PAliveMillionths  int32
	OverdueMillionths int32
}

// Millionths rounds a probability to 1e-6, half up, so that decisions compare
// integers and do not hang on the last bit of a float.
func Millionths(p float64) int32 { return int32(math.Floor(float64(p*1e6) + .5)) }

// Never is the day of a crossing that does not come within a century of silence.
const Never event.Day = math.MaxInt32

// Crossings are the business days on which, without a further purchase, a
// condition first holds: the latest purchase day itself where it holds from the
// start, Never where it does not come or cannot. Where Parameters.ByActivity those of
// P(alive) are without a further activity day, and begin with the latest. They depend
// on these days and the parameters alone, so they change only with those.
type Crossings struct {
	Watch    event.Day
	AtRisk   event.Day // Never for a one-time buyer: there is no rhythm to be missed in
	Critical event.Day // likewise; for customers of rank
	Lost     event.Day // of a one-time buyer by the days of silence alone
	// Overdue is the first day on which the overdue quantile is above
	// Thresholds.OverdueWatch, whatever the test in force.
	Overdue event.Day
}

// Scores is everything that a row or an alert says about a customer. Without a
// purchase only the ladder, the order values and the reasons that need no model
// hold anything. Of who has closed the account, what is to come is 0.
type Scores struct {
	PAlive            float64
	AliveBasis        signal.AliveBasis // of PAlive
	PAlivePurchase    float64
	PReturn30         float64
	PReturn60         float64
	PReturn90         float64
	PReturn           float64 // over Parameters.HorizonDays
	PReturnAtPurchase float64 // the same right after the latest purchase
	RelativeDrop      float64
	OverdueRatio      float64
	OverdueQuantile   float64
	GapQ50Days        float64 // gaps from the latest purchase day
	GapQ90Days        float64
	Expected90        float64 // purchase days in the next 90 days

	// Money: minor units.
	ExpectedSpend float64
	CLV365        float64
	ValueAtRisk   float64

	AOV90       signal.Null[float64] // minor units
	AOVTrend    signal.Null[float64]
	MeanRepeat  signal.Null[float64] // minor units: m_x
	MeanGapDays signal.Null[float64]

	ChurnRisk float64 // 0 to 1
	Ladder    signal.Ladder

	// Reasons, strongest first; the weightless ones of the customer row last.
	Reasons     [signal.ReasonLimit]signal.Reason
	ReasonCount int
	// Mask is the set of all codes that contribute, also beyond the three.
	Mask signal.ReasonMask
}
