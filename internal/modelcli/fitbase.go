package modelcli

import (
	"fmt"
	"io"
	"strconv"

	"github.com/holdfast/holdfast/pipeline/population/fit"
	"github.com/holdfast/holdfast/pipeline/score/btyd"
)

// customerBase is what a fit needs of its file: points of whatever kind.
type customerBase struct {
	points, exact []fit.Point // as fitted, and without cells
	spend         []fit.SpendPoint
	calendar      []fit.CalendarPoint
	hasGaps       bool

	buyers      []buyer // of a log
	until, last fit.Day
	isLog       bool

	rows, bad  int
	complaints []string
	notes      []string
}

// read makes the base from a log or from triples.
func (f *fitFlags) read(t *table) (*customerBase, error) {
	if isTriples(t, f.model) && f.mapping.customer == "" && f.mapping.date == "" {
		return f.fromTriples(t)
	}
	if f.model == fit.BGBB {
		return nil, usagef("bg-bb is fitted to the columns x, t_x, n; a log has no opportunities")
	}
	if f.count != "" {
		return nil, usagef("--count is for triples; the file is a log")
	}
	if err := f.mapping.settle(t); err != nil {
		return nil, err
	}
	if f.mapping.amount == "" && (f.spend || f.model == fit.GammaGamma) {
		return nil, usagef("gamma-gamma needs values: say --amount COLUMN")
	}
	return f.fromLog(t)
}

func (f *fitFlags) fromTriples(t *table) (*customerBase, error) {
	switch {
	case f.until != "":
		return nil, usagef("--until is for a log; in triples T says until when")
	case f.triples != "":
		return nil, usagef("--triples is for a log; the file holds triples already")
	case f.spend:
		return nil, usagef("--spend is for a log; fit triples once more with --model gamma-gamma")
	}
	unit := 1.0
	if f.unit == "days" {
		unit = daysPerWeek
	}
	read, err := readTriples(t, f.model, unit, f.count)
	if err != nil {
		return nil, err
	}
	exact := fit.Group(read.points, false)
	b := &customerBase{points: exact, exact: exact, spend: read.spend, calendar: read.calendar,
		hasGaps: read.hasGaps, rows: read.rows, bad: read.bad, complaints: read.complaints}
	if f.cells == "week" {
		b.points = fit.Group(read.points, true)
	}
	return b, nil
}

func (f *fitFlags) fromLog(t *table) (*customerBase, error) {
	log, err := readLog(t, f.mapping)
	if err != nil {
		return nil, err
	}
	b := &customerBase{isLog: true, hasGaps: true, until: log.last, last: log.last,
		rows: log.read, bad: log.bad, complaints: log.complaints}
	if f.until != "" {
		if b.until, err = parseDay(f.until, f.mapping.zone); err != nil {
			return nil, usagef("--until: %w", err)
		}
	}
	var beyond outside
	b.buyers, beyond = log.buyersUntil(b.until)
	b.notes = append([]string{"columns: " + f.mapping.columns()}, log.notes...)
	if f.mapping.value == "" && len(f.mapping.refunds) > 0 {
		b.notes = append(b.notes, "refunds without amounts take nothing back: say --amount COLUMN")
	}
	if beyond.count > 0 {
		b.bad += beyond.count
		b.complaints = append(b.complaints, fmt.Sprintf(
			"%d customers with more than %d repeats or older than %d weeks on %s; the first of them begins with row %d, of %s",
			beyond.count, btyd.MaxRepeats, btyd.MaxWeeks, dateOf(b.until), beyond.row, dateOf(beyond.day)))
	}
	b.exact = pointsOf(b.buyers, 1, b.until)
	b.points = b.exact
	if f.cells == "week" {
		b.points = pointsOf(b.buyers, daysPerWeek, b.until)
	}
	b.spend = spendPointsOf(b.buyers)
	return b, nil
}

