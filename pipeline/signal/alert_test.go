package signal

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

func TestAlertIDComesFromContent(t *testing.T) {
	sum := sha256.Sum256([]byte("c-01873\x00churn_risk\x0012"))
	if got, want := AlertID([]byte("c-01873"), "churn_risk", 12), hex.EncodeToString(sum[:16]); got != want {
		t.Errorf("AlertID = %s, want %s", got, want)
	}
	if got, want := AlertID([]byte("c-01873"), "churn_risk", 1), "b0f88a35091ef1786aaca7c1958c07c4"; got != want {
		t.Errorf("AlertID = %s, want %s: ids must never change", got, want)
	}
}

// example is an alert with something in every field.
func example() *Alert {
	at := Instant(time.Date(2026, 3, 1, 10, 15, 30, 250000000, time.UTC).UnixMicro())
	a := &Alert{
		AlertID: "00112233445566778899aabbccddeeff", Kind: AlertKind{Name: "churn_risk", Family: "churn"},
		Action: Escalated, Seq: 2, Feedback: "contacted",
		CustomerID: []byte("c-01873"), Tier: "gold", ABCClass: "A", Segment: "retail", TimeZone: "Europe/Berlin",
		Level: LevelCritical, PreviousLevel: LevelAtRisk, PAlive: Some(.28934567), PReturn: Some(.1), HorizonDays: 90,
		Score: Some(.93), PreviousScore: Some(.9), Confidence: ConfidenceHigh, BasisPurchases: 6,
		AtStake: Some(12345.5), Currency: "EUR", CurrencyExponent: 2, Holdout: true,
		RaisedAt: at - 3600e6, AsOf: at, ComputedAt: at + 1, CooldownUntil: at + 2, Suppressed: SuppressedHoldout,
		Standing: true,
		Model:    "mbg-nbd", ParamVersion: "v7", ParamsFittedAt: at - 1, ConfigHash: "abc", EngineVersion: "0.1.0",
		ReasonCount: 2,
		Complaint: AlertComplaint{ID: "k-\"12", OrderID: "o-1", Category: "logistics", Severity: 4, Time: Resolution,
			OpenedAt: at - 10*3600e6, RunsFrom: at - 9*3600e6, DueAt: at - 1800e6},
	}
	a.Reasons[0] = Reason{Code: Overdue, Contribution: 1.75, Observed: 47, HasObserved: true, Expected: 22.4,
		HasExpected: true, Usual: 16.2}
	a.Reasons[1] = Reason{Code: OpenComplaint, Contribution: .93, Observed: 9.2, HasObserved: true, Expected: 5,
		HasExpected: true, Topic: "logistics"}
	plays := DefaultPlays()
	a.SetPlay(&plays)
	return a
}

const exampleJSON = `{"alert_id":"00112233445566778899aabbccddeeff","dedup_key":"churn_risk/00112233445566778899aabbccddeeff",` +
	`"kind":"churn_risk","action":"escalated","alert_seq":2,"resolve_reason":null,"feedback":"contacted",` +
	`"customer_id":"c-01873","tier":"gold","abc_class":"A","segment":"retail","time_zone":"Europe/Berlin",` +
	`"level":"critical","previous_level":"at_risk","p_alive":0.289346,"p_return":0.1,"horizon_days":90,` +
	`"score":0.93,"previous_score":0.9,"confidence":"high","basis_purchases":6,` +
	`"reasons":[{"code":"OVERDUE","rank":1,"contribution":1.75,"observed":47,"expected":22.4,` +
	`"text":"47 days since the last purchase; with a usual gap of 16 days, nine of ten gaps are under 23"},` +
	`{"code":"OPEN_COMPLAINT","rank":2,"contribution":0.93,"observed":9.2,"expected":5,` +
	`"text":"a complaint about logistics has been open for 9 days; the time allowed is 5 days"}],` +
	`"at_stake":"123.46","currency":"EUR","play":{"id":"comeback-offer",` +
	`"title":"Invite back with an offer that fits the last purchases"},"act_before":"2026-03-08T10:15:30.250000Z",` +
	`"arm":"holdout",` +
	`"complaint":{"id":"k-\"12","category":"logistics","severity":4,"order_id":"o-1","broken_time":"resolution",` +
	`"opened_at":"2026-03-01T00:15:30.250000Z","runs_from":"2026-03-01T01:15:30.250000Z",` +
	`"due_at":"2026-03-01T09:45:30.250000Z","open_hours":10,"late_hours":0.5},"evidence":null,"raised_at":"2026-03-01T09:15:30.250000Z","as_of":"2026-03-01T10:15:30.250000Z",` +
	`"computed_at":"2026-03-01T10:15:30.250001Z","cooldown_until":"2026-03-01T10:15:30.250002Z",` +
	`"suppressed":true,"suppressed_reason":"holdout","standing":true,"links":null,"model":"mbg-nbd","param_version":"v7",` +
	`"params_fitted_at":"2026-03-01T10:15:30.249999Z","config_hash":"abc","engine_version":"0.1.0"}`

