package fit

import "math"

// Parameter is one fitted parameter.
type Parameter struct {
	Name  string
	Value float64
	// StandardError is NaN where the Hessian gives none.
	StandardError float64
	// AtBox says that the value lies on the edge of what is allowed.
	AtBox bool
}

// Guard is a reason not to take the result at its word.
type Guard struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

// Guard codes.
const (
	DropoutNotIdentified = "dropout_not_identified"
	FewCustomers         = "few_customers"
	FewRepeaters         = "few_repeaters"
	ShortHistory         = "short_history"
	ParameterAtBox       = "parameter_at_box"
	NoMeanSpend          = "no_mean_spend"
	SpendCorrelated      = "spend_depends_on_frequency"
)

// Verdict says whether the optimum can be relied on as an optimum.
type Verdict struct {
	Converged bool   `json:"converged"`
	Reason    string `json:"reason"`
}

// Result is a fitted model.
type Result struct {
	Model         string
	K             int // of mbg-cnbd-k; 0 elsewhere
	Parameters    []Parameter
	LogLikelihood float64
	Customers     float64
	Repeaters     float64
	Cells         int
	MeanAlive     float64 // mean P(alive); NaN where the model has none
	Correlation   float64 // gamma-gamma: of x and m_x; NaN elsewhere
	Starts        []Start
	Verdict       Verdict
	Guards        []Guard
}

// DropoutIdentified is false where the data do not tell leaving from pausing:
// then P(alive) of this fit must not be used.
func (r Result) DropoutIdentified() bool {
	for _, g := range r.Guards {
		if g.Code == DropoutNotIdentified {
			return false
		}
	}
	return true
}

// Value is the parameter of that name, NaN if there is none.
func (r Result) Value(name string) float64 {
	for _, p := range r.Parameters {
		if p.Name == name {
			return p.Value
		}
	}
	return math.NaN()
}

func (r *Result) guard(code, message string) {
	r.Guards = append(r.Guards, Guard{code, message})
}
