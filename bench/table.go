package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
)

func (r *result) rate() float64 { return float64(r.Events) / r.Seconds }

// printTable prints medians, with the least and the most of the rounds.
func (f *field) printTable(w io.Writer) {
	fmt.Fprintln(w)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "\tk events/s\tµs CPU/event\trate ÷ bare\tCPU ÷ bare\trows/event\talerts/event\tdeadlines/event")
	if len(f.entrants) > 0 && len(f.entrants[0].rounds) > 0 {
		rounds := f.entrants[0].rounds
		fmt.Fprintf(t, "bare kgo fetch, default options\t%s\t%s\t1\t1\t\t\t\n",
			spread(rounds, "%.0f", func(r round) float64 { return r.bareRate / 1e3 }),
			spread(rounds, "%.2f", func(r round) float64 { return r.bareCPU * 1e6 }))
	}
	for _, e := range f.entrants {
		e.print(t)
	}
	t.Flush()
}

func (e *entrant) print(w io.Writer) {
	if len(e.wrong) > 0 {
		fmt.Fprintf(w, "%s\tWRONG, scores nothing: %s\n", e.title, strings.Join(e.wrong, "; "))
		return
	}
	cpu := func(r round) float64 { return r.CPU / float64(r.Events) }
	fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t", e.title,
		spread(e.rounds, "%.0f", func(r round) float64 { return r.rate() / 1e3 }),
		spread(e.rounds, "%.2f", func(r round) float64 { return cpu(r) * 1e6 }),
		spread(e.rounds, "%.3f", func(r round) float64 { return r.rate() / r.bareRate }),
		spread(e.rounds, "%.2f", func(r round) float64 { return cpu(r) / r.bareCPU }))
	if e.process.order.Mode == committing {
		measured := e.rows[len(e.rows)-len(e.rounds):] // the first is of the histories
		fmt.Fprintf(w, "%.3f", median(slices.Clone(measured)))
	}
	if e.process.order.Mode == fetchDecode {
		fmt.Fprintln(w, "\t\t")
		return
	}
	fmt.Fprintf(w, "\t%.4f\t%.4f\n",
		middle(e.rounds, func(r round) float64 { return float64(r.Alerts) / float64(r.Events) }),
		middle(e.rounds, func(r round) float64 { return float64(r.Fired) / float64(r.Events) }))
}

// spread is "median (least–most)".
func spread(rounds []round, format string, of func(round) float64) string {
	values := make([]float64, len(rounds))
	for i, r := range rounds {
		values[i] = of(r)
	}
	m := median(values)
	return fmt.Sprintf(format+" ("+format+"–"+format+")", m, values[0], values[len(values)-1])
}

func middle(rounds []round, of func(round) float64) float64 {
	values := make([]float64, len(rounds))
	for i, r := range rounds {
		values[i] = of(r)
	}
	return median(values)
}

// median sorts values and gives the middle one.
func median(values []float64) float64 {
	slices.Sort(values)
	n := len(values)
	if n == 0 {
		return 0
	}
	return (values[(n-1)/2] + values[n/2]) / 2
}
