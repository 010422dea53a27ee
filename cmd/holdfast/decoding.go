package main

import (
	"time"

	"github.com/holdfast/holdfast/internal/config"
	"github.com/holdfast/holdfast/pipeline/decode"
	"github.com/holdfast/holdfast/pipeline/decode/json"
	"github.com/holdfast/holdfast/pipeline/event"
)

// inputTopics returns the topic of each event type; empty where it is off.
func inputTopics(cfg *config.Config) map[event.Type]string {
	inputs := cfg.Kafka.Inputs
	return map[event.Type]string{
		event.Purchase: inputs.Purchases, event.Visit: inputs.Visits, event.Complaint: inputs.Complaints,
		event.AlertFeedback: inputs.AlertFeedback, event.Erasure: inputs.Erasures,
	}
}

// decodeLimits are the limits of every input.
func decodeLimits(cfg *config.Config) decode.Config {
	return decode.Config{
		MaxValueBytes: int(cfg.Kafka.MaxRecordBytes),
		MinEventTime:  event.Instant(cfg.Time.MinEventTime.UnixMicro()),
		MaxFuture:     instantOf(cfg.Time.MaxFuture),
	}
}

// instantOf is a duration in the unit of event times.
func instantOf(d config.Duration) event.Instant { return event.Instant(d.D().Microseconds()) }

// decodeConfig is how one type's topic is read.
func decodeConfig(cfg *config.Config, eventType event.Type) decode.Config {
	limits := decodeLimits(cfg)
	limits.Type = eventType
	mapping, ok := cfg.Mapping[eventType.String()+"s"]
	if !ok {
		return limits
	}
	limits.Mapping = decode.Mapping{Rename: mapping.Fields, Constant: map[string]decode.Constant{},
		Times: mapping.Times, TimeZone: timeZoneOf(cfg, mapping), NegativeRefunds: mapping.Refunds == "negative"}
	for field, constant := range mapping.Constants {
		limits.Mapping.Constant[field] = json.Constant(string(constant))
	}
	if mapping.Amounts == "decimal" {
		limits.Mapping.Amounts = decode.AmountsDecimal
	}
	return limits
}

// timeZoneOf is the zone of times that a source writes without an offset; nil,
// which such a form refuses, where the name is of no zone.
func timeZoneOf(cfg *config.Config, mapping config.Mapping) *time.Location {
	name := mapping.TimeZone
	if name == "" {
		name = cfg.Time.BusinessZone
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return nil
	}
	return zone
}
