package alerts_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/policy"
	"github.com/holdfast/holdfast/pipeline/score"
	"github.com/holdfast/holdfast/pipeline/score/btyd"
	"github.com/holdfast/holdfast/pipeline/signal"
	"github.com/holdfast/holdfast/schemas/alerts"
)

func compiled(t *testing.T) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(alerts.Schema()))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("alert.v1.json", doc); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile("alert.v1.json")
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// made is an alert of a repeat customer, as the shard makes them.
func made(t *testing.T, kind policy.Kind, action signal.Action) *signal.Alert {
	t.Helper()
	p := score.DefaultParameters()
	p.Purchase = btyd.MBGNBD{R: .525, Alpha: 6.183, A: .891, B: 1.614}
	p.DataSufficiency = signal.SufficiencyOK
	if err := p.Prepare(); err != nil {
		t.Fatal(err)
	}
	const today = 20_500
	s := score.Statistics{
		Facts: score.Facts{Now: today * event.Day24h, Today: today, HasPurchase: true, X: 4, FirstDay: 20_000,
			LastDay: 20_400, SLABreachedOpen: true, ComplaintsOpen: 1},
		RecencyFigures:  score.RecencyFigures{PurchaseDaysLife: 5},
		MonetaryFigures: score.MonetaryFigures{OrdersLife: 5, NetLife: 25_000, RepeatNet: 20_000, RepeatNetDays: 4},
		ComplaintFigures: score.ComplaintFigures{SLACategory: event.Logistics,
			SLABreachedOpenedAt: (today - 9) * event.Day24h, SLADueAt: (today - 8) * event.Day24h},
	}
	var sc score.Scores
	p.Scores(&s, &sc)
	a := &signal.Alert{
		AlertID: signal.AlertID([]byte("c-1"), kind.String(), 7), Kind: kind.Published(), Action: action, Seq: 1,
		CustomerID: []byte(`c-"1"\` + "\u00e9"), Segment: "all", TimeZone: "Europe/Berlin",
		Level: signal.LevelAtRisk, Currency: "EUR",
		RaisedAt: signal.Instant(s.Now), AsOf: signal.Instant(s.Now), ComputedAt: signal.Instant(s.Now) + 1,
		EngineVersion: "dev",
	}
	if action != signal.Raised {
		a.Seq = 2
	}
	if action == signal.Resolved {
		a.Resolve, a.CooldownUntil = signal.ByPurchase, a.AsOf+1
	}
	rules := policy.Default()
	lead := rules.Lead(kind, &s, &sc)
	p.FillAlert(&s, &sc, &lead, a)
	plays := policy.DefaultPlays()
	a.SetPlay(&plays)
	return a
}

func validate(t *testing.T, schema *jsonschema.Schema, text []byte) error {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return schema.Validate(doc)
}

func TestEveryKindAndActionIsValid(t *testing.T) {
	schema := compiled(t)
	for _, kind := range policy.Kinds() {
		for action := signal.Raised; action <= signal.Expired; action++ {
			for suppression := signal.NotSuppressed; suppression <= signal.SuppressedHoldout; suppression++ {
				a := made(t, kind, action)
				a.Suppressed = suppression
				if text := a.AppendJSON(nil); validate(t, schema, text) != nil {
					t.Errorf("%v %v: %v\n%s", kind, action, validate(t, schema, text), text)
				}
			}
		}
	}
}

// TestSameFieldsAndLists holds schema and code together: the same fields, and the
// same values in every closed list.
func TestSameFieldsAndLists(t *testing.T) {
	var schema struct {
		Required    []string
		Properties  map[string]struct{ Enum []any }
		Definitions struct {
			ReasonCode struct{ OneOf []struct{ Const string } } `json:"reason_code"`
		}
	}
	if err := json.Unmarshal(alerts.Schema(), &schema); err != nil {
		t.Fatal(err)
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(made(t, policy.ChurnRisk, signal.Raised).AppendJSON(nil), &fields); err != nil {
		t.Fatal(err)
	}
	for name := range fields {
		if !slices.Contains(schema.Required, name) {
			t.Errorf("field %s is written and not required by the schema", name)
		}
		if _, known := schema.Properties[name]; !known {
			t.Errorf("field %s is written and not in the schema", name)
		}
	}
	if len(fields) != len(schema.Properties) {
		t.Errorf("%d fields written, %d in the schema", len(fields), len(schema.Properties))
	}
	list := func(name string, first, last int, text func(int) string) {
		var got, want []string
		for _, v := range schema.Properties[name].Enum {
			if v != nil {
				got = append(got, v.(string))
			}
		}
		for i := first; i <= last; i++ {
			want = append(want, text(i))
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: schema %q, code %q", name, got, want)
		}
	}
	list("action", 1, int(signal.Expired), func(i int) string { return signal.Action(i).String() })
	list("resolve_reason", 1, int(signal.ByPurchaseUndone),
		func(i int) string { return signal.ResolveReason(i).String() })
	list("suppressed_reason", 1, int(signal.SuppressedHoldout),
		func(i int) string { return signal.Suppression(i).String() })
	for code := 1; code < signal.ReasonCodeCount; code++ {
		codes := schema.Definitions.ReasonCode.OneOf
		if code > len(codes) || codes[code-1].Const != signal.ReasonCode(code).String() {
			t.Errorf("reason %v is not at its place in the schema", signal.ReasonCode(code))
		}
	}
}

var rewrite = flag.Bool("rewrite", false, "write what the schema takes from the code anew")

// kindLine is the line of the schema that lists the alert kinds: the kinds of the
// policy by their numbers.
var kindLine = regexp.MustCompile(`(?m)^    "kind": \{"enum": \[.*\]\},$`)

// TestKindsOfTheSchema holds that the schema has the kinds that there are; with
// -rewrite it writes them.
func TestKindsOfTheSchema(t *testing.T) {
	var names []string
	for _, kind := range policy.Kinds() {
		names = append(names, strconv.Quote(kind.String()))
	}
	want := `    "kind": {"enum": [` + strings.Join(names, ", ") + `]},`
	if lines := kindLine.FindAll(alerts.Schema(), -1); len(lines) != 1 {
		t.Fatalf("the schema lists the kinds in %d lines, want one", len(lines))
	}
	if *rewrite {
		text := kindLine.ReplaceAllLiteral(alerts.Schema(), []byte(want))
		if err := os.WriteFile("alert.v1.json", text, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if got := string(kindLine.Find(alerts.Schema())); got != want {
		t.Errorf("schema has\n%s\nwant\n%s\nrun go test ./schemas/alerts -rewrite", got, want)
	}
}

func TestSchemaRefuses(t *testing.T) {
	schema := compiled(t)
	good := string(made(t, policy.ChurnRisk, signal.Raised).AppendJSON(nil))
	tests := map[string][2]string{
		"a float for money":    {`"at_stake":"`, `"at_stake":1,"x":"`},
		"an unknown kind":      {`"kind":"churn_risk"`, `"kind":"churn"`},
		"a probability of 2":   {`"horizon_days"`, `"p_alive":2,"horizon_days"`},
		"a seq of nought":      {`"alert_seq":1`, `"alert_seq":0`},
		"a reason unexplained": {`"resolve_reason":null`, `"resolve_reason":"purchase"`},
		"a missing field":      {`"links":null,`, ``},
		"a silent suppression": {`"suppressed":false`, `"suppressed":true`},
	}
	for name, change := range tests {
		bad := strings.Replace(good, change[0], change[1], 1)
		if bad == good {
			t.Fatalf("%s: the change changes nothing in %s", name, good)
		}
		if validate(t, schema, []byte(bad)) == nil {
			t.Errorf("%s is accepted: %s", name, bad)
		}
	}
}

func ExampleSchema() {
	fmt.Println(bytes.Contains(alerts.Schema(), []byte("draft-07")))
	// Output: true
}
