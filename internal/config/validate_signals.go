package config

import (
	"net"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/holdfast/holdfast/internal/civil"
	"github.com/holdfast/holdfast/pipeline/score"
	"github.com/holdfast/holdfast/pipeline/signal"
)

const year = 365 * 24 * time.Hour

func (c *checker) time(t Time) {
	c.zone("time.business_zone", t.BusinessZone)
	c.duration("time.input_quiet_after", t.InputQuietAfter, 0, 30*24*time.Hour)
	c.duration("time.allowed_lateness", t.AllowedLateness, 0, 7*24*time.Hour)
	c.duration("time.max_future", t.MaxFuture, 0, 7*24*time.Hour)
	c.duration("time.clock_tolerance", t.ClockTolerance, 5*time.Second, time.Hour)
	if first := t.MinEventTime.Year(); first < 1990 || first > 2200 {
		c.fail("time.min_event_time", "", "%s is outside 1990 to 2200", t.MinEventTime)
	}
}

// zone checks the name of a time zone.
func (c *checker) zone(path, name string) {
	if _, err := civil.Zone(name); err != nil || name == "" {
		c.fail(path, "use an IANA name, such as Europe/Berlin or UTC", "%q is not a time zone", clip(name))
	}
}

var currencyForm = regexp.MustCompile(`^[A-Z]{3}$`)

func (c *checker) money(money Money) {
	if !currencyForm.MatchString(money.Currency) {
		c.fail("money.currency", "use three capitals of ISO 4217, such as EUR or USD", "%q is not a currency",
			clip(money.Currency))
	}
	c.between("money.margin_ratio", money.MarginRatio, 0, 1)
}

func (c *checker) segments(segments []string) {
	if len(segments) == 0 || len(segments) > 32 {
		c.fail("segments", "the first is the default segment", "%d segments; there must be 1 to 32", len(segments))
	}
	for i, name := range segments {
		if name == "" || len(name) > 64 {
			c.fail("segments", "", "segment %d is empty or longer than 64 bytes", i+1)
		}
		if slices.Index(segments, name) != i {
			c.fail("segments", "leave one out", "%q stands twice", clip(name))
		}
	}
}

func (c *checker) stores(config *Config) {
	c.duration("backfill.max_open", config.Backfill.MaxOpen, time.Minute, 7*24*time.Hour)
	c.duration("checkpoint.max_replay", config.Checkpoint.MaxReplay, time.Second, time.Hour)
	c.duration("outbox.flush_every", config.Outbox.FlushEvery, 10*time.Millisecond, time.Minute)
}

// evidence names what may have a weight in the risk score.
func evidence() []string {
	var names []string
	for e := range score.Evidence(score.EvidenceCount) {
		if e.Missing() == "" {
			names = append(names, e.String())
		}
	}
	return names
}

// weight refuses one that would have no effect, unless it is 0, which says so.
func (c *checker) weight(name string, value float64) {
	path := "score.weights." + name
	if e, known := score.EvidenceNamed(name); known && e.Missing() != "" {
		if value != 0 {
			c.fail(path, "leave it out", "would have no effect: Holdfast does not count yet %s", e.Missing())
		}
		return
	}
	c.oneOf(path, name, evidence())
	c.between(path, value, -10, 10)
}

// reasonCodes names what an alert can be about.
func reasonCodes() []string {
	var names []string
	for code := signal.Overdue; int(code) < signal.ReasonCodeCount; code++ {
		names = append(names, code.String())
	}
	return names
}

// Parameters lie in a box: outside of it the formulas lose their precision.
const (
	leastParameter    = 1e-3
	greatestParameter = 1e4
)

func (c *checker) score(score Score) {
	c.wholeDays("score.horizon", score.Horizon, 1, 730)
	if score.Params.Given() {
		c.parameters("score.params", []string{"r", "alpha", "a", "b"},
			[]float64{score.Params.R, score.Params.Alpha, score.Params.A, score.Params.B})
	}
	if score.Spend.Given() {
		c.parameters("score.spend", []string{"p", "q", "nu"}, []float64{score.Spend.P, score.Spend.Q, score.Spend.Nu})
		if score.Spend.Q <= 1 {
			c.fail("score.spend.q", "", "%v gives no finite mean; it must be above 1", score.Spend.Q)
		}
	}
	for _, code := range sortedKeys(score.Weights) {
		c.weight(code, score.Weights[code])
	}
}

func (c *checker) parameters(path string, names []string, values []float64) {
	for i, value := range values {
		if value == 0 {
			c.fail(path+"."+names[i], "give all of "+strings.Join(names, ", ")+", or none", "is missing")
			continue
		}
		c.between(path+"."+names[i], value, leastParameter, greatestParameter)
	}
}

func (c *checker) wholeDays(path string, value Duration, low, high int) {
	if value.D()%(24*time.Hour) != 0 || value.Days() < low || value.Days() > high {
		c.fail(path, "", "%s is not a number of whole days from %d to %d", value, low, high)
	}
}

