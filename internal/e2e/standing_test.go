package e2e

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/holdfast/holdfast/schemas/topics"
)

// said is what a message on the topic of churn alerts says.
type said struct {
	AlertID    string `json:"alert_id"`
	Seq        int    `json:"alert_seq"`
	Action     string `json:"action"`
	CustomerID string `json:"customer_id"`
	RaisedAt   string `json:"raised_at"`
	AsOf       string `json:"as_of"`
	Standing   bool   `json:"standing"`
	Suppressed bool   `json:"suppressed"`
}

// A shop's history that ends yesterday goes through backfill with nothing
// configured. Who is at risk is told when the model is fitted and the present is
// reached: each once, the most valuable first, through kills.
func TestKilledRunTellsWhoIsAtRiskOnce(t *testing.T) {
	file, _ := sharedLog(t)
	w := newWorld(t, "HOLDFAST_MONEY_CURRENCY=USD", "HOLDFAST_SCORE_FIT=true", "HOLDFAST_TIME_CLOCK=honest",
		"HOLDFAST_ALERTS_PUBLISH_SUPPRESSED=false", "HOLDFAST_ALERTS_STANDING_PER_HOUR=36000")
	run := w.start("run")
	w.run(0, "backfill", w.write("log.csv", endingYesterday(t, split(t, file, 1)[0])), "--map",
		w.write("map.yml", []byte(cdnowMap)), "--quiet")
	for range 2 * (kills() - 4) { // 2, or in the long suite more
		time.Sleep(3 * time.Second)
		run.kill()
		run = w.start("run")
	}
	w.toldToTheEnd()
	w.checkStanding()
}

// The same with so low a rate that the wave takes long, and killed again and again
// while it lasts.
func TestKilledDuringTheWaveTellsEachOnce(t *testing.T) {
	if kills() < 10 {
		t.Skip("takes minutes: make kill")
	}
	file, _ := sharedLog(t)
	w := newWorld(t, "HOLDFAST_MONEY_CURRENCY=USD", "HOLDFAST_SCORE_FIT=true", "HOLDFAST_TIME_CLOCK=honest",
		"HOLDFAST_ALERTS_PUBLISH_SUPPRESSED=false", "HOLDFAST_ALERTS_STANDING_PER_HOUR=7200")
	run := w.start("run")
	w.run(0, "backfill", w.write("log.csv", endingYesterday(t, split(t, file, 1)[0])), "--map",
		w.write("map.yml", []byte(cdnowMap)), "--quiet")
	told, killed := 0, 0
	for deadline := time.Now().Add(2 * time.Minute); killed < kills() && time.Now().Before(deadline); {
		time.Sleep(200 * time.Millisecond)
		if n := len(w.read(topics.DefaultNames()[topics.Alerts])); n > told {
			told = n
			run.kill()
			killed++
			run = w.start("run")
		}
	}
	if killed < kills() {
		t.Errorf("killed %d times during the wave, want %d", killed, kills())
	}
	w.toldToTheEnd()
	w.checkStanding()
}

// endingYesterday moves the days of a log so that the last of them is yesterday.
func endingYesterday(t *testing.T, log []byte) []byte {
	t.Helper()
	lines := strings.Split(strings.TrimSuffix(string(log), "\n"), "\n")
	dayOf := func(line string) time.Time {
		day, err := time.Parse(time.DateOnly, strings.SplitN(line, ",", 3)[1])
		if err != nil {
			t.Fatal(err)
		}
		return day
	}
	last := dayOf(lines[len(lines)-1]) // they are in the order of their days
	shift := time.Now().UTC().Truncate(24 * time.Hour).Add(-24 * time.Hour).Sub(last)
	for i, line := range lines[1:] {
		fields := strings.SplitN(line, ",", 3)
		fields[1] = dayOf(line).Add(shift).Format(time.DateOnly)
		lines[i+1] = strings.Join(fields, ",")
	}
	return []byte(strings.Join(lines, "\n") + "\n")
}

