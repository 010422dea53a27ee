package signal

// ReasonCodeCount is the number of reason codes; arrays are indexed by ReasonCode.
const ReasonCodeCount = int(reasonCount)

// ReasonLimit is the most reasons that a row or an alert carries.
const ReasonLimit = 3

// ReasonMask is a set of reason codes: bit code − 1. It is kept in records, never
// published: what goes out are lists of codes.
type ReasonMask uint64

const _ = uint(65 - reasonCount) // a mask has room for all

// Has reports whether the code is in the set.
func (m ReasonMask) Has(code ReasonCode) bool { return m&(1<<(code-1)) != 0 }

// With returns the set with the code added.
func (m ReasonMask) With(code ReasonCode) ReasonMask { return m | 1<<(code-1) }

// Reason is one piece of evidence with its figures, from which Text makes its
// sentence.
type Reason struct {
	Code         ReasonCode
	Contribution float64 // log-odds added to the churn risk; 0 for a code without a weight
	Observed     float64 // what was seen, in the code's unit; meaningless unless HasObserved
	HasObserved  bool
	Expected     float64 // what was to be expected, in the same unit; meaningless unless HasExpected
	HasExpected  bool
	Usual        float64 // a further figure of the sentence: the usual gap in days; 0 none
	OneGap       bool    // Usual is the only gap there has been
	Topic        string  // complaint category or ladder stage that the sentence names; "" none
}
