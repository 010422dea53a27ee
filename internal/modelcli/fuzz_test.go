package modelcli

import (
	"bytes"
	"encoding/csv"
	"errors"
	"math"
	"strconv"
	"strings"
	"testing"
)

// FuzzScore feeds any bytes: no panic, a known exit code, and in every output
// column nothing or a finite number.
func FuzzScore(f *testing.F) {
	for _, seed := range []string{"x,t_x,T\n2,3,9\n", "x,t_x,T,t,m_x,r,p\n1,1,1,1e9,NaN,0x1p-2,5\n",
		"\ufeffx,t_x,T\n\"\n", "x,x\n",
		"{\"x\":1,\"t_x\":2,\"T\":3}\n", "{\"x\":1e400}\n{", "x,t_x,n,T,litt,k\n3,4,6,9,-Inf,20\n"} {
		for i := range 6 {
			f.Add([]byte(seed), byte(i), i%2 == 0)
		}
	}
	models := []string{"bg-nbd", "mbg-nbd", "mbg-cnbd-k", "pareto-nbd", "bg-bb", "gamma-gamma"}
	f.Fuzz(func(t *testing.T, input []byte, model byte, asJSON bool) {
		format := "csv"
		if asJSON {
			format = "ndjson"
		}
		cmd := NewScoreCommand()
		var out bytes.Buffer
		cmd.SetIn(bytes.NewReader(input))
		cmd.SetOut(&out)
		cmd.SetErr(&bytes.Buffer{})
		cmd.SilenceErrors = true
		cmd.SetArgs([]string{"--format", format, "--model", models[int(model)%len(models)],
			"--params", "r=.5,alpha=6,a=.9,b=1.6,s=.6,beta=11,k=2,gamma=.66,delta=2.8,p=6,q=3,nu=15", "-"})
		err := cmd.Execute()
		var asks interface{ ExitCode() int }
		if err != nil && errors.As(err, &asks) && asks.ExitCode() != exitUsage && asks.ExitCode() != exitPartial {
			t.Fatalf("exit code %d", asks.ExitCode())
		}
		requireFinite(t, out.String())
	})
}

func requireFinite(t *testing.T, text string) {
	t.Helper()
	if text == "" {
		return
	}
	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil {
		t.Fatalf("output is no CSV: %v", err)
	}
	for _, row := range rows[1:] {
		for _, cell := range row[len(row)-int(outputCount) : len(row)-2] {
			if v, err := strconv.ParseFloat(cell, 64); cell != "" && (err != nil || math.IsNaN(v) || math.IsInf(v, 0)) {
				t.Fatalf("output cell %q", cell)
			}
		}
	}
}
