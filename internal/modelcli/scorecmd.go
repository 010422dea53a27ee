package modelcli

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/spf13/cobra"

	"github.com/holdfast/holdfast/pipeline/population/fit"
	"github.com/holdfast/holdfast/pipeline/score/btyd"
)

const scoreLong = `Score every row of FILE by a purchase model and write CSV to standard output:
the input's columns, then p_alive, logodds_dead, p_return, expected_purchases,
log_likelihood, crossing_half, gap_q90, expected_spend, discounted_52, value_52,
dert, note, error. An input column named like an output comes out as in_<name>.

Input columns (names are case-sensitive): x repeat purchase days, t_x weeks from
first to last purchase, T weeks from first purchase to now; optional m_x mean
value of the repeat days, t horizon of p_return and expected_purchases, litt sum
of ln(gap in weeks); for bg-bb x, t_x and n count opportunities. Columns named
like parameters (r, alpha, a, b, s, beta, k, p, q, nu; bg-bb: alpha, beta, gamma,
delta) win over --params. "holdfast fit LOG --triples FILE" makes such a file
from a purchase log.

A bad row gets its reason in the column error, and exit code 5 at the end.`

// scoreFlags are the flags as given.
type scoreFlags struct {
	scoring
	unit, format string
	delimiter    string
	params       []string
}

// NewScoreCommand makes `score`: a model's figures for every row of a file.
func NewScoreCommand() *cobra.Command {
	var f scoreFlags
	cmd := &cobra.Command{
		Use:   "score --model MODEL [--params LIST|FILE] FILE",
		Short: "Score the rows of a CSV or NDJSON file by a purchase model",
		Long:  scoreLong,
		Example: `  holdfast score --model mbg-nbd --params r=0.525,alpha=6.183,a=0.891,b=1.614 base.csv
  holdfast score --params fitted.json --unit days base.ndjson`,
		Args:         oneFile,
		SilenceUsage: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			return f.run(cmd, args[0])
		},
	}
	cmd.SetFlagErrorFunc(flagError)
	flags := cmd.Flags()
	flags.StringVar(&f.model, "model", "", modelList+"; taken from a fitted file if left out")
	flags.StringArrayVar(&f.params, "params", nil,
		"parameters: r=…,alpha=… or a file written by fit; may be repeated, the later wins")
	flags.StringVar(&f.unit, "unit", "weeks", "unit of t_x, T and t: weeks or days; everything else stays in weeks")
	flags.StringVar(&f.format, "format", "auto", "format of FILE: csv, ndjson, or auto by its name")
	flags.StringVar(&f.delimiter, "delimiter", "", `what separates the columns of CSV, such as ; or \t (default a comma)`)
	flags.Float64Var(&f.horizon, "horizon", 13,
		"horizon of p_return and expected_purchases where a row has no t, in weeks (bg-bb: opportunities)")
	flags.Float64Var(&f.margin, "margin", 1, "margin that value_52 is multiplied by")
	flags.Float64Var(&f.annual, "annual-rate", 0.15, "discount rate a year of discounted_52 and value_52")
	flags.Float64Var(&f.discount, "discount", 0.0027, "continuous discount rate per week of dert; 0.0027 is 15 % a year")
	return cmd
}

func (f *scoreFlags) run(cmd *cobra.Command, path string) error {
	params, err := readParams(f.params)
	if err != nil {
		return err
	}
	if err := f.check(params); err != nil {
		return err
	}
	t, err := openTable(path, f.format, f.delimiter, cmd.InOrStdin())
	if err != nil {
		return err
	}
	defer t.close()
	if err := f.checkColumns(t, params); err != nil {
		return err
	}
	for _, doubt := range params.doubts {
		fmt.Fprintf(cmd.ErrOrStderr(), "warning: %s\n", doubt)
	}
	rows, bad, err := f.scoreAll(t, params.values, cmd.OutOrStdout())
	if err != nil {
		return fmt.Errorf("score %s: %w", path, err)
	}
	if bad > 0 {
		return partialf("%d of %d rows could not be scored in full: see the column error", bad, rows)
	}
	return nil
}

// check refuses flags that make no sense, and settles the model.
func (f *scoreFlags) check(params given) error {
	if f.model == "" {
		f.model = params.model
	}
	if f.model == "" {
		return usagef("--model is missing: %s", modelList)
	}
	if parameterNames[f.model] == nil {
		return usagef("--model %s: want %s", f.model, modelList)
	}
	if params.model != "" && params.model != f.model && f.model != fit.GammaGamma {
		return usagef("--params: the file is for %s, not for %s", params.model, f.model)
	}
	switch {
	case f.unit != "weeks" && f.unit != "days":
		return usagef("--unit %s: want weeks or days", f.unit)
	case f.unit == "days" && f.model == fit.BGBB:
		return usagef("--unit days: bg-bb counts opportunities, not time")
	case math.IsNaN(f.margin) || math.IsInf(f.margin, 0):
		return usagef("--margin %v: want a number", f.margin)
	}
	if err := btyd.ValidateRate(f.annual); err != nil {
		return usagef("--annual-rate: %w", err)
	}
	if err := btyd.ValidateDiscount(f.discount); err != nil {
		return usagef("--discount: %w", err)
	}
	return nil
}

// checkColumns refuses a file without the columns of the model, or without any
// source for one of its parameters.
func (f *scoreFlags) checkColumns(t *table, params given) error {
	columns := []string{"x", "t_x", "T"}
	switch f.model {
	case fit.BGBB:
		columns = []string{"x", "t_x", "n"}
	case fit.GammaGamma:
		columns = []string{"x", "m_x"}
	}
	if err := t.require(columns...); err != nil {
		return err
	}
	for _, name := range parameterNames[f.model] {
		if _, fixed := params.values[name]; !fixed && !t.has(name) {
			return usagef("parameter %s of %s is missing: give it by --params or as a column", name, f.model)
		}
	}
	return nil
}

// scoreAll writes one line per row and counts those with an error.
func (f *scoreFlags) scoreAll(t *table, fixed map[string]float64, out io.Writer) (rows, bad int, err error) {
	w := csv.NewWriter(out)
	if err := w.Write(outputHeader(t.columns)); err != nil {
		return 0, 0, err
	}
	unit := 1.0
	if f.unit == "days" {
		unit = daysPerWeek
	}
	t.isRow = func(r record) bool {
		return f.score(row{table: t, record: r, fixed: fixed, unit: unit})[colError] == ""
	}
	line := make([]string, 0, len(t.columns)+int(outputCount))
	for {
		r, err := t.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			w.Flush()
			return rows, bad, errors.Join(fmt.Errorf("read row %d: %w", rows+1, err), w.Error())
		}
		rows++
		cells := f.score(row{table: t, record: r, fixed: fixed, unit: unit})
		if cells[colError] != "" {
			bad++
		}
		line = line[:0]
		for i := range t.columns {
			text := ""
			if i < len(r.fields) {
				text = r.fields[i]
			}
			line = append(line, text)
		}
		if err := w.Write(append(line, cells...)); err != nil {
			return rows, bad, err
		}
	}
	w.Flush()
	return rows, bad, w.Error()
}
