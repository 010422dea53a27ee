package modelcli

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// sharedData is the path of a file of the shared data, or skips the test.
func sharedData(t *testing.T, name string) string {
	t.Helper()
	dir := os.Getenv("HOLDFAST_SHARED_DATA")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "data")
	}
	path := filepath.Join(dir, name)
	if _, err := os.Stat(path); os.IsNotExist(err) {
		t.Skipf("the shared data are not here (%s): set HOLDFAST_SHARED_DATA to their folder", name)
	}
	return path
}

// fitted runs fit with -o json and parses the result.
func fitted(t *testing.T, input string, args ...string) (d document, stderr string, code int) {
	t.Helper()
	stdout, stderr, code := execute(t, NewFitCommand(), input, append(args, "-o", "json")...)
	if code != 0 && code != exitPartial {
		t.Fatalf("exit %d: %s", code, stderr)
	}
	if err := json.Unmarshal([]byte(stdout), &d); err != nil {
		t.Fatalf("%v in %s", err, stdout)
	}
	return d, stderr, code
}

// From the raw log to fitted parameters, a scored base and the holdout.
func TestFitCDNOWFromTheLog(t *testing.T) {
	log := sharedData(t, "cdnow_sample_events.csv")
	dir := t.TempDir()
	model, base := filepath.Join(dir, "fitted.json"), filepath.Join(dir, "base.csv")
	d, stderr, code := fitted(t, "", "--until", "1997-09-30", "--amount", "cents", "--amount-divisor", "100",
		"--spend", "--write", model, "--triples", base, log)
	if code != 0 || !strings.Contains(stderr, "start 3 of 3") {
		t.Errorf("exit %d, stderr %s", code, stderr)
	}
	if d.LogLikelihood < -9582.13571559-1e-3 || d.Spend.LogLikelihood < -4055.917695-1e-3 {
		t.Errorf("log-likelihoods %v, %v", d.LogLikelihood, d.Spend.LogLikelihood)
	}
	if d.Customers != 2357 || d.Repeaters != 946 || d.Cells != 1016 || d.Calibration.ActualPurchases != 1882 ||
		!d.DropoutIdentified {
		t.Errorf("%v customers, %v repeaters, %d cells, %d later purchases", d.Customers, d.Repeaters, d.Cells,
			d.Calibration.ActualPurchases)
	}
	compareTriples(t, base, sharedData(t, "cdnow_sample_reference.csv"))
	stdout, stderr, code := execute(t, NewScoreCommand(), "", "--params", model, base)
	if _, lines := scored(t, stdout); code != 0 || len(lines) != 2357 || lines[0]["value_52"] == "" {
		t.Errorf("score: exit %d, %d rows, %s", code, len(lines), stderr)
	}
}

// x, t_x, T and m_x of the log are exactly those of the reference.
func compareTriples(t *testing.T, base, reference string) {
	t.Helper()
	mine := map[string]map[string]string{}
	for _, line := range csvLines(t, base) {
		mine[line["customer"]] = line
	}
	compared := 0
	for _, want := range csvLines(t, reference) {
		got := mine[want["cust"]]
		number := func(m map[string]string, column string) float64 { v, _ := strconv.ParseFloat(m[column], 64); return v }
		if got["x"] != want["x"] || number(got, "t_x") != number(want, "t_x_days")/7 || number(got, "T") != number(want,
			"T_days")/7 ||
			math.Abs(number(got, "m_x")-number(want, "m_x_usd")) > 1e-9*number(want, "m_x_usd") {
			t.Fatalf("triple %v, want %v", got, want)
		}
		compared++
	}
	t.Logf("%d triples agree", compared)
}

func csvLines(t *testing.T, path string) []map[string]string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	_, lines := scored(t, string(text))
	return lines
}

// Every model column of the reference, through the command.
func TestScoreReproducesCDNOWReference(t *testing.T) {
	lines := csvLines(t, sharedData(t, "cdnow_sample_reference.csv"))
	for _, c := range []struct {
		model, params, prefix string
		horizon               string
		columns               map[string]string
	}{
		{"bg-nbd", "r=.243,alpha=4.414,a=.793,b=2.426", "bg_", "13", map[string]string{"p_alive": "bg_palive",
			"expected_purchases": "bg_e13", "log_likelihood": "bg_ll", "p_return": "bg_pactive13"}},
		{"mbg-nbd", mbgParams, "mbg_", "13", map[string]string{"p_alive": "mbg_palive", "expected_purchases": "mbg_e13",
			"log_likelihood": "mbg_ll", "p_return": "mbg_pactive13", "discounted_52": "mbg_det52", "value_52": "mbg_clv52",
			"expected_spend": "gg_mean"}},
		{"mbg-nbd", mbgParams, "mbg_", "39", map[string]string{"expected_purchases": "mbg_e39"}},
		{"pareto-nbd", "r=.553,alpha=10.578,s=.606,beta=11.669", "pn_", "39", map[string]string{"p_alive": "pn_palive",
			"expected_purchases": "pn_e39", "log_likelihood": "pn_ll", "dert": "pn_dert_0_0027"}},
	} {
		var input strings.Builder
		input.WriteString("x,t_x,T,m_x\n")
		for _, line := range lines {
			input.WriteString(line["x"] + "," + line["t_x_days"] + "," + line["T_days"] + "," + line["m_x_usd"] + "\n")
		}
		_, got, code := score(t, input.String(), "--unit", "days", "--horizon", c.horizon, "--model", c.model,
			"--params", c.params, "--params", "p=6.25,q=3.74,nu=15.44")
		if code != 0 || len(got) != len(lines) {
			t.Fatalf("%s: exit %d, %d rows", c.model, code, len(got))
		}
		for i, line := range lines {
			for mine, theirs := range c.columns {
				want, err := strconv.ParseFloat(line[theirs], 64)
				if err != nil {
					t.Fatal(err)
				}
				requireNumber(t, got[i], mine, want)
			}
		}
	}
}

