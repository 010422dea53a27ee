package shard

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/score"
	"github.com/holdfast/holdfast/pipeline/signal"
	"github.com/holdfast/holdfast/schemas/alerts"
)

var rewrite = flag.Bool("rewrite", false, "write the transcripts' answers anew")

// TestTranscripts plays each testdata/*.txt: commands, a line of dashes, and
// what the shard says to them. Commands are
//
//	event <time> <customer or -> <kind> [name=value …]   into the batch at hand
//	batch <clock reading> [wall time]                    applies the batch at hand
//	rows                                                 writes the rows that are owed
//	undo | commit | restore
//
// Lines that begin with # are comments. With -rewrite the answers are written.
func TestTranscripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) < 8 {
		t.Fatalf("%d transcripts, want all: %v", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := play(t, string(text))
			if *rewrite {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(strings.Split(string(text), "\n"), strings.Split(got, "\n")); diff != "" {
				t.Errorf("-want +got (look at it, then run with -rewrite):\n%s", diff)
			}
		})
	}
}

const dashes = "----"

// play answers the commands of a transcript; the answers it had are dropped.
func play(t *testing.T, text string) string {
	p := newPlayer(t, "Europe/Berlin")
	var out strings.Builder
	for _, block := range strings.Split(strings.TrimSpace(text), "\n\n") {
		commands, _, _ := strings.Cut(block+"\n", dashes+"\n")
		p.out.Reset()
		for _, line := range strings.Split(strings.TrimSpace(commands), "\n") {
			p.command(strings.TrimSpace(line))
		}
		fmt.Fprintf(&out, "%s\n%s\n%s\n", strings.TrimSpace(commands), dashes, p.out.String())
	}
	return out.String()
}

// player plays a transcript.
type player struct {
	t      *testing.T
	schema *jsonschema.Schema
	cfg    Config
	shard  *Shard
	batch  Batch
	fx     *Effects
	number int
	out    strings.Builder
}

func newPlayer(t *testing.T, zone string) *player {
	p := &player{t: t, schema: alertSchema(t), cfg: testConfig(t, zone), fx: newEffects()}
	p.shard = New(p.cfg)
	return p
}

func (p *player) say(format string, args ...any) { fmt.Fprintf(&p.out, format+"\n", args...) }

func (p *player) command(line string) {
	words := strings.Fields(line)
	if len(words) == 0 || words[0] == "#" {
		return
	}
	switch words[0] {
	case "event":
		p.batch.Events = append(p.batch.Events, p.event(words[1:]))
	case "batch":
		p.apply(words[1:])
	case "rows":
		p.rows()
	case "commit":
		p.shard.Commit()
	case "undo":
		p.shard.Undo()
	case "restore":
		p.shard.Commit()
		p.shard = reload(p.t, p.cfg, p.shard)
	default:
		p.t.Fatalf("no such command: %q", line)
	}
}

func (p *player) apply(words []string) {
	b := &p.batch
	b.Number, b.Clock = p.shard.Position().Batch+1, instant(p.t, words[0])
	b.Wall = b.Clock + event.Hour
	if len(words) > 1 {
		b.Wall = instant(p.t, words[1])
	}
	before := p.shard.counters
	if err := p.shard.Apply(b, p.fx); err != nil {
		p.t.Fatal(err)
	}
	for i := range p.fx.Alerts {
		p.alert(&p.fx.Alerts[i])
	}
	if n := p.shard.counters.Folded - before.Folded; n > 0 {
		p.say("of folded days: %d", n)
	}
	now := p.shard.counters
	if n := now.Duplicates - before.Duplicates; n > 0 {
		p.say("duplicates: %d", n)
	}
	if n := now.Anonymous - before.Anonymous; n > 0 {
		p.say("anonymous: %d", n)
	}
	if n := now.ForeignAmounts - before.ForeignAmounts; n > 0 {
		p.say("amounts in another currency: %d", n)
	}
	p.fx.reset()
	b.Reset()
}

func (p *player) alert(a *signal.Alert) {
	checkAlert(p.t, p.schema, a)
	line := fmt.Sprintf("%s %s %s %s #%d", stamp(a.AsOf), a.CustomerID, a.Kind.Name, a.Action, a.Seq)
	if a.Level != signal.LevelNone || a.PreviousLevel != signal.LevelNone {
		line += fmt.Sprintf(" %s->%s", a.PreviousLevel, a.Level)
	}
	if a.Resolve != signal.ResolveNone {
		line += " by " + a.Resolve.String()
	}
	if a.Suppressed != signal.NotSuppressed {
		line += " suppressed: " + a.Suppressed.String()
	}
	if k := &a.Complaint; k.Time != signal.NoComplaintTime {
		line += fmt.Sprintf(" about %s %s order=%q severity=%d due %s", k.ID, k.Time, k.OrderID, k.Severity, stamp(k.DueAt))
	}
	p.say("%s (%d purchase days, %s)", line, a.BasisPurchases, a.Confidence)
	for i := range a.Reasons[:a.ReasonCount] {
		p.say("  %s: %s", a.Reasons[i].Code, a.Reasons[i].Text())
	}
}