func (c *checker) complaints(complaints Complaints) {
	c.duration("complaints.first_response", complaints.FirstResponse, time.Minute, year)
	c.duration("complaints.resolution", complaints.Resolution, time.Minute, year)
	c.between("complaints.severe.from", float64(complaints.Severe.From), 1, 5)
	c.duration("complaints.severe.first_response", complaints.Severe.FirstResponse, time.Minute, year)
	c.duration("complaints.severe.resolution", complaints.Severe.Resolution, time.Minute, year)
	c.complaintKinds(complaints.Kinds)
	c.complaintHours(complaints)
}

func (c *checker) alerts(alerts Alerts) {
	bands := []struct {
		path string
		band Band
	}{
		{"alerts.levels.watch", alerts.Levels.Watch},
		{"alerts.levels.at_risk", alerts.Levels.AtRisk},
		{"alerts.levels.critical", alerts.Levels.Critical},
	}
	for i, item := range bands {
		c.between(item.path, item.band.Enter, 0, 1)
		c.between(item.path, item.band.Leave, 0, 1)
		if item.band.Leave < item.band.Enter {
			c.fail(item.path, "write the smaller number first",
				"is left at %v, below where it is entered (%v): it would come and go", item.band.Leave, item.band.Enter)
		}
		if i > 0 && item.band.Enter > bands[i-1].band.Enter {
			c.fail(item.path, "", "is entered earlier than %s", bands[i-1].path)
		}
	}
	c.between("alerts.levels.lost", alerts.Levels.Lost, 0, alerts.Levels.Critical.Enter)
	c.duration("alerts.dwell", alerts.Dwell, 0, 30*24*time.Hour)
	c.duration("alerts.cooldown", alerts.Cooldown, time.Second, year)
	c.duration("alerts.max_event_age", alerts.MaxEventAge, time.Minute, 3660*24*time.Hour)
	c.between("alerts.standing_per_hour", float64(alerts.StandingPerHour), 1, 3_600_000)
	c.holdout(alerts)
	for _, code := range sortedKeys(alerts.Plays) {
		path := "alerts.plays." + code
		c.oneOf(path, code, reasonCodes())
		if alerts.Plays[code].ID == "" {
			c.fail(path, "name it: play: comeback-offer", "has no play")
		}
		c.duration(path+".act_within", alerts.Plays[code].ActWithin, 0, year)
	}
}

func (c *checker) holdout(alerts Alerts) {
	c.between("alerts.holdout_percent", alerts.HoldoutPercent, 0, 50)
	if alerts.HoldoutPercent == 0 {
		c.warn("alerts.holdout_percent", "hold back a few percent",
			"without a holdout nobody can tell whether the alerts help")
	}
}

// identifierForm is the form of a database name: it goes into SQL as it is.
var identifierForm = regexp.MustCompile(`^[a-z_][a-z0-9_]{0,63}$`)

func (c *checker) clickhouse(clickhouse ClickHouse, insecureDev bool) {
	if !identifierForm.MatchString(clickhouse.Database) {
		c.fail("sinks.clickhouse.database", "use small letters, digits and underscores", "%q is not a database name",
			clip(clickhouse.Database))
	}
	c.between("sinks.clickhouse.batch_rows", float64(clickhouse.BatchRows), 1, 1_000_000)
	c.duration("sinks.clickhouse.insert_every", clickhouse.InsertEvery, 10*time.Millisecond, time.Minute)
	if clickhouse.DSN != "" && clickhouse.DSNFile != "" {
		c.fail("sinks.clickhouse.dsn", "keep dsn_file", "both dsn and dsn_file are given")
	}
	if clickhouse.DSN == "" {
		return
	}
	problem := checkDSN(clickhouse.DSN, insecureDev)
	if problem.Message != "" {
		c.fail("sinks.clickhouse.dsn", problem.Fix, "%s", problem.Message)
	} else if HasPassword(clickhouse.DSN) {
		c.warn("sinks.clickhouse.dsn", "put the dsn into a file and name it as sinks.clickhouse.dsn_file",
			"carries a password")
	}
}

// checkDSN reads an address without ever repeating it: it may hold a password.
func checkDSN(dsn string, insecureDev bool) Problem {
	address, err := url.Parse(dsn)
	if err != nil || address.Host == "" {
		return Problem{Message: "is not an address",
			Fix: "write http://host:8123, https://host:8443 or clickhouse://host:9440?secure=true"}
	}
	switch address.Scheme {
	case "http", "https", "clickhouse", "tcp":
	default:
		return Problem{Message: "has a scheme that is not one of http, https, clickhouse, tcp",
			Fix: "write http://host:8123"}
	}
	if !insecureDev && plaintextURL(address) {
		return Problem{Message: "would be talked to without encryption",
			Fix: "use https:// or ?secure=true; on a network of your own for trying out, use --insecure-dev"}
	}
	return Problem{}
}

func (c *checker) ops(ops Ops) {
	if ops.Listen == "" {
		return
	}
	if _, port, err := net.SplitHostPort(ops.Listen); err != nil || port == "" {
		c.fail("ops.listen", "write host:port, such as 127.0.0.1:9464", "%q is not an address", clip(ops.Listen))
	}
	if ops.Pprof && ops.TokenFile == "" {
		c.fail("ops.pprof", "name a file with a token as ops.token_file", "profiles show memory and must not be open")
	}
}
