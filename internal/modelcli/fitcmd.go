package modelcli

import (
	"fmt"
	"io"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/holdfast/holdfast/internal/civil"
	"github.com/holdfast/holdfast/internal/textfile"
	"github.com/holdfast/holdfast/pipeline/decode"
	"github.com/holdfast/holdfast/pipeline/population/fit"
)

const fitLong = `Fit a purchase model by maximum likelihood and say how far to trust it.

FILE is a purchase log, one row a purchase: a customer, a date or an instant,
and for values an amount (a negative one is a refund). Rows of one customer and
day count once, and purchases count as the processor counts them: an order that
is cancelled or wholly refunded is none. Which refund is of which order the
column of the order says (--order, or one named order_id or order; ref_order_id
for refunds); without it a refund lowers the purchase day before it, and a day of
which nothing is left is none. Rows about visits and the like, and those whose
is_test is true, are passed over. Or it is a base of triples with the columns of "holdfast score":
x, t_x, T, for mbg-cnbd-k litt, for gamma-gamma x and m_x, for bg-bb x, t_x, n.

With --until the model sees the log up to that day only, and a table compares
what it says about the time after with what happened. Progress goes to standard
error. Exit code 5: rows were left out, or the fit did not converge.`

// fitFlags are the flags as given.
type fitFlags struct {
	model, k, until, unit, cells, prior, output string
	format, write, triples, count, zone         string
	starts                                      int
	spend                                       bool
	mapping                                     logMapping
	delimiter                                   string
	now                                         func() time.Time
}

// NewFitCommand makes `fit`: a model's parameters from a purchase log.
func NewFitCommand() *cobra.Command {
	f := fitFlags{now: time.Now}
	cmd := &cobra.Command{
		Use:   "fit [--model MODEL] FILE",
		Short: "Fit a purchase model to a purchase log or to triples",
		Long:  fitLong,
		Example: `  holdfast fit --until 1997-09-30 --amount cents --amount-divisor 100 --spend \
      --write fitted.json --triples base.csv purchases.csv
  holdfast score --params fitted.json base.csv`,
		Args:         oneFile,
		SilenceUsage: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			return f.run(cmd, args[0])
		},
	}
	cmd.SetFlagErrorFunc(flagError)
	f.register(cmd)
	return cmd
}

func (f *fitFlags) register(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.model, "model", fit.MBGNBD, modelList)
	flags.StringVar(&f.k, "k", "auto", "regularity of mbg-cnbd-k: 1 to 20, or auto for the most likely of 1 to 6")
	flags.StringVar(&f.until, "until", "", "last day that the model sees of a log; the last in the log if left out")
	flags.StringVar(&f.unit, "unit", "weeks", "unit of t_x and T in triples: weeks or days")
	flags.StringVar(&f.cells, "cells", "exact",
		"exact, or week: customers with the same weeks of first and last purchase count as one")
	flags.IntVar(&f.starts, "starts", 3, "number of starting points, 1 to 6")
	flags.StringVar(&f.prior, "prior", "none",
		"none; cold: ln-parameters around ln(1, 5, 1, 2), deviation 2; or an earlier fit's file: around it, deviation 1")
	flags.StringVar(&f.write, "write", "", "write the fitted model to this file (JSON), for score --params")
	flags.StringVar(&f.triples, "triples", "",
		"write x, t_x, T, litt, m_x of every customer of a log to this file (CSV), for score")
	flags.BoolVar(&f.spend, "spend", false, "fit gamma-gamma to the amounts as well; p, q, nu go into the same file")
	flags.StringVarP(&f.output, "output", "o", "table", "standard output as table or json")
	flags.StringVar(&f.format, "format", "auto", "format of FILE: csv, ndjson, or auto by its name")
	flags.StringVar(&f.mapping.customer, "customer", "", "column of the customer")
	flags.StringVar(&f.mapping.date, "date", "", "column of the date or instant")
	flags.StringVar(&f.mapping.amount, "amount", "", "column of the amount")
	flags.StringVar(&f.mapping.order, "order", "", "column of the order's id; order_id or order if left out and there")
	flags.StringVar(&f.mapping.kind, "kind", "",
		"column that says order, renewal, refund, cancel, adjustment or exchange; kind if left out and there")
	flags.StringVar(&f.mapping.status, "status", "",
		"column of the order's status: placed, paid, shipped, delivered, payment_failed or chargeback; status if left out "+
			"and there")
	flags.StringVar(&f.mapping.lines, "lines", "",
		"several rows of one order and status: sum, or first; left out, those that differ are summed, those that are "+
			"alike count once")
	flags.StringVar(&f.delimiter, "delimiter", "", `what separates the columns of CSV, such as ; or \t (default a comma)`)
	flags.Float64Var(&f.mapping.divisor, "amount-divisor", 1, "amounts are divided by this (100 for cents)")
	flags.StringArrayVar(&f.mapping.where, "where", nil, "only rows with column=value; may be repeated")
	flags.StringArrayVar(&f.mapping.refunds, "refund", nil,
		"rows with column=value are refunds, whatever the sign of their amount; may be repeated")
	flags.StringArrayVar(&f.mapping.forms, "times", nil,
		"how the date is written: epoch_s, epoch_ms, epoch_us, epoch_ns, or a layout that writes 2 January 2006 15:04:05 "+
			"-0700, such as 02.01.2006; may be repeated")
	flags.StringVar(&f.zone, "time-zone", "UTC", "zone in which an instant's business day is taken")
	flags.StringVar(&f.count, "count", "", "column of triples with the number of customers a row stands for")
}