func TestAlertJSON(t *testing.T) {
	if diff := cmp.Diff(exampleJSON, string(example().AppendJSON(nil))); diff != "" {
		t.Errorf("alert (-want +got):\n%s", diff)
	}
	delivered := example()
	delivered.Suppressed = NotSuppressed
	if text := string(delivered.AppendJSON(nil)); !strings.Contains(text, `"suppressed":false,"suppressed_reason":null,`) {
		t.Errorf("an alert that is delivered says %s", text)
	}
	if !json.Valid([]byte(exampleJSON)) || !json.Valid(new(Alert).AppendJSON(nil)) {
		t.Error("not JSON")
	}
}

func TestHeaders(t *testing.T) {
	got := map[string]string{}
	for _, h := range example().AppendHeaders(nil, "/holdfast/shop") {
		got[h.Key] = string(h.Value)
	}
	want := map[string]string{
		"ce_specversion": "1.0", "ce_id": "00112233445566778899aabbccddeeff/2", "ce_source": "/holdfast/shop",
		"ce_type": "holdfast.churn_risk.escalated", "ce_time": "2026-03-01T10:15:30.250000Z",
		"content-type": "application/json", "dedup_key": "churn_risk/00112233445566778899aabbccddeeff",
		"action": "escalated", "suppressed": "true",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("headers (-want +got):\n%s", diff)
	}
	delivered := example()
	delivered.Suppressed = NotSuppressed
	for _, h := range delivered.AppendHeaders(nil, "/holdfast/shop") {
		if h.Key == "suppressed" && string(h.Value) != "false" {
			t.Errorf("an alert that is delivered is suppressed: %s", h.Value)
		}
	}
}

func TestRowOfAlert(t *testing.T) {
	row := AlertRow{SrcPartition: 3, Seq: 9}
	example().Row(&row)
	if row.SrcPartition != 3 || row.Seq != 9 || row.Family != "churn" || row.Arm != "holdout" ||
		len(row.ReasonCodes) != 2 ||
		row.ReasonTexts[1] != "a complaint about logistics has been open for 9 days; the time allowed is 5 days" ||
		row.AtStake.Value != 12345.5 || row.DedupKey != "churn_risk/00112233445566778899aabbccddeeff" {
		t.Errorf("row %+v", row)
	}
}

func TestNoPlayForWhatHasEnded(t *testing.T) {
	plays := DefaultPlays()
	for _, action := range []Action{Resolved, Expired} {
		a := example()
		a.Action = action
		a.SetPlay(&plays)
		if a.Play != (Play{}) || a.ActBefore != 0 {
			t.Errorf("%v: play %+v until %d, want none", action, a.Play, a.ActBefore)
		}
	}
}

// TestPlayWithoutATimeHasNoEnd, and one that is none has none either.
func TestPlayWithoutATimeHasNoEnd(t *testing.T) {
	for _, test := range []struct {
		play Play
		want Instant // after as_of; 0 none
	}{{Play{ID: "call", ActWithin: 7}, 7}, {Play{ID: "call"}, 0}, {Play{ActWithin: 7}, 0}} {
		var plays Plays
		plays[Overdue] = test.play
		a := example()
		want := Instant(0)
		if test.want > 0 {
			want = a.AsOf + test.want
		}
		if a.SetPlay(&plays); a.Play != test.play || a.ActBefore != want {
			t.Errorf("%+v: %+v until %d, want %d", test.play, a.Play, a.ActBefore, want)
		}
	}
}

