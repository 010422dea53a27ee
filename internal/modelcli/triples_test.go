package modelcli

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/holdfast/holdfast/pipeline/population/fit"
)

// madeTriples are histories of customers who buy and leave at rates of their own.
func madeTriples(customers int) string {
	random := rand.New(rand.NewPCG(3, 9))
	var text strings.Builder
	text.WriteString("x,t_x,T,litt,m_x,n\n")
	for range customers {
		x, last, sum := 0, 0.0, 0.0
		rate, leaves := 0.02+random.ExpFloat64()/10, 0.1+0.3*random.Float64()
		for last < 50 && random.Float64() > leaves {
			gap := 0.2 + random.ExpFloat64()/rate
			if last+gap > 52 {
				break
			}
			last, sum, x = last+gap, sum+math.Log(gap), x+1
		}
		fmt.Fprintf(&text, "%d,%.4f,52,%.6f,%.2f,60\n", x, last, sum, 5+random.ExpFloat64()*20)
	}
	return text.String()
}

// documented runs fit over triples.
func documented(t *testing.T, input string, args ...string) document {
	t.Helper()
	d, _, _ := fitted(t, input, append(args, "-")...)
	if d.Format != "holdfast.fit.v1" || len(d.Params) == 0 || d.Verdict == nil || d.Customers == 0 {
		t.Errorf("%v: %+v", args, d)
	}
	return d
}

// What a row stands for: itself, or as many customers as a column says.
func TestTriplesWithACount(t *testing.T) {
	t.Parallel()
	rows := strings.Split(strings.TrimSpace(madeTriples(80)), "\n")
	var once, twice, counted strings.Builder
	for i, row := range rows {
		once.WriteString(row + "\n")
		twice.WriteString(row + "\n")
		if i == 0 {
			counted.WriteString(row + ",customers\n")
			continue
		}
		twice.WriteString(row + "\n")
		counted.WriteString(row + ",2\n")
	}
	for _, model := range []string{"mbg-nbd", "gamma-gamma"} {
		double := documented(t, twice.String(), "--model", model)
		column := documented(t, counted.String(), "--model", model, "--count", "customers")
		single := documented(t, once.String(), "--model", model)
		if column.Customers != double.Customers || column.Customers != 2*single.Customers ||
			math.Abs(column.LogLikelihood-double.LogLikelihood) > 1e-6*math.Abs(double.LogLikelihood) {
			t.Errorf("%s: %v customers at %v, counted %v at %v", model, double.Customers, double.LogLikelihood,
				column.Customers, column.LogLikelihood)
		}
		for name, want := range double.Params {
			if math.Abs(column.Params[name]-want) > 1e-3*want {
				t.Errorf("%s: %s is %v, counted %v", model, name, want, column.Params[name])
			}
		}
	}
}

// Times in days are the same times.
func TestTriplesInDays(t *testing.T) {
	weeks := madeTriples(80)
	var days strings.Builder
	for i, row := range strings.Split(strings.TrimSpace(weeks), "\n") {
		var x int
		var last, age float64
		if cells := strings.SplitN(row, ",", 4); i > 0 {
			if _, err := fmt.Sscan(strings.Join(cells[:3], " "), &x, &last, &age); err != nil {
				t.Fatal(err)
			}
			row = fmt.Sprintf("%d,%.6f,%v,%s", x, 7*last, 7*age, cells[3])
		}
		days.WriteString(row + "\n")
	}
	a, b := documented(t, weeks), documented(t, days.String(), "--unit", "days")
	for name, want := range a.Params {
		if math.Abs(b.Params[name]-want) > 1e-3*want {
			t.Errorf("%s is %v in weeks, %v in days", name, want, b.Params[name])
		}
	}
}