func (f *fitFlags) check() error {
	if parameterNames[f.model] == nil {
		return usagef("--model %s: want %s", f.model, modelList)
	}
	switch {
	case f.unit != "weeks" && f.unit != "days":
		return usagef("--unit %s: want weeks or days", f.unit)
	case f.unit == "days" && f.model == fit.BGBB:
		return usagef("--unit days: bg-bb counts opportunities, not time")
	case f.cells != "exact" && f.cells != "week":
		return usagef("--cells %s: want exact or week", f.cells)
	case f.output != "table" && f.output != "json":
		return usagef("--output %s: want table or json", f.output)
	case f.starts < 1 || f.starts > 6:
		return usagef("--starts %d: want 1 to 6", f.starts)
	case f.mapping.lines != "" && f.mapping.lines != linesSum && f.mapping.lines != linesFirst:
		return usagef("--lines %s: want sum or first", f.mapping.lines)
	case !(f.mapping.divisor > 0):
		return usagef("--amount-divisor %v: want a number above 0", f.mapping.divisor)
	case f.spend && f.model == fit.GammaGamma:
		return usagef("--spend: --model gamma-gamma is that fit already")
	case f.write != "" && filepath.Clean(f.write) == filepath.Clean(f.triples):
		return usagef("--write and --triples: %s cannot hold both", f.write)
	}
	zone, err := civil.Zone(f.zone)
	if err != nil {
		return usagef("--time-zone %s: %w", f.zone, err)
	}
	f.mapping.zone, f.mapping.today = zone, dayOf(f.now().In(zone))
	if len(f.mapping.forms) > 0 {
		if f.mapping.times, err = decode.NewTimes(f.mapping.forms, zone); err != nil {
			return usagef("--times: %w", err)
		}
	}
	return nil
}

func (f *fitFlags) run(cmd *cobra.Command, path string) error {
	if err := f.check(); err != nil {
		return err
	}
	for _, out := range []string{f.write, f.triples} {
		if textfile.Same(out, path) {
			return usagef("%s is the file that is read; write to another", out)
		}
	}
	t, err := openTable(path, f.format, f.delimiter, cmd.InOrStdin())
	if err != nil {
		return err
	}
	defer t.close()
	b, err := f.read(t)
	if err != nil {
		return fmt.Errorf("fit %s: %w", path, err)
	}
	progress := cmd.ErrOrStderr()
	if quiet := cmd.Flags().Lookup("quiet"); quiet != nil && quiet.Value.String() == "true" {
		progress = io.Discard
	}
	for _, note := range b.notes {
		fmt.Fprintf(progress, "%s\n", note)
	}
	for _, complaint := range b.complaints {
		fmt.Fprintf(cmd.ErrOrStderr(), "left out: %s\n", complaint)
	}
	d, err := f.fitBase(b, progress)
	if err != nil {
		return fmt.Errorf("fit %s: %w", path, err)
	}
	if err := f.deliver(d, b, cmd.OutOrStdout()); err != nil {
		return err
	}
	return verdictOf(d, b)
}

// verdictOf is the exit of a fit that was made.
func verdictOf(d *document, b *customerBase) error {
	switch {
	case !d.Verdict.Converged:
		return partialf("the fit did not converge: %s", d.Verdict.Reason)
	case d.Spend != nil && !d.Spend.Verdict.Converged:
		return partialf("the fit of the spend did not converge: %s", d.Spend.Verdict.Reason)
	case b.bad > 0:
		return partialf("%d of %d rows were left out", b.bad, b.rows)
	}
	return nil
}

// deliver writes the files asked for and standard output.
func (f *fitFlags) deliver(d *document, b *customerBase, out io.Writer) error {
	if f.triples != "" {
		if err := writeTriples(f.triples, b.buyers, f.mapping.amount != ""); err != nil {
			return fmt.Errorf("write triples: %w", err)
		}
	}
	if f.write != "" {
		if err := writeWhole(f.write, d.write); err != nil {
			return fmt.Errorf("write fitted model: %w", err)
		}
	}
	if f.output == "json" {
		return d.write(out)
	}
	return report(out, d)
}
