package fit

import (
	"math"

	"gonum.org/v1/gonum/optimize"
)

const (
	// flatGradient is the largest slope of the mean log-likelihood, per unit of
	// a log-parameter, at which a start counts as converged.
	flatGradient    = 1e-5
	roughIterations = 150
	fineIterations  = 200
)

// Start reports how the search from one starting point ended.
type Start struct {
	Number        int       `json:"start"`
	From          []float64 `json:"from"`
	Params        []float64 `json:"params"`
	LogLikelihood float64   `json:"log_likelihood"`
	Evaluations   int       `json:"evaluations"`
	Converged     bool      `json:"converged"`

	objective float64 // what was minimised; with a prior not the likelihood
}

// search minimises the negative mean of log-likelihood plus prior.
type search struct {
	likelihood
	box         box
	prior       *Prior
	customers   float64
	scratch     []float64
	evaluations int
	near        bool // the start is near the top
}

func newSearch(l likelihood, customers float64, prior *Prior) *search {
	return &search{likelihood: l, box: newBox(l.names()), prior: prior, customers: customers,
		scratch: make([]float64, len(l.names()))}
}

func (s *search) objective(u []float64) float64 {
	s.evaluations++
	params := s.box.params(s.scratch, u)
	v := -(s.value(params) + s.prior.logDensity(params)) / s.customers
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return math.MaxFloat32
	}
	return v
}

// slope writes the gradient of objective: analytic where the model has it,
// central differences elsewhere.
func (s *search) slope(grad, u []float64) {
	params := s.box.params(make([]float64, len(u)), u)
	if s.gradient(grad, params) {
		s.evaluations++
		s.prior.addGradient(grad, params)
		for i := range grad {
			grad[i] *= -s.box.slope(i, u[i]) / s.customers
		}
		return
	}
	const step = 1e-5
	moved := append([]float64(nil), u...)
	for i := range u {
		moved[i] = u[i] + step
		up := s.objective(moved)
		moved[i] = u[i] - step
		grad[i] = (up - s.objective(moved)) / (2 * step)
		moved[i] = u[i]
	}
}

// run goes from one start: Nelder-Mead to the neighbourhood, BFGS to the top.
func (s *search) run(number int, from []float64) Start {
	s.evaluations = 0
	u := s.box.variables(from)
	if !s.near {
		u = s.minimise(u, &optimize.NelderMead{}, roughIterations)
	}
	for range 3 { // a line search may give up early; a fresh metric goes on
		before := s.objective(u)
		u = s.minimise(u, &optimize.BFGS{}, fineIterations)
		if before-s.objective(u) < 1e-12 {
			break
		}
	}
	params := s.box.params(make([]float64, len(u)), u)
	return Start{Number: number, From: from, Params: params, LogLikelihood: s.value(params),
		objective: s.objective(u), Evaluations: s.evaluations, Converged: s.flat(u)}
}

// minimise is one call of the optimiser. Its status is not asked: whether the
// end is an optimum is judged by the gradient there.
func (s *search) minimise(u []float64, method optimize.Method, iterations int) []float64 {
	settings := &optimize.Settings{
		GradientThreshold: 1e-9,
		MajorIterations:   iterations,
		Converger:         &optimize.FunctionConverge{Absolute: 1e-13, Iterations: 30},
	}
	if _, rough := method.(*optimize.NelderMead); rough {
		settings.Converger = &optimize.FunctionConverge{Absolute: 1e-6, Iterations: 20}
	}
	result, _ := optimize.Minimize(optimize.Problem{Func: s.objective, Grad: s.slope}, u, settings, method)
	if result == nil || result.X == nil || s.objective(result.X) > s.objective(u) {
		return u
	}
	return result.X
}

// flat reports whether the gradient vanishes at u.
func (s *search) flat(u []float64) bool {
	grad := make([]float64, len(u))
	s.slope(grad, u)
	for i, g := range grad {
		if !(math.Abs(g) <= flatGradient*math.Max(1, s.box.slope(i, u[i]))) {
			return false
		}
	}
	return true
}
