package parameters

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/holdfast/holdfast/pipeline/score"
	"github.com/holdfast/holdfast/pipeline/score/btyd"
	"github.com/holdfast/holdfast/pipeline/signal"
)

const someText = `{"format":1,"version":"0123456789ab","source":"fitted","purchase":{"r":0.525,"alpha":6.183,"a":0.891,"b":1.614},` +
	`"spend":{"p":6.25,"q":3.74,"nu":15.44},"dropout_identified":true,"data_sufficiency":"ok","computed_at_us":1790000000000000}`

var some = Record{Version: "0123456789ab", Source: Fitted,
	Purchase: btyd.MBGNBD{R: .525, Alpha: 6.183, A: .891, B: 1.614},
	Spend:    &btyd.GammaGamma{P: 6.25, Q: 3.74, Nu: 15.44}, DropoutIdentified: true, ComputedAt: 1_790_000_000_000_000}

func TestRecord(t *testing.T) {
	text, err := some.Append(nil)
	if err != nil || string(text) != someText {
		t.Fatalf("%s, %v, want %s", text, err, someText)
	}
	if read, err := Parse(text); err != nil || !reflect.DeepEqual(read, some) {
		t.Errorf("%+v, %v, want %+v", read, err, some)
	}
}

// TestRecordOfRegularGaps: the order of the gaps is part of the model, and none stands for 1.
func TestRecordOfRegularGaps(t *testing.T) {
	regular := some
	regular.K = 3
	text, err := regular.Append(nil)
	if want := strings.Replace(someText, `"b":1.614`, `"b":1.614,"k":3`, 1); err != nil || string(text) != want {
		t.Fatalf("%s, %v, want %s", text, err, want)
	}
	if read, err := Parse(text); err != nil || !reflect.DeepEqual(read, regular) {
		t.Errorf("%+v, %v, want %+v", read, err, regular)
	}
	configured := score.DefaultParameters()
	plain, err := some.Parameters(&configured)
	if err != nil {
		t.Fatal(err)
	}
	p, err := regular.Parameters(&configured)
	if err != nil || p.K != 3 || score.VersionOf(p) == score.VersionOf(plain) {
		t.Errorf("order %d, version %s and %s, %v", p.K, score.VersionOf(p), score.VersionOf(plain), err)
	}
	regular.K = btyd.MaxRegularity + 1
	if _, err := regular.Parameters(&configured); !errors.Is(err, score.ErrParameter) {
		t.Errorf("gaps of order %d: %v", regular.K, err)
	}
}

// TestParameters: a version brings the model; all else is as configured.
func TestParameters(t *testing.T) {
	configured := score.DefaultParameters()
	configured.MarginRatio, configured.HorizonDays = .5, 30
	p, err := some.Parameters(&configured)
	if err != nil {
		t.Fatal(err)
	}
	if p.Version != some.Version || p.Purchase != some.Purchase || p.Spend != *some.Spend || !p.HasSpend || !p.Fitted ||
		p.DataSufficiency != signal.SufficiencyOK || p.MarginRatio != .5 || p.HorizonDays != 30 {
		t.Errorf("%+v", p)
	}
	if back := RecordOf(p, Fitted, some.ComputedAt); !reflect.DeepEqual(back, some) {
		t.Errorf("%+v, want %+v", back, some)
	}
	without := some
	without.Spend, without.Sufficiency = nil, signal.NoFit
	if p, err := without.Parameters(p); err != nil || p.HasSpend || p.Spend != (btyd.GammaGamma{}) || p.Fitted {
		t.Errorf("%+v, %v", p, err)
	}
	broken := some
	broken.Purchase.A = -1
	if _, err := broken.Parameters(&configured); !errors.Is(err, score.ErrParameter) ||
		!strings.Contains(err.Error(), some.Version) {
		t.Errorf("parameters outside their domain: %v", err)
	}
}

func TestParseRefuses(t *testing.T) {
	for value, want := range map[string]string{
		`7`: "cannot unmarshal", ``: "unexpected end",
		strings.Replace(someText, `"format":1`, `"format":2`, 1): "format 2",
		strings.Replace(someText, `0123456789ab`, ``, 1):         "a version of 0 bytes",
		strings.Replace(someText, `"fitted"`, `"guessed"`, 1):    `source "guessed"`,
		strings.Replace(someText, `"ok"`, `"fine"`, 1):           `"fine" is not known`,
	} {
		if _, err := Parse([]byte(value)); !errors.Is(err, ErrRecord) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", value, err, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(someText))
	f.Fuzz(func(t *testing.T, value []byte) {
		read, err := Parse(value)
		if err != nil {
			return
		}
		text, err := read.Append(nil)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := Parse(text); err != nil || !reflect.DeepEqual(again, read) {
			t.Fatalf("%+v, %v, want %+v", again, err, read)
		}
	})
}

// TestFiguresThatAreRefused: a base of nonsense is never put in force.
func TestFiguresThatAreRefused(t *testing.T) {
	for _, figure := range []string{`"customers":-5`, `"log_likelihood":1e308`, `"through_day":2147483647`,
		`"through_day":-1`} {
		text := strings.Replace(someText, `"dropout_identified"`, figure+`,"dropout_identified"`, 1)
		if _, err := Parse([]byte(text)); !errors.Is(err, ErrRecord) || !strings.Contains(err.Error(), "fitted to") {
			t.Errorf("%s: %v", figure, err)
		}
	}
}

// TestSegmentsThatAreRefused: what another program may have written is checked.
func TestSegmentsThatAreRefused(t *testing.T) {
	one := `{"segment":"a","purchase":{"r":1,"alpha":5,"a":1,"b":2},"dropout_identified":true,"customers":200,"log_likelihood":-1}`
	with := func(segments ...string) string {
		return strings.Replace(someText, `"dropout_identified"`,
			`"segments":[`+strings.Join(segments, ",")+`],"dropout_identified"`, 1)
	}
	named := func(name string) string { return strings.Replace(one, `"a"`, `"`+name+`"`, 1) }
	many := make([]string, MaxSegments+1)
	for i := range many {
		many[i] = named(strings.Repeat("x", i+1))
	}
	for text, want := range map[string]string{
		with(one): "", with(one, named("b")): "",
		with(named("b"), one):                   "segments are not in the order of their names",
		with(one, one):                          `segment "a" stands twice`,
		with(named("")):                         "the name of a segment has 0 bytes",
		with(named(strings.Repeat("x", 65))):    "the name of a segment has 65 bytes",
		with(many...):                           "33 segments, at most 32",
		with(strings.Replace(one, "5", "0", 1)): "",
	} {
		_, err := Parse([]byte(text))
		if want == "" && err != nil || !strings.Contains(errorText(err), want) ||
			want != "" && !errors.Is(err, ErrRecord) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
	record, err := Parse([]byte(with(strings.Replace(one, "5", "0", 1))))
	if err != nil {
		t.Fatal(err)
	}
	configured := score.DefaultParameters()
	if _, err := record.Parameters(&configured); !errors.Is(err, score.ErrParameter) ||
		!strings.Contains(err.Error(), `segment "a"`) {
		t.Errorf("a segment outside the domain: %v", err)
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
