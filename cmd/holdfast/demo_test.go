package main

import (
	"bytes"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/holdfast/holdfast/internal/config"
	"github.com/holdfast/holdfast/internal/devclickhouse/enginetest"
	"github.com/holdfast/holdfast/pipeline/population/parameters"
	"github.com/holdfast/holdfast/pipeline/score/btyd"
)

// TestTheDemoSetsNothingThatDecidesWhoIsTold holds the demo to what ships: only
// these keys differ, none of them of scores, thresholds, guards or the holdout.
func TestTheDemoSetsNothingThatDecidesWhoIsTold(t *testing.T) {
	allowed := []string{"instance_id", "kafka.brokers", "kafka.instance_id", "ops.listen", "outbox.flush_every",
		"sinks.clickhouse.dsn", "sinks.clickhouse.dsn_file", "time.clock"}
	c := placed(t, t.TempDir(), &bytes.Buffer{})
	d := &demonstration{cli: c, flags: demoFlags{clickhouse: "embedded"}}
	d.configure()
	loaded, err := c.load()
	if err != nil {
		t.Fatal(err)
	}
	settings := loaded.Settings(false)
	for key := range demoSettings {
		if !slices.ContainsFunc(settings, func(s config.Setting) bool { return s.Path == key }) {
			t.Errorf("the demo sets %s, which is no key", key)
		}
	}
	for _, setting := range settings {
		if setting.Origin != config.FromDefault && !slices.Contains(allowed, setting.Path) {
			t.Errorf("the demo sets %s to %v", setting.Path, setting.Value)
		}
	}
	shipped := config.Default()
	for what, diff := range map[string]string{
		"score": cmp.Diff(shipped.Score, loaded.Score), "alerts": cmp.Diff(shipped.Alerts, loaded.Alerts),
		"complaints": cmp.Diff(shipped.Complaints, loaded.Complaints),
		"money":      cmp.Diff(shipped.Money, loaded.Money),
	} {
		if diff != "" {
			t.Errorf("%s differs from what ships: %s", what, diff)
		}
	}
	shipped.Time.Clock = loaded.Time.Clock
	if diff := cmp.Diff(shipped.Time, loaded.Time); diff != "" {
		t.Errorf("time differs by more than the clock: %s", diff)
	}
}

// TestTheDemoTellsByItsOwnFit plays the demo on a small shop: its model is fitted,
// and in force before the alerts that it tells.
func TestTheDemoTellsByItsOwnFit(t *testing.T) {
	engine := enginetest.Start(t)
	tr := &transcript{t: t, environ: map[string]string{"HOLDFAST_OPS_LISTEN": "127.0.0.1:0"}}
	tr.begin("demo --customers 700 --days 250 --speed 1s --no-color --quiet --clickhouse "+engine.DSN(), "Ctrl-C stops")
	text := tr.text.String()
	number := func(pattern string) int {
		t.Helper()
		match := regexp.MustCompile(pattern).FindStringSubmatch(text)
		if match == nil {
			t.Fatalf("the demo does not say %s:\n%s", pattern, text)
		}
		n, err := strconv.Atoi(match[1])
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	if n := number(`fitted to (\d+) customers`); n < 600 || n > 800 {
		t.Errorf("the model was fitted to %d customers of about 700", n)
	}
	if n := number(`while they stay, customers buy every (\d+) days on average`); n < 12 || n > 25 {
		t.Errorf("the model says a purchase every %d days, the shop 17", n)
	}
	if number(`4 days more · (\d+) told`) == 0 || number(`TOP \d OF (\d+) CUSTOMERS`) == 0 {
		t.Errorf("nobody is at risk:\n%s", text)
	}
	if n := number(`waiting for enough data: (\d+)`); n != 0 {
		t.Errorf("%d alerts wait for data", n)
	}
}

// TestTheHistoryEndsWhenAlertsAboutItAreStillTold: with the night before it and the
// lateness, less than alerts.max_event_age ago.
func TestTheHistoryEndsWhenAlertsAboutItAreStillTold(t *testing.T) {
	shipped := config.Default()
	for hour := range 48 {
		now := time.Date(2026, 3, 1, hour, 59, 0, 0, time.UTC)
		end := historyEnd(now)
		night := end.Truncate(24 * time.Hour).Add(-time.Hour) // nothing comes from 23 to 7 h
		if ago := now.Sub(night) + shipped.Time.AllowedLateness.D(); ago > shipped.Alerts.MaxEventAge.D() ||
			now.Sub(end) < 14*time.Hour || end.Hour() != 8 {
			t.Errorf("at %s the history ends at %s; what is known of the night before is %s old", now, end, ago)
		}
	}
}

func TestAModelInPlainWords(t *testing.T) {
	shop := parameters.Record{Purchase: btyd.MBGNBD{R: 1.4, Alpha: 3.5, A: .8, B: 4}, DropoutIdentified: true,
		Spend: &btyd.GammaGamma{P: 4, Q: 5, Nu: 41}, Activity: &btyd.MBGNBD{}}
	pausing, fleeting := shop, shop
	pausing.DropoutIdentified, pausing.Spend, pausing.Activity = false, nil, nil
	fleeting.Purchase.A, fleeting.Purchase.B = 7, 3
	for want, model := range map[string]*parameters.Record{
		"while they stay, customers buy every 18 days on average, for EUR 41; after the first purchase 1 in 6 leaves; " +
			"visits count as signs of life": &shop,
		"while they stay, customers buy every 18 days on average; who has left cannot be told from who pauses": &pausing,
		"while they stay, customers buy every 18 days on average, for EUR 41; 70 % leave after the first purchase; " +
			"visits count as signs of life": &fleeting,
	} {
		if got := modelWords(model, "EUR"); got != want {
			t.Errorf("%s\nwant %s", got, want)
		}
	}
	if got := fittedThrough(&parameters.Record{Through: 20_000}).Format(time.DateOnly); got != "2024-10-04" {
		t.Errorf("day 20,000 is %s", got)
	}
	if !strings.Contains(demoSettingsText(), "time.clock events") {
		t.Errorf("the demo does not say what it sets: %s", demoSettingsText())
	}
}

func TestTheDemoWaitsForAFitOnlyWhereOneComes(t *testing.T) {
	shipped := config.Default().Score
	off, given := shipped, shipped
	off.Fit, given.Params = false, config.Params{R: 1, Alpha: 5, A: 1, B: 2}
	for _, c := range []struct {
		score           config.Score
		customers, days int
		want            string
	}{
		{shipped, 500, 181, ""},
		{shipped, 499, 181, "none: a fit takes 500 customers over 180 days"},
		{shipped, 500, 180, "none: a fit takes 500 customers over 180 days"},
		{off, 500, 181, "none: score.fit is false"},
		{given, 500, 181, "as configured"},
	} {
		got, consequence := whyNoFit(&c.score, c.customers, c.days)
		if got != c.want || (got == "") != (consequence == "") {
			t.Errorf("%d customers over %d days: %q, want %q; %q", c.customers, c.days, got, c.want, consequence)
		}
	}
}
