package modelcli

import (
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/holdfast/holdfast/internal/textfile"
	"github.com/holdfast/holdfast/pipeline/population/fit"
)

// parameterNames are the parameters of each model, in the order of its paper.
var parameterNames = map[string][]string{
	fit.BGNBD:      {"r", "alpha", "a", "b"},
	fit.MBGNBD:     {"r", "alpha", "a", "b"},
	fit.MBGCNBDK:   {"r", "alpha", "a", "b", "k"},
	fit.ParetoNBD:  {"r", "alpha", "s", "beta"},
	fit.BGBB:       {"alpha", "beta", "gamma", "delta"},
	fit.GammaGamma: {"p", "q", "nu"},
}

const modelList = "bg-nbd, mbg-nbd, mbg-cnbd-k, pareto-nbd, bg-bb or gamma-gamma"

// spendNames are the gamma-gamma parameters, which may go with any model.
var spendNames = parameterNames[fit.GammaGamma]

// given are the parameters of the flags: names to values.
type given struct {
	model  string // of a fitted file, "" if none said
	values map[string]float64
	doubts []string // what fitted files say against themselves
}

// readParams reads every --params in order: a list r=…,alpha=…, or a fitted
// file. What comes later wins.
func readParams(flags []string) (given, error) {
	g := given{values: map[string]float64{}}
	for _, flag := range flags {
		var err error
		if strings.Contains(flag, "=") {
			err = g.addList(flag)
		} else {
			err = g.addFile(flag)
		}
		if err != nil {
			return given{}, err
		}
	}
	return g, nil
}

func (g *given) addList(list string) error {
	for _, pair := range strings.Split(list, ",") {
		name, text, ok := strings.Cut(strings.TrimSpace(pair), "=")
		name = strings.TrimSpace(name)
		value, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
		if !ok || err != nil {
			return usagef("--params %q: want name=number, comma between", pair)
		}
		if !isParameter(name) {
			return usagef("--params %q: no model has a parameter %q", list, name)
		}
		g.values[name] = value
	}
	return nil
}

func isParameter(name string) bool {
	for _, model := range []string{fit.MBGCNBDK, fit.ParetoNBD, fit.BGBB, fit.GammaGamma} {
		for _, have := range parameterNames[model] {
			if have == name {
				return true
			}
		}
	}
	return false
}

// addFile reads what `fit --write` wrote.
func (g *given) addFile(path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("read fitted parameters (a list needs name=number): %w", err)
	}
	if text, err = textfile.Plain(text); err != nil {
		return usagef("read fitted parameters %s: %w", path, err)
	}
	var d document
	if err := json.Unmarshal(text, &d); err != nil {
		return usagef("read fitted parameters %s: %v", path, err)
	}
	if len(d.Params) == 0 {
		return usagef("read fitted parameters %s: it has no member \"params\"", path)
	}
	for name, value := range d.Params {
		if !isParameter(name) {
			return usagef("read fitted parameters %s: no model has a parameter %q", path, name)
		}
		g.values[name] = value
	}
	if d.Model != "" && d.Model != fit.GammaGamma {
		if g.model != "" && g.model != d.Model {
			return usagef("--params: one file is for %s, another for %s", g.model, d.Model)
		}
		g.model = d.Model
	}
	g.doubt(path, d)
	return nil
}

// doubt keeps what a fitted file says against itself.
func (g *given) doubt(path string, d document) {
	for _, guard := range d.Guards {
		g.doubts = append(g.doubts, fmt.Sprintf("%s: %s: %s: %s", path, d.Model, guard.Code, guard.Message))
	}
	if d.Verdict != nil && !d.Verdict.Converged {
		g.doubts = append(g.doubts, fmt.Sprintf("%s: %s: the fit did not converge: %s", path, d.Model, d.Verdict.Reason))
	}
	if d.Spend != nil {
		g.doubt(path, *d.Spend)
	}
}