func TestReasonTexts(t *testing.T) {
	seen := func(code ReasonCode, observed float64) Reason {
		return Reason{Code: code, Observed: observed, HasObserved: true}
	}
	of := func(code ReasonCode, observed, expected float64) Reason {
		r := seen(code, observed)
		r.Expected, r.HasExpected = expected, true
		return r
	}
	about := func(r Reason, topic string) Reason { r.Topic = topic; return r }
	usual := func(r Reason, days float64) Reason { r.Usual = days; return r }
	oneGap := func(r Reason) Reason { r.OneGap = true; return r }
	tests := []struct {
		reason Reason
		want   string
	}{
		{oneGap(usual(of(Overdue, 90, 83), 3)), "90 days since the last purchase, and one gap before of 3 days; " +
			"of customers of whom no more is known nine of ten gaps are under 83"},
		{oneGap(usual(seen(Overdue, 90), 1)), "90 days since the last purchase, and one gap before of 1 day"},
		{of(Overdue, 130, 97), "130 days since the only purchase; nine of ten such customers who buy again do so within 97"},
		{seen(Overdue, 1), "1 day since the only purchase"},
		{about(of(OpenComplaint, .21, 1./6), "billing"), "a complaint about billing has been open for 5 hours; " +
			"the time allowed is 4 hours"},
		{about(of(OpenComplaint, 30.2, 1./6), "billing"), "a complaint about billing has been open for 30 days; " +
			"the time allowed is 4 hours"},
		{about(of(OpenComplaint, 1.5, 1), "billing"), "a complaint about billing has been open for 1 day; " +
			"the time allowed is 1 day"},
		{usual(seen(Overdue, 800), 300), "800 days since the last purchase; with a usual gap of 300 days"},
		{about(of(ComplaintLate, 24, 24), "billing"),
			"a complaint about billing has waited for 24 hours; the time allowed is 24 hours"},
		{about(of(ComplaintLate, 1./3*24, 4), ""),
			"a complaint about something else has waited for 8 hours; the time allowed is 4 hours"},
		{about(of(ComplaintLate, 48, 48), ""),
			"a complaint about something else has waited for 48 hours; the time allowed is 48 hours"},
		{about(of(ComplaintLate, 1534, 24), "price"),
			"a complaint about price has waited for 63 days; the time allowed is 24 hours"},
		{about(of(ComplaintLate, 240, 120), "price"),
			"a complaint about price has waited for 10 days; the time allowed is 5 days"},
		{seen(ComplaintLate, 12.5), "a complaint settled 12 days ago was settled after its time"},
		{of(RepeatComplaints, 3, 1), "3 complaints in 30 days"},
		{of(TopBoxLost, 3, 5), "the latest rating is 3 of 5, the one before was 5"},
		{of(BasketShrink, .62, 1), "the average order of the last 90 days is 62 % of that of the 90 days before"},
		{of(VisitsDown, 1, 12), "1 visit in 30 days, against 12 before"},
		{seen(IntentGap, 5), "5 visits since the last purchase, and nothing bought"},
		{of(NoSecondPurchase, 40, 34.2), "40 days without a second purchase; half of those who buy again do so within 35"},
		{seen(ReasonSecondPurchase, 12), "second purchase, 12 days after the first"},
		{about(Reason{Code: ReasonLadderUp}, "advocate"), "has reached the stage advocate"},
		{Reason{Code: ReasonSecondPurchase}, "second purchase"},
	}
	for _, test := range tests {
		if got := test.reason.Text(); got != test.want {
			t.Errorf("%v: %q, want %q", test.reason.Code, got, test.want)
		}
	}
	for code := Overdue; int(code) < ReasonCodeCount; code++ {
		if r := (Reason{Code: code}); r.Text() == "" {
			t.Errorf("%v has no sentence", code)
		}
	}
}

// TestReasonMask: 64 reasons are apart, and none is in no set.
func TestReasonMask(t *testing.T) {
	var all ReasonMask
	for code := ReasonCode(1); code <= 64; code++ {
		if all.Has(code) {
			t.Errorf("code %d is there before it is added", code)
		}
		if all = all.With(code); !all.Has(code) {
			t.Errorf("code %d is not there", code)
		}
	}
	if all != ^ReasonMask(0) || all.Has(ReasonNone) || ReasonMask(0).With(ReasonNone) != 0 {
		t.Errorf("set of all is %x", all)
	}
}

func TestDecimal(t *testing.T) {
	tests := []struct {
		minor    float64
		exponent uint8
		want     string
	}{
		{0, 2, "0.00"}, {5, 2, "0.05"}, {12345.5, 2, "123.46"}, {-7, 2, "-0.07"}, {-.4, 2, "0.00"},
		{1234, 0, "1234"}, {1234, 3, "1.234"}, {1e300, 2, "10000000000000000.00"}, {math.Inf(-1), 0, "-1000000000000000000"},
	}
	for _, test := range tests {
		if got := string(appendDecimal(nil, test.minor, test.exponent)); got != test.want {
			t.Errorf("%g with %d: %s, want %s", test.minor, test.exponent, got, test.want)
		}
	}
}

func TestRatiosAreRoundedAndFinite(t *testing.T) {
	tests := map[float64]string{
		.1234565: "0.123457", -1e-9: "0", 1: "1", math.NaN(): "null", math.Inf(1): "null", 40: "40",
		1e9: "1000000000", -1e9: "-1000000000", 1e9 + 1: "null", -1e9 - 1: "null",
	}
	for value, want := range tests {
		var o object
		o.ratio("x", Some(value))
		if got := string(o.dst); got != `"x":`+want {
			t.Errorf("%g: %s, want %s", value, got, want)
		}
	}
}

func FuzzQuoted(f *testing.F) {
	for _, seed := range []string{"", "c-1", `"\`, "\x00\x1f\n", "é\u2028😀", "\xff\xc3", "a\xe2\x82"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		quoted := appendQuoted(nil, []byte(text))
		var got string
		if err := json.Unmarshal(quoted, &got); err != nil {
			t.Fatalf("%q gives %s: %v", text, quoted, err)
		}
		if utf8.ValidString(text) && got != text {
			t.Errorf("%q comes back as %q", text, got)
		}
		if string(quoted) != string(appendQuoted(nil, text)) {
			t.Errorf("%q: bytes and string differ", text)
		}
	})
}
