package main

import (
	"fmt"
	"time"

	"github.com/holdfast/holdfast/internal/config"
	"github.com/holdfast/holdfast/internal/connect"
	"github.com/holdfast/holdfast/pipeline"
	"github.com/holdfast/holdfast/pipeline/decode"
	"github.com/holdfast/holdfast/pipeline/decode/json"
	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/policy"
	"github.com/holdfast/holdfast/pipeline/score"
	"github.com/holdfast/holdfast/pipeline/score/btyd"
	"github.com/holdfast/holdfast/pipeline/shard"
	"github.com/holdfast/holdfast/pipeline/signal"
	"github.com/holdfast/holdfast/schemas/topics"
)

// pipelineConfig turns the configuration into what the pipeline is told.
func (c *cli) pipelineConfig(loaded *config.Loaded) (pipeline.Config, error) {
	cfg := &loaded.Config
	client, err := connect.Kafka(cfg.Kafka, c.readFile)
	if err != nil {
		return pipeline.Config{}, &coded{exitInvalid, err}
	}
	rules, err := shardConfig(cfg)
	if err != nil {
		return pipeline.Config{}, &coded{exitInvalid, err}
	}
	inputs, err := pipelineInputs(cfg)
	if err != nil {
		return pipeline.Config{}, &coded{exitInvalid, err}
	}
	names := topicNames(cfg)
	clock := pipeline.HonestClock
	if cfg.Time.Clock == "events" {
		clock = pipeline.EventsClock
	}
	memory := memoryInForce()
	return pipeline.Config{
		Client: client, Group: cfg.Kafka.Group, InstanceID: cfg.Kafka.InstanceID, Inputs: inputs,
		Topics: pipeline.Topics{
			Checkpoint: names[topics.Checkpoint], BatchLog: names[topics.BatchLog], Outbox: names[topics.Outbox],
			Alerts: names[topics.Alerts], Loyalty: names[topics.Loyalty], DeadLetters: names[topics.DeadLetters],
			Model: names[topics.Model], Population: names[topics.Population],
		},
		Shard: rules, ConfigHash: cfg.Hash(), Clock: clock,
		CommitEvery: cfg.Kafka.CommitEvery.D(), CommitBytes: int64(cfg.Kafka.CommitBytes),
		TransactionTimeout: cfg.Kafka.TransactionTime.D(),
		MaxReplay:          cfg.Checkpoint.MaxReplay.D(), FlushEvery: cfg.Outbox.FlushEvery.D(),
		StandingPerHour: cfg.Alerts.StandingPerHour, PublishSuppressed: cfg.Alerts.PublishSuppressed,
		BackfillMaxOpen: cfg.Backfill.MaxOpen.D(), QuietAfter: instantOf(cfg.Time.InputQuietAfter),
		ClockTolerance: cfg.Time.ClockTolerance.D(),
		SelfFit:        cfg.Score.Fit,
		FetchBytes:     memory.fetch, MergeBytes: memory.merge, EffectBytes: memory.effects,
		Now: c.now, Logger: c.logger(), Metrics: pipeline.MetricsConfig{PerPartition: cfg.Metrics.PerPartition},
	}, nil
}

// pipelineInputs lists the inputs in a fixed order: that order is part of the
// batch log. A mapping that does not fit the schema is found here.
func pipelineInputs(cfg *config.Config) ([]pipeline.Input, error) {
	var inputs []pipeline.Input
	named := inputTopics(cfg)
	for _, eventType := range []event.Type{event.Purchase, event.Visit, event.Complaint, event.Erasure,
		event.AlertFeedback} {
		if named[eventType] == "" {
			continue
		}
		how := decodeConfig(cfg, eventType)
		if _, err := json.New(how); err != nil {
			return nil, fmt.Errorf("read the mapping of %ss: %w", eventType, err)
		}
		inputs = append(inputs, pipeline.Input{Topic: named[eventType], Decode: how})
	}
	return append(inputs, pipeline.Input{Topic: internalTopic(), Decode: decode.Config{Type: event.Internal}}), nil
}