func TestFitWeeklyCellsReportsBothLikelihoods(t *testing.T) {
	d, _, _ := fitted(t, "", "--until", "1997-09-30", "--cells", "week", "--starts", "1",
		sharedData(t, "cdnow_sample_events.csv"))
	if d.LogLikelihood < -9582.13571559-.02 || d.CellsLogLikelihood == d.LogLikelihood || d.Cells >= 1016 {
		t.Errorf("log-likelihood %v, of %d cells %v", d.LogLikelihood, d.Cells, d.CellsLogLikelihood)
	}
}

func TestFitChoosesRegularity(t *testing.T) {
	d, _, code := fitted(t, "", "--model", "mbg-cnbd-k", "--until", "2006-12-31", "--starts", "1",
		sharedData(t, "grocery_events.csv"))
	if code != 0 || d.Params["k"] != 2 || len(d.ByK) != 6 || d.LogLikelihood < -14978.21-6e-3 {
		t.Errorf("exit %d, k = %v, %v", code, d.Params["k"], d.ByK)
	}
}

func TestFitCalendarCells(t *testing.T) {
	path := sharedData(t, "donations_bgbb_reference.csv")
	d, _, code := fitted(t, "", "--model", "bg-bb", "--count", "custs", path)
	if code != 0 || d.Customers != 11104 || d.LogLikelihood < -33225.58-6e-3 {
		t.Errorf("exit %d, %v customers, %v", code, d.Customers, d.LogLikelihood)
	}
}

// shopLog is a small made-up log: five regular customers and many others.
func shopLog() string {
	var log strings.Builder
	log.WriteString("customer_id,kind,occurred_at,amount\n")
	for i := range 60 {
		for purchase := 0; purchase <= i%6; purchase++ {
			day := 1 + (i*7)%20 + purchase*(5+i%4)
			log.WriteString("c" + strconv.Itoa(i) + ",order,2024-0" + strconv.Itoa(1+day/28) + "-" +
				strconv.Itoa(101 + day%28)[1:] + "T10:00:00Z," + strconv.Itoa(10+i%7) + "\n")
		}
	}
	return log.String()
}

func TestFitLogMapping(t *testing.T) {
	d, stderr, code := fitted(t, shopLog()+"c1,order,yesterday,5\n,order,2024-01-05,5\nc1,refund,nonsense,1\n",
		"--where", "kind=order", "--amount", "amount", "--until", "2024-02-20", "-")
	if code != exitPartial || !strings.Contains(stderr, `date "yesterday"`) || !strings.Contains(stderr, "2 of") {
		t.Errorf("exit %d, stderr %s", code, stderr)
	}
	codes := map[string]bool{}
	for _, g := range d.Guards {
		codes[g.Code] = true
	}
	if d.Until != "2024-02-20" || d.Customers != 60 || !codes["few_customers"] || !codes["short_history"] {
		t.Errorf("%+v", d)
	}
}

// Refunds make no purchase day and are taken off the day before; a day of which
// nothing is left is none.
func TestFitTriplesNetOfRefunds(t *testing.T) {
	base := filepath.Join(t.TempDir(), "base.csv")
	log := "cust,date,amount\na,2024-01-01,10\na,2024-01-08,20\na,2024-01-08,5\na,2024-01-10,-15\n" +
		"a,2024-01-22,8\na,2024-01-29,9\na,2024-02-01,-9\nb,2024-01-15,3\nc,2024-01-03,-4\na,2024-03-01,7\n"
	if _, stderr, code := execute(t, NewFitCommand(), log, "--amount", "amount", "--until", "2024-02-05", "--triples",
		base, "-"); code == 1 || code == exitUsage {
		t.Fatalf("exit %d: %s", code, stderr)
	}
	lines := csvLines(t, base)
	if len(lines) != 2 {
		t.Fatalf("triples %v", lines)
	}
	requireCells(t, lines[0], map[string]string{"customer": "a", "x": "2", "t_x": "3", "T": "5", "m_x": "9"})
	requireCells(t, lines[1], map[string]string{"customer": "b", "x": "0", "t_x": "0", "T": "3", "m_x": "0"})
	requireNumber(t, lines[0], "litt", math.Log(2))
}

