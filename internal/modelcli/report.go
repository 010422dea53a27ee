package modelcli

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// report prints a fitted model for people.
func report(out io.Writer, d *document) error {
	var text strings.Builder
	reportModel(&text, d)
	if d.Spend != nil {
		fmt.Fprintln(&text)
		reportModel(&text, d.Spend)
	}
	reportCalibration(&text, d.Calibration)
	_, err := io.WriteString(out, text.String())
	return err
}

func reportModel(w io.Writer, d *document) {
	until := ""
	if d.Until != "" {
		until = " up to " + d.Until
	}
	fmt.Fprintf(w, "%s: %.0f customers, %.0f of them bought again, %d %s cells%s\n\n",
		d.Model, d.Customers, d.Repeaters, d.Cells, d.CellsKind, until)
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "parameter\tvalue\tstandard error\t")
	for _, name := range parameterNames[d.Model] {
		deviation := "-"
		if e := d.StandardErrors[name]; e != nil {
			deviation = fmt.Sprintf("%.4g", *e)
		}
		fmt.Fprintf(table, "%s\t%.6g\t%s\t\n", name, d.Params[name], deviation)
	}
	table.Flush()
	fmt.Fprintf(w, "\nlog-likelihood  %.6f\n", d.LogLikelihood)
	if d.CellsKind == "week" {
		fmt.Fprintf(w, "  of the cells  %.6f (histories taken at the mean of their cell)\n", d.CellsLogLikelihood)
	}
	for _, c := range d.ByK {
		fmt.Fprintf(w, "  with k = %d    %.6f\n", c.K, c.LogLikelihood)
	}
	if d.MeanPAlive != nil {
		fmt.Fprintf(w, "mean P(alive)   %.4f\n", *d.MeanPAlive)
	}
	if d.Correlation != nil {
		fmt.Fprintf(w, "correlation of frequency and value  %.3f\n", *d.Correlation)
	}
	state := "converged"
	if !d.Verdict.Converged {
		state = "NOT CONVERGED"
	}
	fmt.Fprintf(w, "verdict         %s: %s\n", state, d.Verdict.Reason)
	for _, g := range d.Guards {
		fmt.Fprintf(w, "guard           %s: %s\n", g.Code, g.Message)
	}
}

func reportCalibration(w io.Writer, c *calibration) {
	if c == nil {
		return
	}
	fmt.Fprintf(w, "\nWhat the model says of %s to %s (%.1f weeks), and what happened,\nby tenths of the customers "+
		"from least to most likely to return:\n\n",
		c.From, c.To, c.HorizonWeeks)
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "customers\tp_return\treturned\tpurchases expected\tactual\t")
	for _, b := range c.Bins {
		fmt.Fprintf(table, "%d\t%.3f\t%.3f\t%.1f\t%d\t\n",
			b.Customers, b.PredictedReturn, b.ObservedReturn, b.ExpectedPurchases, b.ActualPurchases)
	}
	table.Flush()
	fmt.Fprintf(w, "\nreturned   %d, expected %.1f\npurchases  %d, expected %.1f\nBrier      %.4f\nmean error of "+
		"p_return over the tenths  %.4f\n",
		c.ActualReturns, c.ExpectedReturns, c.ActualPurchases, c.ExpectedPurchases, c.Brier, c.CalibrationError)
}