// toldToTheEnd waits until nobody is left to be told of.
func (w *world) toldToTheEnd() {
	w.t.Helper()
	before, same := -1, 0
	for deadline := time.Now().Add(4 * time.Minute); same < 12 && time.Now().Before(deadline); time.Sleep(time.Second) {
		n := len(w.read(topics.DefaultNames()[topics.Alerts]))
		if same++; n != before || n == 0 {
			before, same = n, 0
		}
	}
}

// standingUntold counts who is at risk by the fitted parameters and not told of.
const standingUntold = `
SELECT count() FROM v_alerts_open AS o JOIN
(
    SELECT c.customer_id AS customer_id, c.frequency_repeat AS x,
        dateDiff('day', c.first_purchase_day, c.last_purchase_day) / 7 AS t,
        dateDiff('day', c.last_purchase_day, today()) / 7 AS g,
        1 / (1 + m.a / (m.b + x) * pow((m.alpha + t + g) / (m.alpha + t), m.r + x)) AS alive
    FROM customer_current AS c FINAL CROSS JOIN
    (
        SELECT r, alpha, a, b FROM model_params FINAL WHERE model = 'purchase' AND n > 0
        ORDER BY fitted_at DESC LIMIT 1
    ) AS m
    WHERE c.level IN ('at_risk', 'critical') AND x > 0
) AS s ON o.customer_id = s.customer_id
WHERE o.suppressed_reason IN ('replay', 'insufficient_data') AND s.alive < 0.39`

// checkStanding holds the topic of churn alerts, and what the tables say beside it.
func (w *world) checkStanding() {
	w.t.Helper()
	raised := map[string]bool{}
	for _, record := range w.read(topics.DefaultNames()[topics.Alerts]) {
		var m said
		if err := json.Unmarshal(record.Value, &m); err != nil {
			w.t.Fatal(err)
		}
		switch {
		case m.Suppressed:
			w.t.Errorf("suppressed, and on the topic: %s", record.Value)
		case m.Action != "raised" && !raised[m.AlertID]:
			w.t.Errorf("the end of what nobody was told: %s", record.Value)
		case m.Action == "raised" && raised[m.AlertID]:
			w.t.Errorf("told twice: %s", record.Value)
		case m.Action == "raised" && m.Standing:
			if m.Seq < 2 || m.RaisedAt >= m.AsOf {
				w.t.Errorf("raised in the present: %s", record.Value)
			}
		}
		raised[m.AlertID] = true
	}
	w.t.Logf("%d were told; rows by reason, action, level and version:\n%s", len(raised),
		w.ask("SELECT suppressed_reason, action, level, param_version, count() FROM v_alert_event "+
			"GROUP BY ALL ORDER BY ALL"))
	if len(raised) < 300 {
		w.t.Errorf("%d alerts were told", len(raised))
	}
	w.checkOrder()
	// Who is at risk by the fitted parameters, as the views count it.
	left := ""
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(time.Second) {
		left = w.ask(standingUntold)
		if left == "0" {
			break
		}
	}
	standing := w.ask("SELECT uniqExact(alert_id) FROM v_alert_event WHERE action = 'raised' AND standing AND " +
		"suppressed_reason = ''")
	if left != "0" || standing != fmt.Sprint(len(raised)) {
		w.t.Errorf("%s of those at risk are not told; %d were told and %s stand in the table", left, len(raised), standing)
	}
}

// checkOrder: each shard tells of the most valuable first.
func (w *world) checkOrder() {
	w.t.Helper()
	shard, before := "", 0.0
	rows := w.ask("SELECT src_partition, toFloat64(at_stake) FROM v_alert_event " +
		"WHERE standing AND action = 'raised' ORDER BY src_partition, seq FORMAT TSV")
	for line := range strings.Lines(rows) {
		fields := strings.Fields(line)
		if len(fields) != 2 {
			w.t.Fatalf("a line %q", line)
		}
		value, err := strconv.ParseFloat(fields[1], 64)
		if err != nil {
			w.t.Fatal(err)
		}
		if fields[0] == shard && value > before {
			w.t.Errorf("shard %s tells of %g after %g", shard, value, before)
		}
		shard, before = fields[0], value
	}
}
