package txn

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/holdfast/holdfast/pipeline/checkpoint"
	"github.com/holdfast/holdfast/pipeline/population/cuts"
	"github.com/holdfast/holdfast/pipeline/population/parameters"
	"github.com/holdfast/holdfast/pipeline/restore"
	"github.com/holdfast/holdfast/pipeline/score"
)

// unfitted are parameters that nobody has fitted or configured.
func unfitted(t *testing.T) *score.Parameters {
	t.Helper()
	p := score.DefaultParameters()
	p.Version = score.Unfitted
	if err := p.Prepare(); err != nil {
		t.Fatal(err)
	}
	return &p
}

// model is a record of the model topic.
func model(t *testing.T, version string, source parameters.Source) *kgo.Record {
	t.Helper()
	p := score.DefaultParameters()
	p.Version = version
	if err := p.Prepare(); err != nil {
		t.Fatal(err)
	}
	record := parameters.RecordOf(&p, source, 1)
	value, err := record.Append(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &kgo.Record{Topic: "model", Key: parameters.Key(version), Value: value}
}

// population is a record of the population topic.
func population(t *testing.T, version uint64) *kgo.Record {
	t.Helper()
	c := cuts.Cuts{Version: version, ComputedAt: 1, Borders: []cuts.Border{{Quantity: "value_at_risk", Customers: 9,
		Upper: []float64{1, 2}}}}
	value, err := c.Append(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &kgo.Record{Topic: "population", Key: cuts.Key(version), Value: value}
}

// TestWhatIsInForce: the newest that was fitted, unless something is configured;
// what was configured elsewhere is known and not in force.
func TestWhatIsInForce(t *testing.T) {
	v := newVersions(unfitted(t), false)
	inForce := func(when, model string, cut uint64) {
		t.Helper()
		p, c := v.inForce()
		if p.Version != model || (c == nil) != (cut == 0) || c != nil && c.Version != cut {
			t.Errorf("%s: parameters %s and cut points %+v are in force, want %s and %d", when, p.Version, c, model, cut)
		}
	}
	take := func(add func(*kgo.Record) error, r *kgo.Record) {
		t.Helper()
		if err := add(r); err != nil {
			t.Error(err)
		}
	}
	inForce("at first", score.Unfitted, 0)
	take(v.addModel, model(t, "configured elsewhere", parameters.Configured))
	inForce("with what another configuration has", score.Unfitted, 0)
	take(v.addModel, model(t, "first", parameters.Fitted))
	take(v.addModel, model(t, "second", parameters.Fitted))
	take(v.addModel, model(t, "configured elsewhere", parameters.Configured))
	take(v.addCuts, population(t, 7))
	inForce("fitted twice", "second", 7)
	take(v.addModel, &kgo.Record{Key: parameters.Key("second")})
	take(v.addCuts, &kgo.Record{Key: cuts.Key(7)})
	take(v.addCuts, &kgo.Record{Key: []byte("histogram/3"), Value: []byte("of another kind")})
	inForce("after deletions and records of other kinds", "second", 7)
	for name, err := range map[string]error{"a model": v.addModel(&kgo.Record{Value: []byte("{")}),
		"cut points": v.addCuts(&kgo.Record{Key: cuts.Key(8), Value: []byte("{")})} {
		if err == nil {
			t.Errorf("%s that is none is taken", name)
		}
	}
	configured := score.DefaultParameters()
	configured.Version = "configured"
	if err := configured.Prepare(); err != nil {
		t.Fatal(err)
	}
	v = newVersions(&configured, false)
	take(v.addModel, model(t, "first", parameters.Fitted))
	inForce("where something is configured", "configured", 0)
}

// TestWhatABatchNames is found again, as long as it is there.
func TestWhatABatchNames(t *testing.T) {
	v := newVersions(unfitted(t), false)
	if err := errors.Join(v.addModel(model(t, "first", parameters.Fitted)), v.addCuts(population(t, 7))); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		model string
		cuts  uint64
		words string
	}{
		{"first", 7, ""}, {"first", 0, ""}, {score.Unfitted, 7, ""},
		{"second", 7, `the model topic has no parameters of version "second"`},
		{"first", 8, "the population topic has no cut points of version 8"},
	} {
		p, got, err := v.named(&checkpoint.Entry{ParamVersion: c.model, CutsVersion: c.cuts})
		switch {
		case c.words != "":
			if !errors.Is(err, restore.ErrNoVersion) || !strings.Contains(err.Error(), c.words) {
				t.Errorf("%s and %d: %v, want %s", c.model, c.cuts, err, c.words)
			}
		case err != nil || p.Version != c.model || (got == nil) != (c.cuts == 0):
			t.Errorf("%s and %d: %s, %+v, %v", c.model, c.cuts, p.Version, got, err)
		}
	}
}

// TestVersionsAreBounded: the oldest go, never those in force.
func TestVersionsAreBounded(t *testing.T) {
	v := newVersions(unfitted(t), false)
	for n := range maxVersions + 10 {
		if err := v.addCuts(population(t, uint64(n+1))); err != nil {
			t.Fatal(err)
		}
		if n < maxVersions { // as addModel does; to prepare so many would take long
			name := fmt.Sprint(n)
			v.models[name], v.order = v.configured, append(v.order, name)
		}
	}
	for _, name := range []string{"a", "b"} {
		if err := v.addModel(model(t, name, parameters.Fitted)); err != nil {
			t.Fatal(err)
		}
	}
	if len(v.models) != maxVersions+1 || len(v.cuts) != maxVersions+1 {
		t.Errorf("%d models and %d cut points are kept", len(v.models), len(v.cuts))
	}
	for _, known := range []string{score.Unfitted, "2", "a", "b"} {
		if _, _, err := v.named(&checkpoint.Entry{ParamVersion: known}); err != nil {
			t.Error(err)
		}
	}
	if _, _, err := v.named(&checkpoint.Entry{ParamVersion: "1"}); err == nil {
		t.Error("the oldest is kept")
	}
}

// TestTheFittedVersionInForceIsKept: however many versions come after it.
func TestTheFittedVersionInForceIsKept(t *testing.T) {
	v := newVersions(unfitted(t), true)
	if err := v.addModel(model(t, "fitted", parameters.Fitted)); err != nil {
		t.Fatal(err)
	}
	fitted, _ := v.inForce()
	for n := range maxVersions - 1 { // as addModel does; to prepare so many would take long
		name := fmt.Sprint("other ", n)
		v.models[name], v.order = fitted, append(v.order, name)
	}
	if err := v.addModel(model(t, "configured elsewhere", parameters.Configured)); err != nil {
		t.Fatal(err)
	}
	if p, _ := v.inForce(); p.Version != "fitted" || len(v.order) != maxVersions || v.models["other 0"] != nil {
		t.Errorf("%s is in force of %d versions", p.Version, len(v.order))
	}
}

// TestVersionsAreReadFromTheirTopics as they come; one that is not understood is
// told of and left out, and the configured one is written where it is missing.
func TestVersionsAreReadFromTheirTopics(t *testing.T) {
	s, _, cluster := onKafka(t)
	var said bytes.Buffer
	s.p.cfg.Logger = slog.New(slog.NewTextHandler(&said, nil))
	for _, topic := range []string{"model", "population"} {
		if err := cluster.CreateTopic(topic, 1, nil); err != nil {
			t.Fatal(err)
		}
	}
	s.p.cfg.Topics.Model, s.p.cfg.Topics.Population = "model", "population"
	configured := score.DefaultParameters()
	configured.Version = "configured"
	if err := configured.Prepare(); err != nil {
		t.Fatal(err)
	}
	put := func(records ...*kgo.Record) {
		t.Helper()
		if err := s.reader.ProduceSync(t.Context(), records...).FirstErr(); err != nil {
			t.Fatal(err)
		}
	}
	put(model(t, "fitted", parameters.Fitted), &kgo.Record{Topic: "model", Key: []byte("odd"), Value: []byte("{")},
		population(t, 3))
	for _, written := range []int64{3, 3} { // the second time it is there
		s.p.versions = newVersions(&configured, false)
		if err := s.loadVersions(t.Context()); err != nil {
			t.Fatal(err)
		}
		ends, err := checkpoint.EndOffsets(t.Context(), s.reader, []string{"model"})
		if err != nil || ends["model"][0].End != written {
			t.Errorf("the model topic ends with %d, %v, want %d", ends["model"][0].End, err, written)
		}
	}
	if got := said.String(); !strings.Contains(got, "offset=1 key=odd") ||
		!strings.Contains(got, "a version is left out") {
		t.Errorf("it says %q", got)
	}
	if p, c := s.p.versions.inForce(); p.Version != "configured" || c == nil || c.Version != 3 {
		t.Errorf("%s and %+v are in force", p.Version, c)
	}
	put(population(t, 4))
	ends, err := checkpoint.EndOffsets(t.Context(), s.reader, []string{"model", "population"})
	if err == nil {
		err = s.readVersions(t.Context(), ends)
	}
	if _, c := s.p.versions.inForce(); err != nil || c.Version != 4 {
		t.Errorf("%+v are in force, %v, want version 4", c, err)
	}
}