func shardConfig(cfg *config.Config) (shard.Config, error) {
	zone, err := time.LoadLocation(cfg.Time.BusinessZone)
	if err != nil {
		return shard.Config{}, fmt.Errorf("load the business zone: %w", err)
	}
	parameters, err := scoreParameters(cfg)
	if err != nil {
		return shard.Config{}, err
	}
	rules := alertPolicy(cfg)
	if problems := rules.Validate(); len(problems) > 0 {
		return shard.Config{}, problems[0]
	}
	hours, err := complaintHours(cfg)
	if err != nil {
		return shard.Config{}, err
	}
	severe := cfg.Complaints.Severe
	return shard.Config{
		Zone: shard.NewZone(zone), Lateness: instantOf(cfg.Time.AllowedLateness), Currency: currencyOf(cfg),
		Segments: cfg.Segments,
		Complaints: shard.ComplaintTimes{
			FirstResponse: instantOf(cfg.Complaints.FirstResponse), Resolution: instantOf(cfg.Complaints.Resolution),
			SevereFrom: uint8(severe.From), SevereFirstResponse: instantOf(severe.FirstResponse),
			SevereResolution: instantOf(severe.Resolution),
			Hours:            hours, Kinds: complaintKinds(cfg.Complaints.Kinds),
		},
		Policy: &rules, Parameters: parameters,
		Alerts: shard.AlertContext{
			Plays: plays(cfg), CurrencyText: cfg.Money.Currency,
			ConfigHash: fmt.Sprintf("%016x", cfg.Hash()), EngineVersion: thisBuild().Version,
		},
	}, nil
}

func currencyOf(cfg *config.Config) [3]byte {
	var code [3]byte
	copy(code[:], cfg.Money.Currency)
	return code
}

// scoreParameters are those in force: given ones count as fitted, and their
// version is their hash; without them version 0 stands in and says so.
func scoreParameters(cfg *config.Config) (*score.Parameters, error) {
	parameters := score.DefaultParameters()
	parameters.CurrencyExponent = uint8(decode.CurrencyDecimals(currencyOf(cfg)))
	parameters.MarginRatio = cfg.Money.MarginRatio
	parameters.HorizonDays = int32(cfg.Score.Horizon.Days())
	levels := cfg.Alerts.Levels
	parameters.Thresholds.Watch, parameters.Thresholds.AtRisk = levels.Watch.Enter, levels.AtRisk.Enter
	parameters.Thresholds.Critical, parameters.Thresholds.Lost = levels.Critical.Enter, levels.Lost
	for name, weight := range cfg.Score.Weights {
		evidence, ok := score.EvidenceNamed(name)
		if !ok {
			return nil, fmt.Errorf("read score.weights: there is no evidence %q", name)
		}
		parameters.Weights[evidence] = weight
	}
	given, spend := cfg.Score.Params, cfg.Score.Spend
	if given.Given() {
		parameters.Purchase = btyd.MBGNBD{R: given.R, Alpha: given.Alpha, A: given.A, B: given.B}
		parameters.Fitted, parameters.DataSufficiency = true, signal.SufficiencyOK
	}
	if spend.Given() {
		parameters.HasSpend, parameters.Spend = true, btyd.GammaGamma{P: spend.P, Q: spend.Q, Nu: spend.Nu}
	}
	if given.Given() || spend.Given() {
		parameters.Version = score.VersionOf(&parameters)
	}
	if err := parameters.Prepare(); err != nil {
		return nil, fmt.Errorf("use score.params and score.spend: %w", err)
	}
	return &parameters, nil
}

func alertPolicy(cfg *config.Config) policy.Config {
	rules, alerts := policy.Default(), cfg.Alerts
	rules.Watch = policy.Border(alerts.Levels.Watch)
	rules.AtRisk = policy.Border(alerts.Levels.AtRisk)
	rules.Critical = policy.Border(alerts.Levels.Critical)
	rules.Lost = alerts.Levels.Lost
	rules.Dwell, rules.Cooldown = instantOf(alerts.Dwell), instantOf(alerts.Cooldown)
	rules.MaxEventAge = instantOf(alerts.MaxEventAge)
	rules.HoldoutPercent, rules.HoldoutSalt = alerts.HoldoutPercent, alerts.HoldoutSalt
	return rules
}

// plays are the shipped ones, replaced code by code.
func plays(cfg *config.Config) signal.Plays {
	all := policy.DefaultPlays()
	for code := range all {
		play, ok := cfg.Alerts.Plays[signal.ReasonCode(code).String()]
		if ok {
			all[code] = signal.Play{ID: play.ID, Title: play.Title, ActWithin: signal.Instant(instantOf(play.ActWithin))}
		}
	}
	return all
}
