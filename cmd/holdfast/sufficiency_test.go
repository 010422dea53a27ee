package main

import (
	"strings"
	"testing"

	"github.com/holdfast/holdfast/internal/config"
)

// TestDataSufficiencyIsSaidBeforehand: validate says whether alerts on silence can be
// delivered, and what to do where they cannot.
func TestDataSufficiencyIsSaidBeforehand(t *testing.T) {
	for _, test := range []struct {
		change func(*config.Score)
		level  string
		text   string
	}{
		{func(*config.Score) {}, "ok", "no_fit until the model has been fitted"},
		{func(s *config.Score) { s.Params = config.Params{R: 1, Alpha: 5, A: 1, B: 2} }, "ok", "ok: score.params are given"},
		{func(s *config.Score) { s.Fit = false }, "warning", "no_fit: no alert on silence is delivered"},
	} {
		cfg, v := config.Default(), &validation{}
		test.change(&cfg.Score)
		v.model(&cfg)
		if len(v.found) != 1 || v.found[0].Level != test.level || !strings.HasPrefix(v.found[0].Message, test.text) ||
			(test.level == "warning") != (v.found[0].Fix != "") || v.code != 0 {
			t.Errorf("found %+v, want %s: %s", v.found, test.level, test.text)
		}
	}
}
