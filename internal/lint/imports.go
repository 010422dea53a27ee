package lint

import (
	"slices"
	"strings"
)

// boundary says which of our packages a package may import. A name that ends
// in "/..." stands for everything below it, and "..." for all of ours.
type boundary struct {
	dir string
	may []string
}

// boundaries is the import table. Tests are free; what is not listed may not
// exist, so that a new package is a decision.
var boundaries = []boundary{
	{"pipeline/event", nil},
	{"pipeline/signal", nil},
	{"pipeline/window", nil},
	{"pipeline/decode", []string{"pipeline/event"}},
	{"pipeline/decode/json", []string{"pipeline/event", "pipeline/decode"}}, // a format; formats do not know each other
	{"pipeline/state", []string{"pipeline/event", "pipeline/window"}},
	{"pipeline/score", []string{"pipeline/event", "pipeline/signal", "pipeline/score/btyd"}},
	{"pipeline/score/btyd", nil},
	{"pipeline/policy", []string{"pipeline/event", "pipeline/signal", "pipeline/score"}},
	{"pipeline/shard", []string{"pipeline/event", "pipeline/signal", "pipeline/window", "pipeline/state",
		"pipeline/score", "pipeline/score/btyd", "pipeline/policy", "pipeline/population/cuts"}},
	{"pipeline/population/cuts", nil},
	{"pipeline/population/parameters", []string{"pipeline/event", "pipeline/signal", "pipeline/score",
		"pipeline/score/btyd"}},
	{"pipeline/population/fit", []string{"pipeline/event", "pipeline/signal", "pipeline/score",
		"pipeline/score/btyd"}},
	{"pipeline/population/refit", []string{"pipeline/event", "pipeline/signal", "pipeline/score", "pipeline/score/btyd",
		"pipeline/shard", "pipeline/population/fit", "pipeline/population/parameters"}},
	{"pipeline/checkpoint", []string{"pipeline/state"}},
	{"pipeline/assign", nil},
	{"pipeline/control", nil},
	{"pipeline/lane", []string{"pipeline/event", "pipeline/signal", "pipeline/state", "pipeline/score", "pipeline/shard",
		"pipeline/decode", "pipeline/decode/json", "pipeline/checkpoint", "pipeline/control", "pipeline/population/cuts"}},
	{"pipeline/restore", []string{"pipeline/event", "pipeline/state", "pipeline/score", "pipeline/checkpoint",
		"pipeline/lane", "pipeline/population/cuts"}},
	{"pipeline/txn", []string{"pipeline/event", "pipeline/signal", "pipeline/score", "pipeline/population/refit",
		"pipeline/shard", "pipeline/checkpoint",
		"pipeline/assign", "pipeline/lane", "pipeline/restore", "pipeline/population/cuts",
		"pipeline/population/parameters"}},
	{"pipeline", []string{"pipeline/event", "pipeline/signal", "pipeline/shard", "pipeline/decode", "pipeline/checkpoint",
		"pipeline/lane", "pipeline/txn"}},
	{"sinks/outbox", []string{"pipeline/signal"}},
	{"sinks/outbox/conformance", []string{"pipeline/signal", "pipeline/score", "sinks/outbox", "internal/rowtest"}},
	{"sinks/clickhouse", []string{"pipeline/signal", "pipeline/score", "schemas/...", "sinks/outbox",
		"sinks/clickhouse/lexer"}},
	{"sinks/clickhouse/lexer", nil},
	{"schemas/...", nil},
	{"deploy", nil},
	{"bench/...", []string{"..."}},
	{"internal/lint", nil},
	{"internal/...", []string{"pipeline/...", "sinks/...", "schemas/...", "internal/..."}},
	{"cmd/holdfast", []string{"..."}},
}

