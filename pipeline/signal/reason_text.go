package signal

import (
	"math"
	"strconv"
)

// Text is the reason in one sentence, made from its figures alone, so that it
// can be checked against them. Days seen are rounded down, days allowed up.
func (r *Reason) Text() string { return string(r.AppendText(nil)) }

// AppendText appends Text to dst.
func (r *Reason) AppendText(dst []byte) []byte {
	switch r.Code {
	case Overdue:
		return r.appendOverdue(dst)
	case OpenComplaint:
		dst = append(append(append(dst, "a complaint about "...), topicWords(r.Topic)...), " has been open for "...)
		if r.Observed < 1 || r.Expected < 1 { // in days it would say 0, or less than was allowed
			dst = appendHours(dst, r.Observed*24)
			return appendHours(append(dst, "; the time allowed is "...), math.Ceil(r.Expected*24))
		}
		dst = appendCount(dst, r.Observed, "day")
		return appendCount(append(dst, "; the time allowed is "...), math.Ceil(r.Expected), "day")
	case ComplaintLate:
		if !r.HasExpected {
			dst = appendCount(append(dst, "a complaint settled "...), r.Observed, "day")
			return append(dst, " ago was settled after its time"...)
		}
		dst = append(append(dst, "a complaint about "...), topicWords(r.Topic)...)
		dst = appendHours(append(dst, " has waited for "...), r.Observed)
		return appendHours(append(dst, "; the time allowed is "...), math.Ceil(r.Expected))
	case RepeatComplaints:
		return append(appendCount(dst, r.Observed, "complaint"), " in 30 days"...)
	case TopBoxLost:
		dst = appendWhole(append(dst, "the latest rating is "...), r.Observed)
		return append(dst, " of 5, the one before was 5"...)
	case BasketShrink:
		dst = append(dst, "the average order of the last 90 days is "...)
		dst = appendWhole(dst, math.Round(float64(r.Observed*100)))
		return append(dst, " % of that of the 90 days before"...)
	case VisitsDown:
		dst = append(appendCount(dst, r.Observed, "visit"), " in 30 days, against "...)
		return append(appendWhole(dst, r.Expected), " before"...)
	case IntentGap:
		return append(appendCount(dst, r.Observed, "visit"), " since the last purchase, and nothing bought"...)
	case NoSecondPurchase:
		dst = append(appendCount(dst, r.Observed, "day"), " without a second purchase"...)
		if r.HasExpected {
			dst = append(dst, "; half of those who buy again do so within "...)
			dst = appendWhole(dst, math.Ceil(r.Expected))
		}
		return dst
	case ReasonSecondPurchase:
		if r.Observed == 0 {
			return append(dst, "second purchase"...)
		}
		return append(appendCount(append(dst, "second purchase, "...), r.Observed, "day"), " after the first"...)
	case ReasonLadderUp:
		return append(append(dst, "has reached the stage "...), r.Topic...)
	default:
		return append(dst, plainTexts[r.Code]...)
	}
}

// appendOverdue says how long the silence is against the customer's own rhythm.
// A frequent buyer is missed sooner than a rare one: naming the usual gap says
// why.
func (r *Reason) appendOverdue(dst []byte) []byte {
	dst = appendCount(dst, r.Observed, "day")
	if r.Usual <= 0 {
		dst = append(dst, " since the only purchase"...)
		if r.HasExpected {
			dst = append(dst, "; nine of ten such customers who buy again do so within "...)
			dst = appendWhole(dst, math.Ceil(r.Expected))
		}
		return dst
	}
	if r.OneGap {
		// Expected is drawn towards all customers: one gap says little of the next.
		dst = append(dst, " since the last purchase, and one gap before of "...)
		dst = appendCount(dst, math.Round(r.Usual), "day")
		if r.HasExpected {
			dst = append(dst, "; of customers of whom no more is known nine of ten gaps are under "...)
			dst = appendWhole(dst, math.Ceil(r.Expected))
		}
		return dst
	}
	dst = append(dst, " since the last purchase; with a usual gap of "...)
	dst = appendCount(dst, math.Round(r.Usual), "day")
	if r.HasExpected {
		dst = append(dst, ", nine of ten gaps are under "...)
		dst = appendWhole(dst, math.Ceil(r.Expected))
	}
	return dst
}

// plainTexts are the sentences without a figure.
var plainTexts = [ReasonCodeCount]string{
	Slowdown:          "buys less often than before",
	ReasonRefund:      "a refund in the last order",
	LateDelivery:      "a late delivery in the last 90 days",
	ClassDown:         "has fallen out of class A",
	PointsExpiring:    "points are about to expire",
	PaymentLate:       "a payment is late",
	LowValuePolicy:    "not worth an individual contact by policy",
	ModelUnidentified: "the model cannot tell silence from loss, so the gap alone was judged",
	ReasonReactivated: "bought again after having been counted as lost",
}

func topicWords(topic string) string {
	if topic == "" || topic == "other" {
		return "something else"
	}
	return topic
}

// tiny keeps a quotient of whole numbers from being rounded down by its last bit.
const tiny = 1e-9

// appendCount appends a number rounded down and its noun.
func appendCount(dst []byte, n float64, noun string) []byte {
	n = math.Floor(n + tiny)
	dst = append(append(appendWhole(dst, n), ' '), noun...)
	if n != 1 {
		dst = append(dst, 's')
	}
	return dst
}

// daysFromHours is from which length on a waiting time is told in days: nobody
// reads 1534 hours.
const daysFromHours = 48

// appendHours appends a waiting time: in hours, or in days where it is long.
func appendHours(dst []byte, hours float64) []byte {
	if hours > daysFromHours {
		return appendCount(dst, hours/24, "day")
	}
	return appendCount(dst, hours, "hour")
}

func appendWhole(dst []byte, n float64) []byte {
	return strconv.AppendInt(dst, int64(math.Floor(n+tiny)), 10)
}