// The same where refunds are marked, not negative.
func TestFitMarkedRefunds(t *testing.T) {
	base := filepath.Join(t.TempDir(), "base.csv")
	log := "cust,date,amount,kind\na,2024-01-01,10,sale\na,2024-01-08,25,sale\na,2024-01-10,15,refund\na,2024-01-22,8,sale\n"
	_, _, _ = execute(t, NewFitCommand(), log, "--amount", "amount", "--refund", "kind=refund", "--triples", base, "-")
	requireCells(t, csvLines(t, base)[0], map[string]string{"x": "2", "t_x": "3", "m_x": "9"})
}

func TestFitRefusals(t *testing.T) {
	for _, c := range []struct {
		input string
		args  []string
		code  int
		want  string
	}{
		{"who,when\na,2024-01-01\n", nil, exitUsage, "say --customer COLUMN"},
		{"cust,date\na,2024-01-01\n", []string{"--model", "gamma-gamma"}, exitUsage, "--amount"},
		{"cust,date\na,2024-01-01\n", []string{"--model", "bg-bb"}, exitUsage, "opportunities"},
		{"cust,date\na,2024-01-01\n", nil, 1, "nobody bought twice"},
		{"cust,date\na,2024-01-01\n", []string{"--until", "2023-01-01"}, 1, "no customers"},
		{"cust,date\na,2024-01-01\n", []string{"--until", "soon"}, exitUsage, "--until"},
		{"cust,date\na,2024-01-01\n", []string{"--k", "0", "--model", "mbg-cnbd-k"}, exitUsage, "--k 0"},
		{"x,t_x,T\n1,2,9\n", []string{"--model", "mbg-cnbd-k"}, exitUsage, "litt"},
		{"x,t_x,T\n1,2,9\n", []string{"--until", "2024-01-01"}, exitUsage, "--until is for a log"},
		{"x,t_x,T\n1,2,9\n", []string{"--prior", "cold", "--model", "pareto-nbd"}, exitUsage, "--prior cold"},
		{"x,t_x,T\n1,2,9\n", []string{"--starts", "0"}, exitUsage, "--starts"},
		{"x,t_x,T\n1,2,9\n", []string{"--cells", "month"}, exitUsage, "--cells"},
		{"x,t_x,T\n1,2,9\n", []string{"--time-zone", "Mars"}, exitUsage, "--time-zone"},
		{"cust,date\na,2024-01-01\n", []string{"--times", "dd.MM.yyyy"}, exitUsage,
			`--times: "dd.MM.yyyy" is no form of times`},
		{"cust,date\na,2024-01-01\n", []string{"--lines", "last"}, exitUsage, "--lines last: want sum or first"},
		{"cust,date\na,2024-01-01\n", []string{"--delimiter", "ab"}, exitUsage, `--delimiter: "ab" cannot separate columns`},
		{"cust,date\na,2024-01-01\n", []string{"--order", "no"}, exitUsage, `no column "no"`},
		{"x,t_x,T\n1,2,9\n", []string{"--count", "n"}, exitUsage, `no column "n"`},
	} {
		_, stderr, code := execute(t, NewFitCommand(), c.input, append(c.args, "-")...)
		if code != c.code || !strings.Contains(stderr, c.want) {
			t.Errorf("%v: exit %d, %q, want %d, %q", c.args, code, stderr, c.code, c.want)
		}
	}
}

// Triples, their weekly groups, an earlier fit as prior, and the report.
func TestFitTriples(t *testing.T) {
	base := filepath.Join(t.TempDir(), "base.csv")
	if _, stderr, code := execute(t, NewFitCommand(), shopLog(), "--triples", base, "-"); code == 1 || code == exitUsage {
		t.Fatalf("exit %d: %s", code, stderr)
	}
	earlier := temporary(t, "earlier.json", `{"model":"mbg-nbd","params":{"r":1,"alpha":3,"a":1,"b":4}}`)
	d, _, _ := fitted(t, "", "--prior", earlier, "--cells", "week", base)
	if d.Prior != earlier || d.CellsKind != "week" || d.Customers != 60 {
		t.Errorf("prior %q, cells %q, %v customers", d.Prior, d.CellsKind, d.Customers)
	}
	stdout, _, _ := execute(t, NewFitCommand(), "", "--prior", "cold", base)
	for _, want := range []string{"standard error", "log-likelihood", "verdict", "guard", "few_customers"} {
		if !strings.Contains(stdout, want) {
			t.Errorf("the report lacks %q:\n%s", want, stdout)
		}
	}
}