// checkImports holds the import table.
func checkImports(t *Tree) []Finding {
	f := &findings{tree: t}
	unknown := map[string]bool{}
	for _, file := range t.product() {
		row, ok := boundaryOf(file.dir)
		if !ok {
			if !unknown[file.dir] {
				unknown[file.dir] = true
				f.in(file.path, 0, "package %s is not in the import table: decide what it may import and add it to boundaries",
					file.dir)
			}
			continue
		}
		for _, spec := range file.syntax.Imports {
			ours, ok := strings.CutPrefix(strings.Trim(spec.Path.Value, `"`), Module+"/")
			if ok && !slices.ContainsFunc(row.may, func(may string) bool { return matches(may, ours) }) {
				f.at(spec.Pos(), "%s may not import %s: hand the value in, or move what both need into pipeline/event or "+
					"pipeline/signal", file.dir, ours)
			}
		}
	}
	return f.sorted()
}

// boundaryOf finds the row of a package: its own, else the longest that holds it.
func boundaryOf(dir string) (boundary, bool) {
	best, found := boundary{}, false
	for _, row := range boundaries {
		if row.dir == dir {
			return row, true
		}
		if strings.HasSuffix(row.dir, "/...") && matches(row.dir, dir) && len(row.dir) > len(best.dir) {
			best, found = row, true
		}
	}
	return best, found
}

// matches reports whether a package is the one named by a pattern, or lies below it.
func matches(pattern, dir string) bool {
	prefix, below := strings.CutSuffix(pattern, "...")
	if !below {
		return pattern == dir
	}
	return prefix == "" || strings.HasPrefix(dir+"/", prefix)
}

// driver says who may use a library that reaches outside or shapes a package.
type driver struct {
	prefix string   // of the import path
	users  []string // patterns of our packages
	why    string
}

// drivers are tried in order: the first whose prefix fits decides.
var drivers = []driver{
	{"github.com/twmb/franz-go/pkg/kfake", []string{"sinks/outbox/conformance", "internal/...", "cmd/holdfast",
		"bench/..."},
		"the embedded broker is for the demo and the tests, behind internal/devkafka"},
	{"github.com/twmb/franz-go", []string{"pipeline", "pipeline/lane", "pipeline/restore", "pipeline/txn",
		"pipeline/checkpoint", "pipeline/assign", "sinks/...",
		"schemas/...", "internal/...", "cmd/holdfast", "bench/..."},
		"the core does not know Kafka: hand it values"},
	{"github.com/ClickHouse/", []string{"sinks/clickhouse", "internal/...", "cmd/holdfast", "bench/..."},
		"ClickHouse is known to its sink alone"},
	{"github.com/ebitengine/purego", []string{"internal/devclickhouse"}, "only the embedded engine loads a library"},
	{"github.com/spf13/cobra", []string{"cmd/holdfast", "internal/modelcli"}, "only the command line reads flags"},
	{"flag", []string{"cmd/holdfast", "bench/...", "internal/..."}, "only the command line reads flags"},
	{"github.com/caarlos0/env", []string{"internal/config", "cmd/holdfast"},
		"only the command line reads the environment"},
	{"github.com/goccy/go-yaml", []string{"internal/...", "cmd/holdfast"}, "configuration reaches a package as values"},
	{"github.com/prometheus/client_golang", []string{"pipeline", "sinks/...", "internal/...", "cmd/holdfast", "bench/..."},
		"the core is measured from its shell"},
	{"github.com/compose-spec", nil, "the compose file is read by its test alone"},
	{"net/http/pprof", []string{"internal/ops", "bench/..."},
		"profiles show memory: they are served by internal/ops, behind a token"},
	{"log", nil, "write through the log/slog logger that was handed in"},
}

// checkDrivers holds the list of drivers' users.
func checkDrivers(t *Tree) []Finding {
	f := &findings{tree: t}
	for _, file := range t.product() {
		for _, spec := range file.syntax.Imports {
			if d, ok := driverOf(strings.Trim(spec.Path.Value, `"`)); ok &&
				!slices.ContainsFunc(d.users, func(user string) bool { return matches(user, file.dir) }) {
				f.at(spec.Pos(), "%s may not import %s: %s", file.dir, spec.Path.Value, d.why)
			}
		}
	}
	return f.sorted()
}

// driverOf finds the driver that an import path belongs to.
func driverOf(importPath string) (driver, bool) {
	for _, d := range drivers {
		if importPath == d.prefix || strings.Contains(d.prefix, ".") && strings.HasPrefix(importPath, d.prefix) {
			return d, true
		}
	}
	return driver{}, false
}
