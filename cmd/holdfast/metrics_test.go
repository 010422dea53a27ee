package main

import (
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	dto "github.com/prometheus/client_model/go"

	"github.com/holdfast/holdfast/sinks/clickhouse"
)

// documentedMetric is a row of the table in docs/metrics.md.
type documentedMetric struct{ name, kind, labels, meaning string }

var metricRow = regexp.MustCompile("^\\| `(holdfast_[a-z_]+)` \\| (counter|gauge|histogram) \\| ([a-z_, –]+) \\| " +
	"(.+) \\|$")

func documentedMetrics(t *testing.T) []documentedMetric {
	t.Helper()
	page, err := os.ReadFile("../../docs/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	var all []documentedMetric
	for line := range strings.Lines(string(page)) {
		if m := metricRow.FindStringSubmatch(strings.TrimSpace(line)); m != nil {
			all = append(all, documentedMetric{m[1], m[2], sortedLabels(strings.ReplaceAll(m[3], "–", "")), m[4]})
		}
	}
	return all
}

func sortedLabels(list string) string {
	labels := strings.FieldsFunc(list, func(r rune) bool { return r == ',' || r == ' ' })
	slices.Sort(labels)
	return strings.Join(labels, ",")
}

var (
	descriptor = regexp.MustCompile(`^Desc\{fqName: "(holdfast_[a-z_]+)", help: "(.*)", (?:unit: "[^"]*", ` +
		`)?constLabels: \{(.*)\}, variableLabels: \{(.*)\}\}$`)
	constLabel = regexp.MustCompile(`([a-z_]+)="`)
)

// registeredMetrics are those of an instance with every part, and of an audit, by
// name.
func registeredMetrics(t *testing.T) map[string]string {
	t.Helper()
	c := &cli{surroundings: surroundings{stdout: io.Discard, stderr: io.Discard, environ: map[string]string{},
		hostName: "test-host", readFile: os.ReadFile, now: time.Now}, logLevel: "info", logFormat: "auto"}
	loaded, err := c.setup()
	if err != nil {
		t.Fatal(err)
	}
	loaded.Ops.Listen = ""
	i, err := c.newInstance(loaded, roles{process: true, load: true})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := clickhouse.NewAuditMetrics(i.registry); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := i.closeStore(); err != nil {
			t.Error(err)
		}
	}()
	descriptors := make(chan *prometheus.Desc, 1000)
	i.registry.Describe(descriptors)
	close(descriptors)
	all := map[string]string{}
	for d := range descriptors {
		m := descriptor.FindStringSubmatch(d.String())
		if m == nil {
			continue // Go's and the process's own
		}
		labels := m[4]
		for _, l := range constLabel.FindAllStringSubmatch(m[3], -1) {
			labels += "," + l[1]
		}
		all[m[1]] = sortedLabels(labels)
	}
	return all
}

// TestMetricsAreDocumented holds docs/metrics.md equal to what an instance
// and an audit register: every name with its labels, and nothing else.
func TestMetricsAreDocumented(t *testing.T) {
	documented := map[string]string{}
	for _, d := range documentedMetrics(t) {
		documented[d.name] = d.labels
	}
	if diff := cmp.Diff(documented, registeredMetrics(t)); diff != "" {
		t.Errorf("docs/metrics.md (-) and the code (+) differ:\n%s", diff)
	}
}

// TestMetricsFollowTheConventions runs Prometheus' linter over every metric.
func TestMetricsFollowTheConventions(t *testing.T) {
	kinds := map[string]dto.MetricType{"counter": dto.MetricType_COUNTER, "gauge": dto.MetricType_GAUGE,
		"histogram": dto.MetricType_HISTOGRAM}
	var families []*dto.MetricFamily
	for _, d := range documentedMetrics(t) {
		kind := kinds[d.kind]
		families = append(families, &dto.MetricFamily{Name: &d.name, Help: &d.meaning, Type: &kind})
	}
	if len(families) < 20 {
		t.Fatalf("%d metrics are documented", len(families))
	}
	problems, err := promlint.NewWithMetricFamilies(families).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
}