// A bad row is left out and named; it takes no part in the fit.
func TestBadRowsOfTriples(t *testing.T) {
	t.Parallel()
	good := madeTriples(60)
	for _, test := range []struct{ model, row, want string }{
		{"mbg-nbd", "1,2,NaN,0,5,60", "T"},
		{"mbg-nbd", "1,9,4,0,5,60", "t_x"},
		{"mbg-nbd", "1.5,2,9,0,5,60", "x = 1.5: want a whole number"},
		{"mbg-nbd", "-1,2,9,0,5,60", "x"},
		{"mbg-nbd", "5001,2,9,0,5,60", "x"},
		{"mbg-nbd", "1,2,9,eight,5,60", "litt = \"eight\": want a number"},
		{"mbg-cnbd-k", "1,2,9,NaN,5,60", "litt = NaN: want the sum of ln(gap in weeks), a number"},
		{"mbg-cnbd-k", "1,2,9,-Inf,5,60", "litt = -Inf: want"},
		{"mbg-cnbd-k", "1,2,9,1e999,5,60", "litt = +Inf: want"},
		{"mbg-cnbd-k", "1,2,9,,5,60", "litt: empty"},
		{"mbg-nbd", ",2,9,0,5,60", "x: empty"},
		{"mbg-nbd", "1,2,9", "it has 3 fields, the header has 6"},
		{"gamma-gamma", "1,2,9,0,1e12,60", "an amount below 1e12"},
		{"gamma-gamma", "1,2,9,0,-Inf,60", "an amount below 1e12"},
		{"gamma-gamma", "1,2,9,0,NaN,60", "an amount below 1e12"},
		{"gamma-gamma", "-3,2,9,0,7,60", "want x from 0 to 5000"},
		{"gamma-gamma", "two,2,9,0,7,60", "x = \"two\""},
		{"gamma-gamma", "1,2,9,0,much,60", "m_x = \"much\""},
		{"bg-bb", "1,2,9,0,7,60.5", "n = 60.5: want a whole number"},
		{"bg-bb", "1,2,9,0,7,1", "t_x"},
	} {
		text := good
		if test.model == "bg-bb" {
			text = "x,t_x,T,litt,m_x,n\n" + strings.Repeat("0,0,9,0,1,6\n1,2,9,0,1,6\n3,6,9,0,1,6\n", 9)
		}
		args := []string{"--model", test.model, "--starts", "1", "-"}
		if test.model == "mbg-cnbd-k" {
			args = append([]string{"--k", "2"}, args...)
		}
		want, _, _ := fitted(t, text, args...)
		got, stderr, code := fitted(t, text+test.row+"\n", args...)
		rows := strings.Count(text, "\n")
		if !strings.Contains(stderr, fmt.Sprintf("left out: row %d: ", rows)) || !strings.Contains(stderr,
			strings.TrimPrefix(test.want, "it ")) || code != exitPartial {
			t.Errorf("%s, %s: exit %d, %s", test.model, test.row, code, stderr)
		}
		if got.LogLikelihood != want.LogLikelihood || got.Customers != want.Customers {
			t.Errorf("%s, %s: the fit is of %v customers at %v, without the row of %v at %v", test.model, test.row,
				got.Customers, got.LogLikelihood, want.Customers, want.LogLikelihood)
		}
	}
}

// Every model writes a file that score reads, and the report tells of it.
func TestEveryModelIsFittedAndScored(t *testing.T) {
	t.Parallel()
	text := madeTriples(120)
	calendar := "x,t_x,n\n" + strings.Repeat("0,0,6\n1,1,6\n2,3,6\n3,6,6\n6,6,6\n", 20)
	for _, model := range []string{"bg-nbd", "mbg-nbd", "mbg-cnbd-k", "pareto-nbd", "bg-bb", "gamma-gamma"} {
		input := text
		if model == "bg-bb" {
			input = calendar
		}
		file := filepath.Join(t.TempDir(), "fitted.json")
		report, stderr, code := execute(t, NewFitCommand(), input, "--model", model, "--starts", "1", "--write", file, "-")
		if code != 0 && code != exitPartial {
			t.Fatalf("%s: exit %d: %s", model, code, stderr)
		}
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var d document
		if err := json.Unmarshal(data, &d); err != nil || d.Model != model {
			t.Fatalf("%s: %v, model %q", model, err, d.Model)
		}
		for _, name := range parameterNames[model] {
			if !(d.Params[name] > 0) {
				t.Errorf("%s: %s is %v", model, name, d.Params[name])
			}
			if !strings.Contains(report, name) {
				t.Errorf("%s: the report lacks %s:\n%s", model, name, report)
			}
		}
		if len(d.Params) != len(parameterNames[model]) {
			t.Errorf("%s: parameters %v", model, d.Params)
		}
		args := []string{"--params", file}
		if model == "gamma-gamma" {
			args = append(args, "--model", model)
		}
		_, lines, _ := score(t, input, args...)
		column := "p_alive"
		if model == "gamma-gamma" {
			column = "expected_spend"
		}
		for i, line := range lines {
			if line[column] == "" && line["note"] == "" {
				t.Errorf("%s, row %d: %v", model, i+1, line)
				break
			}
		}
	}
}

