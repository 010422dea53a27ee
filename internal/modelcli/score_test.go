package modelcli

import (
	"bytes"
	"encoding/csv"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// execute runs a command and returns its output and exit code.
func execute(t *testing.T, cmd *cobra.Command, stdin string, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	var out, complaints bytes.Buffer
	cmd.SetIn(strings.NewReader(stdin))
	cmd.SetOut(&out)
	cmd.SetErr(&complaints)
	cmd.SetArgs(args)
	cmd.SilenceErrors = true
	err := cmd.Execute()
	if err != nil {
		complaints.WriteString(err.Error())
		code = 1
		var asks interface{ ExitCode() int }
		if errors.As(err, &asks) {
			code = asks.ExitCode()
		}
	}
	return out.String(), complaints.String(), code
}

func temporary(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// scored parses the output of score into a map per row.
func scored(t *testing.T, text string) (header []string, lines []map[string]string) {
	t.Helper()
	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil || len(rows) == 0 {
		t.Fatalf("output %q: %v", text, err)
	}
	for _, row := range rows[1:] {
		m := map[string]string{}
		for i, name := range rows[0] {
			m[name] = row[i]
		}
		lines = append(lines, m)
	}
	return rows[0], lines
}

const mbgParams = "r=0.525,alpha=6.183,a=0.891,b=1.614"
const outputColumns = "p_alive,logodds_dead,p_return,expected_purchases,log_likelihood,crossing_half,gap_q90," +
	"expected_spend,discounted_52,value_52,dert,note,error"

func score(t *testing.T, input string, args ...string) (header []string, lines []map[string]string, code int) {
	t.Helper()
	stdout, stderr, code := execute(t, NewScoreCommand(), input, append(args, "-")...)
	if code != 0 && code != exitPartial {
		t.Fatalf("exit %d: %s", code, stderr)
	}
	header, lines = scored(t, stdout)
	return header, lines, code
}

func requireCells(t *testing.T, line map[string]string, want map[string]string) {
	t.Helper()
	for column, text := range want {
		if line[column] != text {
			t.Errorf("%s = %q, want %q", column, line[column], text)
		}
	}
}

func requireNumber(t *testing.T, line map[string]string, column string, want float64) {
	t.Helper()
	got, err := strconv.ParseFloat(line[column], 64)
	if err != nil || math.Abs(got-want) > 1e-9*math.Max(1, math.Abs(want)) {
		t.Errorf("%s = %q, want %v", column, line[column], want)
	}
}

func TestScoreKeepsInputAndRenamesCollisions(t *testing.T) {
	header, lines, code := score(t, "note,cust,x,t_x,T,p_alive,error,in_note\nhi,7,0,0,39,.5,none,z\n",
		"--model", "mbg-nbd", "--params", mbgParams)
	if want := "in_in_note,cust,x,t_x,T,in_p_alive,in_error,in_note," + outputColumns; strings.Join(header, ",") != want {
		t.Errorf("header %s\nwant   %s", strings.Join(header, ","), want)
	}
	requireCells(t, lines[0], map[string]string{"in_in_note": "hi", "in_p_alive": ".5", "in_error": "none", "in_note": "z",
		"note": "", "error": "", "expected_spend": "", "value_52": "", "dert": ""})
	if code != 0 {
		t.Errorf("exit %d", code)
	}
}

func TestScoreUnits(t *testing.T) {
	_, days, _ := score(t, "x,t_x,T,t\n2,213,272,91\n", "--unit", "days", "--model", "mbg-nbd", "--params", mbgParams)
	requireNumber(t, days[0], "p_alive", 0.7062150554622)
	requireNumber(t, days[0], "expected_purchases", 0.4769673841049)
	requireNumber(t, days[0], "p_return", 0.3339416856411)
	requireNumber(t, days[0], "crossing_half", 402.94228535/7) // outputs stay in weeks
	requireNumber(t, days[0], "gap_q90", 381.6240112421/7)
	requireNumber(t, days[0], "discounted_52", 1.496985704024)
	requireCells(t, days[0], map[string]string{"T": "272", "t_x": "213"})
	if n := len(strings.TrimLeft(days[0]["p_alive"], "0.")); n < 16 {
		t.Errorf("p_alive = %s has %d significant digits", days[0]["p_alive"], n)
	}
}

func TestScoreMinusInfinityAndNever(t *testing.T) {
	_, lines, code := score(t, "x,t_x,T\n0,0,39\n", "--model", "bg-nbd", "--params", mbgParams)
	requireCells(t, lines[0], map[string]string{"p_alive": "1", "logodds_dead": "-1e+308", "crossing_half": "",
		"error": ""})
	if !strings.Contains(lines[0]["note"], "never") || code != 0 {
		t.Errorf("note %q, exit %d", lines[0]["note"], code)
	}
	_, lines, code = score(t, "x,t_x,T\n0,0,39\n", "--model", "mbg-nbd", "--params", "r=0.001,alpha=1,a=.001,b=10000")
	requireCells(t, lines[0], map[string]string{"gap_q90": "", "crossing_half": "", "error": ""})
	for _, want := range []string{"crossing_half: later than 1e300", "gap_q90 exceeds 1e300"} {
		if !strings.Contains(lines[0]["note"], want) || code != 0 {
			t.Errorf("note %q lacks %q, exit %d", lines[0]["note"], want, code)
		}
	}
}

func TestScoreBadRowsStopNothing(t *testing.T) {
	input := "x,t_x,T,t,m_x\n1,2,9,,\n1.5,2,9,,\n1,10,9,,\n0,2,9,,\n-1,0,9,,\n1,NaN,9,,\n,2,9,,\nzwei,2,9,,\n1,2\n1,2,9,-1,\n2,0,9,,\n1,2,600,,\n\"x\"y,1,2,,\n1,2,9,,\n"
	_, lines, code := score(t, input, "--model", "mbg-nbd", "--params", mbgParams)
	if code != exitPartial || len(lines) != 14 {
		t.Fatalf("exit %d, %d rows", code, len(lines))
	}
	for i, want := range []string{"", "x = 1.5", "t_x = 10", "t_x = 2", "x = -1", "t_x = NaN", "x: empty", `x = "zwei"`,
		"2 fields", "t = -1", "t_x = 0", "T = 600", "line 14", ""} {
		if got := lines[i]["error"]; !strings.Contains(got, want) || want == "" && got != "" {
			t.Errorf("row %d: error %q, want %q", i+1, got, want)
		}
		if empty := lines[i]["p_alive"] == ""; empty != (want != "" && want != "t = -1") {
			t.Errorf("row %d: p_alive = %q", i+1, lines[i]["p_alive"])
		}
	}
}

func TestScoreParameterPrecedence(t *testing.T) {
	_, lines, code := score(t, "x,t_x,T,r,alpha,a,b\n2,9,20,,,,\n2,9,20,1,,,\n2,9,20,1,7,2,20000\n2,9,20,0,7,2,2\n",
		"--model", "mbg-nbd", "--params", mbgParams)
	if lines[0]["p_alive"] == lines[1]["p_alive"] || lines[1]["error"] != "" {
		t.Errorf("a row's own r does not win: %v", lines[:2])
	}
	if !strings.Contains(lines[2]["error"], "b = 20000") || !strings.Contains(lines[3]["error"], "r = 0") ||
		code != exitPartial {
		t.Errorf("parameters outside the domain: %q, %q", lines[2]["error"], lines[3]["error"])
	}
	_, lines, _ = score(t, "x,t_x,T,r,alpha,a,b\n2,9,20,1,,2,2\n", "--model", "mbg-nbd")
	if !strings.Contains(lines[0]["error"], "parameter alpha") {
		t.Errorf("error %q", lines[0]["error"])
	}
}

func TestScoreSpendAndValue(t *testing.T) {
	params := []string{"--model", "mbg-nbd", "--unit", "days", "--params", mbgParams, "--params", "p=6.25,q=3.74,nu=15.44"}
	_, lines, code := score(t, "x,t_x,T,m_x\n2,213,272,22.345\n0,0,272,0\n2,213,272,\n", params...)
	requireNumber(t, lines[0], "expected_spend", 24.65961286089)
	requireNumber(t, lines[0], "value_52", 36.91508791953)
	requireNumber(t, lines[1], "expected_spend", 35.218978102189)
	requireNumber(t, lines[2], "expected_spend", 35.218978102189)
	if !strings.Contains(lines[2]["note"], "population mean") || code != 0 {
		t.Errorf("note %q, exit %d", lines[2]["note"], code)
	}
	_, lines, _ = score(t, "x,t_x,T,m_x\n2,213,272,22.345\n", append(params, "--margin", ".5", "--annual-rate", "0")...)
	requireNumber(t, lines[0], "value_52", 0.5*24.65961286089*1.597326455661)
	_, lines, code = score(t, "x,t_x,T,m_x,q\n2,213,272,22.345,1\n", params...)
	requireCells(t, lines[0], map[string]string{"expected_spend": "", "value_52": ""})
	if !strings.Contains(lines[0]["error"], "q = 1") || lines[0]["p_alive"] == "" || code != exitPartial {
		t.Errorf("q = 1: error %q, exit %d", lines[0]["error"], code)
	}
}

func TestScoreRegularity(t *testing.T) {
	args := []string{"--model", "mbg-cnbd-k", "--params", "r=1.3,alpha=2.8,a=.42,b=.79,k=2"}
	_, lines, code := score(t, "x,t_x,T,litt\n3,20,30,2.5\n3,20,30,\n", args...)
	if lines[0]["log_likelihood"] == "" || lines[1]["log_likelihood"] != "" || code != 0 {
		t.Errorf("log-likelihoods %q and, without litt, %q", lines[0]["log_likelihood"], lines[1]["log_likelihood"])
	}
	if !strings.Contains(lines[0]["note"], "approximate") || lines[0]["expected_purchases"] == "" {
		t.Errorf("note %q", lines[0]["note"])
	}
	_, lines, _ = score(t, "x,t_x,T,k\n3,20,30,1.5\n", args...)
	if !strings.Contains(lines[0]["error"], "k = 1.5") {
		t.Errorf("error %q", lines[0]["error"])
	}
	_, lines, _ = score(t, "x,t_x,T\n0,0,30\n", "--model", "mbg-cnbd-k", "--params", "r=1,alpha=3,a=5,b=1,k=2")
	if lines[0]["crossing_half"] != "" || !strings.Contains(lines[0]["note"], "right after the purchase") {
		t.Errorf("crossing %q, note %q", lines[0]["crossing_half"], lines[0]["note"])
	}
}

func TestScoreParetoAndDERT(t *testing.T) {
	_, lines, _ := score(t, "x,t_x,T\n2,213,272\n", "--unit", "days", "--model", "pareto-nbd", "--params",
		"r=.553,alpha=10.578,s=.606,beta=11.669")
	requireNumber(t, lines[0], "p_alive", 0.8691861546512)
	requireNumber(t, lines[0], "dert", 6.484143063302)
	requireNumber(t, lines[0], "gap_q90", (10.578+213.0/7)*(math.Pow(10, 1/2.553)-1))
}

func TestScoreCalendar(t *testing.T) {
	params := []string{"--model", "bg-bb", "--params", "alpha=1.204,beta=.75,gamma=.657,delta=2.783"}
	_, lines, code := score(t, "x,t_x,n,t\n6,6,6,5\n0,0,6,10\n1,1,6,2.5\n2,1,6,5\n", params...)
	requireNumber(t, lines[0], "p_alive", 0.9304025423729)
	requireNumber(t, lines[0], "expected_purchases", 3.7521156076)
	requireNumber(t, lines[1], "log_likelihood", -1.167262472674)
	requireCells(t, lines[0], map[string]string{"crossing_half": "", "gap_q90": "", "discounted_52": "", "value_52": "",
		"error": ""})
	if !strings.Contains(lines[2]["error"], "t = 2.5") || !strings.Contains(lines[3]["error"], "x = 2") ||
		code != exitPartial {
		t.Errorf("errors %q, %q, exit %d", lines[2]["error"], lines[3]["error"], code)
	}
	if _, stderr, code := execute(t, NewScoreCommand(), "x,t_x,n\n", append(params, "--unit", "days",
		"-")...); code != exitUsage {
		t.Errorf("--unit days passes for opportunities: %d %s", code, stderr)
	}
}

func TestScoreSpendAlone(t *testing.T) {
	_, lines, code := score(t, "x,m_x\n2,22.345\n0,0\n3,-4\n1,NaN\n", "--model", "gamma-gamma", "--params",
		"p=6.25,q=3.74,nu=15.44")
	requireNumber(t, lines[0], "expected_spend", 24.65961286089)
	requireCells(t, lines[0], map[string]string{"p_alive": "", "crossing_half": "", "discounted_52": ""})
	for _, i := range []int{1, 2} {
		requireCells(t, lines[i], map[string]string{"log_likelihood": "", "error": ""})
		requireNumber(t, lines[i], "expected_spend", 35.218978102189)
	}
	if lines[0]["log_likelihood"] == "" || !strings.Contains(lines[3]["error"], "m_x = NaN") || code != exitPartial {
		t.Errorf("log-likelihood %q, error %q, exit %d", lines[0]["log_likelihood"], lines[3]["error"], code)
	}
}

func TestScoreNDJSON(t *testing.T) {
	path := temporary(t, "base.ndjson",
		`{"x":2,"t_x":30.5,"T":38.9,"who":{"a":[1,2]}}`+"\n\n"+
			`{"T":38.9,"x":0,"t_x":0,"extra":"é \"q\"","who":null}`+"\n{broken\n[1]\n")
	stdout, _, code := execute(t, NewScoreCommand(), "", "--model", "mbg-nbd", "--params", mbgParams, path)
	header, lines := scored(t, stdout)
	if want := "x,t_x,T,who,extra," + outputColumns; strings.Join(header, ",") != want || code != exitPartial ||
		len(lines) != 4 {
		t.Fatalf("exit %d, %d rows, header %v", code, len(lines), header)
	}
	requireCells(t, lines[0], map[string]string{"who": `{"a":[1,2]}`, "extra": "", "error": ""})
	requireCells(t, lines[1], map[string]string{"who": "", "extra": `é "q"`, "error": "", "T": "38.9"})
	for _, i := range []int{2, 3} {
		if lines[i]["error"] == "" || lines[i]["p_alive"] != "" {
			t.Errorf("row %d: %v", i+1, lines[i])
		}
	}
}

func TestScoreRefusals(t *testing.T) {
	fitted := temporary(t, "fitted.json", `{"model":"pareto-nbd","params":{"r":1,"alpha":1,"s":1,"beta":1}}`)
	base := "x,t_x,T\n1,2,3\n"
	for _, c := range []struct {
		input string
		args  []string
		want  string
	}{
		{base, []string{"-"}, "--model is missing"},
		{base, []string{"--model", "nbd", "-"}, "want bg-nbd"},
		{base, []string{"--model", "mbg-nbd"}, "takes one FILE"},
		{base, []string{"--model", "mbg-nbd", "-"}, "parameter r"},
		{base, []string{"--model", "mbg-nbd", "--params", "r=1,alpha=x", "-"}, "want name=number"},
		{base, []string{"--model", "mbg-nbd", "--params", "rho=1", "-"}, `parameter "rho"`},
		{base, []string{"--model", "mbg-nbd", "--params", mbgParams, "--unit", "years", "-"}, "want weeks or days"},
		{base, []string{"--model", "mbg-nbd", "--params", fitted, "-"}, "for pareto-nbd"},
		{base, []string{"--model", "mbg-nbd", "--params", mbgParams, "--discount", "0", "-"}, "--discount"},
		{base, []string{"--model", "mbg-nbd", "--params", mbgParams, "--margin", "NaN", "-"}, "--margin"},
		{base, []string{"--model", "mbg-nbd", "--nonsense", "-"}, "unknown flag"},
		{"X,t_x,T\n1,2,3\n", []string{"--model", "mbg-nbd", "--params", mbgParams, "-"}, "case-sensitive"},
		{"x,T\n1,3\n", []string{"--model", "mbg-nbd", "--params", mbgParams, "-"}, `no column "t_x"`},
		{"x,t_x,T,x\n1,2,3,1\n", []string{"--model", "mbg-nbd", "--params", mbgParams, "-"}, "two columns"},
		{"", []string{"--model", "mbg-nbd", "--params", mbgParams, "-"}, "empty"},
	} {
		_, stderr, code := execute(t, NewScoreCommand(), c.input, c.args...)
		if code != exitUsage || !strings.Contains(stderr, c.want) {
			t.Errorf("%v: exit %d, %q, want %q", c.args, code, stderr, c.want)
		}
	}
	if _, stderr, code := execute(t, NewScoreCommand(), "", "--model", "mbg-nbd", "--params", mbgParams,
		"/nowhere.csv"); code != 1 {
		t.Errorf("a missing file: exit %d, %s", code, stderr)
	}
}

func TestScoreTakesFittedFileAndWarns(t *testing.T) {
	fitted := temporary(t, "fitted.json", `{"model":"mbg-nbd","params":{"r":0.525,"alpha":6.183,"a":0.891,"b":1.614},
		"guards":[{"code":"few_customers","message":"12 customers"}]}`)
	stdout, stderr, code := execute(t, NewScoreCommand(), "x,t_x,T\n2,213,272\n", "--unit", "days",
		"--params", fitted, "-")
	_, lines := scored(t, stdout)
	requireNumber(t, lines[0], "p_alive", 0.7062150554622)
	if code != 0 || !strings.Contains(stderr, "few_customers") {
		t.Errorf("exit %d, stderr %q", code, stderr)
	}
}
