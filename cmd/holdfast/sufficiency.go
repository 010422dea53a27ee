package main

import (
	"github.com/holdfast/holdfast/internal/config"
	"github.com/holdfast/holdfast/pipeline/signal"
)

// modelExpected says, before anything is read, what customers will be scored by, and
// whether alerts on silence can be delivered.
func modelExpected(cfg *config.Config) (enough bool, text string) {
	switch {
	case cfg.Score.Params.Given():
		return true, signal.SufficiencyOK.String() + ": score.params are given"
	case cfg.Score.Fit:
		return true, signal.NoFit.String() + " until the model has been fitted to the customers: " +
			"alerts on silence are recorded till then, and told once it has"
	}
	return false, signal.NoFit.String() + ": no alert on silence is delivered"
}

// model is a line on what customers are scored by.
func (v *validation) model(cfg *config.Config) {
	enough, text := modelExpected(cfg)
	if enough {
		v.add("data_sufficiency", "ok", text, "")
		return
	}
	v.add("data_sufficiency", "warning", text, "let the model be fitted (score.fit: true), or give score.params")
}
