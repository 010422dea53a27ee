// Package parameters is the form in which versions of the model's parameters lie on
// the model topic. A batch names the version that it is judged by, so a version
// is read for as long as a replay may need a batch of it.
package parameters

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"

	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/score"
	"github.com/holdfast/holdfast/pipeline/score/btyd"
	"github.com/holdfast/holdfast/pipeline/signal"
)

// Record is one version of the parameters that customers are scored by. What
// is configured and not fitted (weights, thresholds, horizon, margin) is no
// part of it.
type Record struct {
	Version           string // param_version: equal parameters have equal versions
	Source            Source
	Purchase          btyd.MBGNBD      // time in weeks
	K                 int              // order of the gaps; 0 is 1
	Activity          *btyd.MBGNBD     // of the activity days, time in weeks; nil: none fitted
	Spend             *btyd.GammaGamma // major units of the currency; nil: none fitted
	DropoutIdentified bool
	Sufficiency       signal.DataSufficiency
	ComputedAt        event.Instant
	Customers         int64     // of the base that it was fitted to; 0: configured
	LogLikelihood     float64   // of that base
	Through           event.Day // the last business day of that base
	Segments          []score.SegmentModel
}

// Source says where parameters come from.
type Source string

// The sources. Configured parameters are in force while they are configured,
// fitted ones else.
const (
	Configured Source = "configured"
	Fitted     Source = "fitted"
)

// ErrRecord says that a record of the model topic is none that this release
// understands. The error that wraps it says why.
var ErrRecord = errors.New("not a version of model parameters")

const (
	format          = 1
	maxVersionBytes = 64
	latestDay       = 120_000 // of a base: in the year 2298
	// maxLogLikelihood is far beyond what any base of customers comes to.
	maxLogLikelihood = 1e15
)

type document struct {
	Format            int           `json:"format"`
	Version           string        `json:"version"`
	Source            Source        `json:"source"`
	Purchase          purchase      `json:"purchase"`
	Activity          *purchase     `json:"activity,omitempty"`
	Spend             *spend        `json:"spend,omitempty"`
	DropoutIdentified bool          `json:"dropout_identified"`
	Sufficiency       string        `json:"data_sufficiency"`
	ComputedAt        event.Instant `json:"computed_at_us"`
	Customers         int64         `json:"customers,omitempty"`
	LogLikelihood     float64       `json:"log_likelihood,omitempty"`
	Through           event.Day     `json:"through_day,omitempty"`
	Segments          []segment     `json:"segments,omitempty"`
}

type purchase struct {
	R     float64 `json:"r"`
	Alpha float64 `json:"alpha"`
	A     float64 `json:"a"`
	B     float64 `json:"b"`
	K     int     `json:"k,omitempty"`
}

type spend struct {
	P  float64 `json:"p"`
	Q  float64 `json:"q"`
	Nu float64 `json:"nu"`
}

// Key is the key of a version's record: the topic is compacted, and keeps the
// newest record of each version.
func Key(version string) []byte { return []byte(version) }

// Append appends the record as JSON. Numbers are written so that they are read
// as the same bits.
func (r *Record) Append(dst []byte) ([]byte, error) {
	d := document{Format: format, Version: r.Version, Source: r.Source,
		Purchase:          purchase{r.Purchase.R, r.Purchase.Alpha, r.Purchase.A, r.Purchase.B, r.K},
		DropoutIdentified: r.DropoutIdentified, Sufficiency: r.Sufficiency.String(), ComputedAt: r.ComputedAt,
		Customers: r.Customers, LogLikelihood: r.LogLikelihood, Through: r.Through}
	d.Activity, d.Spend = activityOf(r.Activity), spendOf(r.Spend)
	for i := range r.Segments {
		d.Segments = append(d.Segments, segmentOf(&r.Segments[i]))
	}
	text, err := json.Marshal(d)
	if err != nil {
		return dst, fmt.Errorf("write model parameters %q: %w", r.Version, err)
	}
	return append(dst, text...), nil
}