// fitBase fits the model, and the spend where asked for.
func (f *fitFlags) fitBase(b *customerBase, progress io.Writer) (*document, error) {
	prior, err := f.readPrior()
	if err != nil {
		return nil, err
	}
	options := fit.Options{Starts: f.starts, Prior: prior, Progress: progressTo(progress, f.model)}
	var d *document
	switch f.model {
	case fit.BGBB:
		d, err = documentOf(fit.FitCalendar(b.calendar, options))
	case fit.GammaGamma:
		d, err = documentOf(fit.FitSpend(b.spend, options))
	default:
		d, err = f.fitPurchases(b, options)
	}
	if err != nil {
		return nil, err
	}
	d.Prior = f.prior
	if b.isLog {
		d.Until = dateOf(b.until)
	}
	if f.spend {
		options := fit.Options{Starts: f.starts, Progress: progressTo(progress, fit.GammaGamma)}
		if d.Spend, err = documentOf(fit.FitSpend(b.spend, options)); err != nil {
			return nil, fmt.Errorf("gamma-gamma: %w", err)
		}
		d.takeSpend()
	}
	return d, nil
}

// takeSpend puts p, q, nu beside the purchase model's parameters, unless their
// mean does not exist.
func (d *document) takeSpend() {
	if d.Spend.Params["q"] <= 1 {
		return
	}
	for name, v := range d.Spend.Params {
		d.Params[name] = v
	}
}

func documentOf(r fit.Result, err error) (*document, error) {
	if err != nil {
		return nil, err
	}
	return newDocument(r), nil
}

// fitPurchases fits a model in continuous time; for mbg-cnbd-k it settles k.
func (f *fitFlags) fitPurchases(b *customerBase, options fit.Options) (*document, error) {
	r, candidates, err := f.fitK(b, options)
	if err != nil {
		return nil, err
	}
	d := newDocument(r)
	d.LogLikelihood = fit.LogLikelihood(r, b.exact)
	d.CellsKind = f.cells
	d.ByK = candidates
	if b.isLog {
		d.Calibration = calibrate(r, b.buyers, b.until, b.last)
	}
	return d, nil
}

func (f *fitFlags) fitK(b *customerBase, options fit.Options) (fit.Result, []byK, error) {
	if f.model != fit.MBGCNBDK {
		r, err := fit.Fit(f.model, 0, b.points, options)
		return r, nil, err
	}
	if !b.hasGaps {
		return fit.Result{}, nil, usagef("mbg-cnbd-k needs the column litt, the sum of ln(gap in weeks)")
	}
	if f.k != "auto" {
		k, err := strconv.Atoi(f.k)
		if err != nil || k < 1 || k > btyd.MaxRegularity {
			return fit.Result{}, nil, usagef("--k %s: want auto or a whole number from 1 to %d", f.k, btyd.MaxRegularity)
		}
		r, err := fit.Fit(f.model, k, b.points, options)
		return r, nil, err
	}
	all, best, err := fit.BestK(b.points, options)
	if err != nil {
		return fit.Result{}, nil, err
	}
	var candidates []byK
	for _, r := range all {
		candidates = append(candidates, byK{r.K, r.LogLikelihood})
	}
	return all[best], candidates, nil
}

// readPrior reads --prior.
func (f *fitFlags) readPrior() (*fit.Prior, error) {
	switch f.prior {
	case "none":
		return nil, nil
	case "cold":
		if f.model != fit.BGNBD && f.model != fit.MBGNBD && f.model != fit.MBGCNBDK {
			return nil, usagef("--prior cold is about r, alpha, a, b; %s has other parameters", f.model)
		}
		return fit.ColdStart(), nil
	}
	earlier, err := readParams([]string{f.prior})
	if err != nil {
		return nil, fmt.Errorf("--prior (none, cold or a fitted file): %w", err)
	}
	prior := &fit.Prior{Deviation: 1}
	for _, name := range parameterNames[f.model] {
		v, ok := earlier.values[name]
		switch {
		case name == "k":
			continue
		case !ok || !(v > 0):
			return nil, usagef("--prior %s: it gives no %s above 0", f.prior, name)
		}
		prior.Centre = append(prior.Centre, v)
	}
	return prior, nil
}

// progressTo prints a line per start.
func progressTo(out io.Writer, model string) func(fit.Start, int) {
	return func(s fit.Start, of int) {
		state := "converged"
		if !s.Converged {
			state = "not converged"
		}
		fmt.Fprintf(out, "%s: start %d of %d: log-likelihood %.5f, %d evaluations, %s\n",
			model, s.Number, of, s.LogLikelihood, s.Evaluations, state)
	}
}