// rows writes the rows that are owed, one by one, and tells every column of each:
// a line a family.
func (p *player) rows() {
	for p.shard.WriteRows(p.shard.clock, 1, p.fx) > 0 {
		row := lastRow(p.t, p.fx)
		p.say("row of %s at %s", row["customer_id"], row["as_of"])
		var families []string
		lines := map[string]string{}
		for _, c := range score.Layout().Columns() {
			if lines[c.Family] == "" {
				families = append(families, c.Family)
				lines[c.Family] = "  " + c.Family + ":"
			}
			lines[c.Family] += fmt.Sprintf(" %s=%s", c.Name, row[c.Name])
		}
		for _, family := range families {
			p.say("%s", lines[family])
		}
	}
	p.shard.Commit()
	p.fx.reset()
}

func stamp(at signal.Instant) string {
	return time.UnixMicro(int64(at)).UTC().Format("2006-01-02T15:04")
}

// event reads the words after "event".
func (p *player) event(words []string) event.Event {
	kind, ok := event.ParseKind([]byte(words[2]))
	if !ok {
		p.t.Fatalf("no such kind: %q", words)
	}
	p.number++
	e := event.Event{OccurredAt: instant(p.t, words[0]), Kind: kind, Type: kind.TypeOf(),
		EventID: fmt.Appendf(nil, "e%d", p.number)}
	e.RecordTime, e.Input = e.OccurredAt, uint8(e.Type)
	if words[1] != "-" {
		e.CustomerID = []byte(words[1])
		e.CustomerHash = event.HashID(e.CustomerID)
	}
	if e.Type == event.Purchase && kind != event.Cancel && kind != event.Exchange {
		e.Currency = euro
	}
	for _, word := range words[3:] {
		name, value, _ := strings.Cut(word, "=")
		if !p.attribute(&e, name, value) {
			p.t.Fatalf("no such attribute: %q", word)
		}
	}
	e.EventHash = event.HashID(e.EventID)
	return e
}

func (p *player) attribute(e *event.Event, name, value string) (ok bool) {
	hash, number := event.HashID([]byte(value)), 0
	if n, err := strconv.Atoi(value); err == nil {
		number = n
	}
	ok = true
	switch name {
	case "id":
		e.EventID = []byte(value)
	case "order":
		if e.OrderHash = hash; e.Type == event.Complaint {
			e.OrderID = []byte(value)
		}
	case "ref":
		e.RefOrderHash = hash
	case "complaint":
		e.ComplaintHash, e.ComplaintID = hash, []byte(value)
	case "status":
		e.Status, ok = event.ParseStatus([]byte(value))
	case "net":
		e.AmountNet = int64(number)
	case "margin":
		e.Margin, e.Has = int64(number), e.Has|event.HasMargin
	case "currency":
		copy(e.Currency[:], value)
	case "category":
		e.Category, ok = event.ParseCategory([]byte(value))
	case "lines":
		for _, category := range strings.Split(value, ",") {
			e.Categories = event.AppendCategory(e.Categories, []byte(category))
		}
	case "severity":
		e.Severity = uint8(number)
	case "rating":
		e.Rating = uint8(number)
	case "due":
		e.SLADueAt = instant(p.t, value)
	case "responded":
		e.FirstResponseAt = instant(p.t, value)
	case "closure":
		e.Closure, ok = event.ParseClosureReason([]byte(value))
	case "referrer":
		e.ReferrerID, e.Has = []byte(value), e.Has|event.HasReferrer
	case "segment":
		e.Segment = []byte(value)
	case "marketing":
		e.Has |= event.HasConsent
		if value == "yes" {
			e.Has |= event.HasConsentMarketing
		}
	default:
		return false
	}
	return ok
}

// compiled is the schema of alerts, read once.
var compiled = sync.OnceValues(func() (*jsonschema.Schema, error) {
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(alerts.Schema()))
	if err != nil {
		return nil, err
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("alert.v1.json", doc); err != nil {
		return nil, err
	}
	return c.Compile("alert.v1.json")
})

func alertSchema(t testing.TB) *jsonschema.Schema {
	t.Helper()
	schema, err := compiled()
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// checkAlert holds an alert against the schema that its consumers have.
func checkAlert(t testing.TB, schema *jsonschema.Schema, a *signal.Alert) {
	t.Helper()
	text := a.AppendJSON(nil)
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err == nil {
		err = schema.Validate(doc)
	}
	if err != nil {
		t.Errorf("%v\n%s", err, text)
	}
}
