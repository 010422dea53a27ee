package main

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/holdfast/holdfast/internal/config"
	"github.com/holdfast/holdfast/schemas/topics"
)

// TestVersionsOfConfiguredParametersStay: rows of years carry them, and a version
// that changed for another reason than its parameters would tear them apart.
func TestVersionsOfConfiguredParametersStay(t *testing.T) {
	fitted, spend := config.Params{R: 1.3, Alpha: 3.2, A: .8, B: 4.6}, config.Spend{P: 4, Q: 3.5, Nu: 50}
	for want, given := range map[string]struct {
		params config.Params
		spend  config.Spend
	}{
		"0":                {},
		"abd7f8e419c71f1d": {params: fitted},
		"29c2caaa5ff29fa9": {spend: spend},
		"b566e1e4f0a7ddb6": {fitted, spend},
	} {
		cfg := config.Default()
		cfg.Score.Params, cfg.Score.Spend = given.params, given.spend
		parameters, err := scoreParameters(&cfg)
		if err != nil {
			t.Fatal(err)
		}
		if parameters.Version != want {
			t.Errorf("%+v has version %s, want %s", given, parameters.Version, want)
		}
	}
}

// TestEveryTopicHasAName: a purpose that is left out here is a topic that is off,
// and nothing says so.
func TestEveryTopicHasAName(t *testing.T) {
	cfg := config.Default()
	if diff := cmp.Diff(topics.DefaultNames(), topicNames(&cfg)); diff != "" {
		t.Errorf("topics by default (-want +got):\n%s", diff)
	}
}
