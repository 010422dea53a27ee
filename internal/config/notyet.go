package config

// later is a key whose capability is planned and not built.
type later struct {
	what    string   // what it will do
	without []string // values that ask for nothing, and are accepted
}

// notYet lists the keys that a full configuration will have and this release
// refuses, so that nobody relies on what does not happen. A value that stands
// for "as it is now" is accepted.
var notYet = map[string]later{
	"kafka.format":           {"reading Avro and Protobuf", []string{"json"}},
	"kafka.registry":         {"a schema registry", nil},
	"kafka.rekey":            {"re-keying topics that are not co-partitioned", []string{"never", "auto"}},
	"windows":                {"windows of other lengths", []string{"map[]"}},
	"privacy":                {"pseudonymous customer ids", []string{"map[]", "map[pseudonymise:false]"}},
	"money.rates":            {"sums over several currencies", []string{"[]"}},
	"money.cost_retain":      {"ranking by expected saved value", []string{"0"}},
	"money.cost_acquire":     {"the value of a lost customer's replacement", []string{"0"}},
	"money.abc":              {"value classes", []string{"[0.7 0.9]"}},
	"money.pyramid":          {"value tiers", []string{"[0.01 0.04 0.15]"}},
	"state.recent_orders":    {"remembering another number of orders", []string{"16"}},
	"state.recent_events":    {"remembering another number of event ids", []string{"32"}},
	"state.evict_after":      {"forgetting customers that are long gone", []string{"800d"}},
	"population":             {"cut points over all customers", []string{"map[]", "map[every:1h]"}},
	"score.k":                {"regular buyers (k above 1)", []string{"1", "auto"}},
	"score.refit_every":      {"fitting while running; score.params gives parameters until then", []string{"7d"}},
	"rewards":                {"points and member tiers", []string{"map[]"}},
	"dispatch":               {"delivery to teams; read the alert topics until then", []string{"map[]"}},
	"receivers":              {"webhooks and Slack; read the alert topics until then", []string{"[]"}},
	"sinks.clickhouse.facts": {"raw events in ClickHouse", []string{"false"}},
	"sinks.kafka.scores":     {"customer rows on a topic", []string{""}},
	"web":                    {"the web page", []string{"map[]"}},
}
