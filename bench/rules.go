package main

import (
	"time"

	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/policy"
	"github.com/holdfast/holdfast/pipeline/score"
	"github.com/holdfast/holdfast/pipeline/shard"
	"github.com/holdfast/holdfast/pipeline/signal"
)

// rules is the product's shard configuration as it is shipped, with parameters
// that count as fitted.
func rules() (shard.Config, error) {
	parameters := score.DefaultParameters()
	parameters.DataSufficiency, parameters.Version = signal.SufficiencyOK, "bench"
	if err := parameters.Prepare(); err != nil {
		return shard.Config{}, err
	}
	alerts := policy.Default()
	return shard.Config{
		Zone: shard.NewZone(time.UTC), Lateness: event.Hour, Currency: [3]byte{'E', 'U', 'R'}, Segments: []string{"all"},
		Complaints: shard.ComplaintTimes{FirstResponse: 24 * event.Hour, Resolution: 5 * event.Day24h,
			SevereFrom: 4, SevereFirstResponse: 4 * event.Hour, SevereResolution: 2 * event.Day24h},
		Policy: &alerts, Parameters: &parameters,
		Alerts: shard.AlertContext{Plays: policy.DefaultPlays(), CurrencyText: "EUR", ConfigHash: "bench",
			EngineVersion: "bench"},
	}, nil
}