// The weight of what is said before: a fitted file as prior draws towards it.
func TestPriors(t *testing.T) {
	t.Parallel()
	text := madeTriples(60)
	free := documented(t, text)
	far := temporary(t, "far.json", `{"model":"mbg-nbd","params":{"r":5,"alpha":60,"a":1,"b":4}}`)
	drawn := documented(t, text, "--prior", far)
	if math.Abs(math.Log(drawn.Params["alpha"]/60)) >= math.Abs(math.Log(free.Params["alpha"]/60)) {
		t.Errorf("alpha %v without, %v with a prior around 60", free.Params["alpha"], drawn.Params["alpha"])
	}
	if cold := documented(t, text, "--prior", "cold"); cold.Prior != "cold" || free.Prior != "none" {
		t.Errorf("priors %q, %q", cold.Prior, free.Prior)
	}
	regular := temporary(t, "k.json", `{"model":"mbg-cnbd-k","params":{"r":1,"alpha":9,"a":1,"b":4,"k":2}}`)
	if d := documented(t, text, "--model", "mbg-cnbd-k", "--k", "2", "--prior", regular); d.Params["k"] != 2 {
		t.Errorf("k = %v", d.Params["k"])
	}
	for content, want := range map[string]string{
		`{"params":{"r":1,"alpha":1,"a":1}}`:          "it gives no b above 0",
		`{"params":{"r":1,"alpha":1,"a":1,"b":0}}`:    "it gives no b above 0",
		`{"params":{"r":1,"alpha":-1,"a":1,"b":1}}`:   "it gives no alpha above 0",
		`{"params":{"r":1,"alpha":null,"a":1,"b":1}}`: "it gives no alpha above 0",
		`{"params":{"rho":1}}`:                        `no model has a parameter "rho"`,
		`{}`:                                          "it has no member \"params\"",
		`{"params":`:                                  "unexpected end of JSON input",
		`[1]`:                                         "cannot unmarshal array",
		"\xff\xfe{\x00}\x00":                          "it is UTF-16",
	} {
		_, stderr, code := execute(t, NewFitCommand(), text, "--prior", temporary(t, "p.json", content), "-")
		if code != exitUsage || !strings.Contains(stderr, want) {
			t.Errorf("%s: exit %d, %s, want %q", content, code, stderr, want)
		}
	}
	if _, stderr, code := execute(t, NewFitCommand(), text, "--prior", "/nowhere.json", "-"); code != 1 ||
		!strings.Contains(stderr, "--prior (none, cold or a fitted file)") {
		t.Errorf("a missing file: exit %d, %s", code, stderr)
	}
	_, stderr, code := execute(t, NewScoreCommand(), "x,t_x,T\n1,2,3\n", "--params", far, "--params", temporary(t,
		"o.json",
		`{"model":"bg-nbd","params":{"r":1,"alpha":1,"a":1,"b":1}}`), "-")
	if code != exitUsage || !strings.Contains(stderr, "one file is for mbg-nbd, another for bg-nbd") {
		t.Errorf("two models: exit %d, %s", code, stderr)
	}
}

// The regularity that is most likely is chosen, and all candidates are told.
func TestRegularityIsChosen(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 1))
	var text strings.Builder
	text.WriteString("x,t_x,T,litt\n")
	for range 150 {
		x, last, sum := 3+random.IntN(5), 0.0, 0.0
		for range x {
			gap := 3.5 + random.Float64()
			last, sum = last+gap, sum+math.Log(gap)
		}
		fmt.Fprintf(&text, "%d,%.4f,%.4f,%.6f\n", x, last, last+1+random.Float64(), sum)
	}
	d := documented(t, text.String(), "--model", fit.MBGCNBDK, "--starts", "1")
	if d.Params["k"] < 3 || len(d.ByK) < 3 {
		t.Fatalf("k = %v of %v", d.Params["k"], d.ByK)
	}
	best := d.ByK[0]
	for _, candidate := range d.ByK {
		if candidate.LogLikelihood > best.LogLikelihood {
			best = candidate
		}
	}
	if float64(best.K) != d.Params["k"] {
		t.Errorf("k = %v, the most likely is %d", d.Params["k"], best.K)
	}
}