// Parse reads what Append wrote. Fields that it does not know are left out: a
// later release may add some. Its errors wrap ErrRecord.
func Parse(value []byte) (Record, error) {
	var d document
	if err := json.Unmarshal(value, &d); err != nil {
		return Record{}, fmt.Errorf("%w: %w", ErrRecord, err)
	}
	sufficiency, ok := signal.SufficiencyNamed(d.Sufficiency)
	switch {
	case d.Format != format:
		return Record{}, fmt.Errorf("%w: format %d, and this release reads %d", ErrRecord, d.Format, format)
	case d.Version == "" || len(d.Version) > maxVersionBytes:
		return Record{}, fmt.Errorf("%w: a version of %d bytes, want 1 to %d", ErrRecord, len(d.Version), maxVersionBytes)
	case d.Source != Configured && d.Source != Fitted:
		return Record{}, fmt.Errorf("%w: source %q, want %q or %q", ErrRecord, d.Source, Configured, Fitted)
	case d.Customers < 0 || math.Abs(d.LogLikelihood) > maxLogLikelihood || d.ComputedAt < 0 ||
		d.Through < 0 || d.Through > latestDay:
		return Record{}, fmt.Errorf("%w: fitted to %d customers through day %d at %d µs, with a log-likelihood of %g",
			ErrRecord, d.Customers, d.Through, d.ComputedAt, d.LogLikelihood)
	case !ok:
		return Record{}, fmt.Errorf("%w: data_sufficiency %q is not known", ErrRecord, d.Sufficiency)
	}
	r := Record{Version: d.Version, Source: d.Source, K: d.Purchase.K,
		Purchase:          btyd.MBGNBD{R: d.Purchase.R, Alpha: d.Purchase.Alpha, A: d.Purchase.A, B: d.Purchase.B},
		DropoutIdentified: d.DropoutIdentified, Sufficiency: sufficiency, ComputedAt: d.ComputedAt,
		Customers: d.Customers, LogLikelihood: d.LogLikelihood, Through: d.Through}
	r.Activity, r.Spend = d.Activity.model(), d.Spend.model()
	if err := r.takeSegments(d.Segments); err != nil {
		return Record{}, err
	}
	return r, nil
}

// RecordOf is the version that parameters are of.
func RecordOf(p *score.Parameters, source Source, at event.Instant) Record {
	r := Record{Version: p.Version, Source: source, Purchase: p.Purchase, K: p.K, DropoutIdentified: p.DropoutIdentified,
		Sufficiency: p.DataSufficiency, ComputedAt: at, Segments: p.Segments}
	if p.HasActivity {
		activity := p.Activity
		r.Activity = &activity
	}
	if p.HasSpend {
		spend := p.Spend
		r.Spend = &spend
	}
	return r
}

// Parameters returns the version's parameters with everything else as
// configured. Its error says which parameter lies outside its domain.
func (r *Record) Parameters(configured *score.Parameters) (*score.Parameters, error) {
	p := *configured
	p.Purchase, p.K, p.HasSpend, p.Spend = r.Purchase, r.K, r.Spend != nil, btyd.GammaGamma{}
	if r.Spend != nil {
		p.Spend = *r.Spend
	}
	if p.HasActivity, p.Activity = r.Activity != nil, (btyd.MBGNBD{}); r.Activity != nil {
		p.Activity = *r.Activity
	}
	p.Fitted, p.DropoutIdentified, p.DataSufficiency, p.Version = r.Sufficiency != signal.NoFit, r.DropoutIdentified,
		r.Sufficiency, r.Version
	p.Customers, p.LogLikelihood, p.FittedAt, p.Segments = 0, 0, 0, r.Segments
	if r.Source == Fitted {
		p.Customers, p.LogLikelihood, p.FittedAt = uint64(max(r.Customers, 0)), r.LogLikelihood, r.ComputedAt
	}
	if err := p.Prepare(); err != nil {
		return nil, fmt.Errorf("use model parameters %q: %w", r.Version, err)
	}
	return &p, nil
}
