package txn

import (
	"bytes"
	"context"
	"fmt"
	"sync"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/holdfast/holdfast/pipeline/checkpoint"
	"github.com/holdfast/holdfast/pipeline/lane"
	"github.com/holdfast/holdfast/pipeline/population/cuts"
	"github.com/holdfast/holdfast/pipeline/population/parameters"
	"github.com/holdfast/holdfast/pipeline/restore"
	"github.com/holdfast/holdfast/pipeline/score"
)

// Parameters and cut points are inputs: each version is a record of the model or
// the population topic, a batch names those in force, and its entry keeps their
// names, so that a replay judges by them and not by those of today. Configured
// parameters take the same way: they are written to the model topic before the
// first batch that names them.

// versions are the parameters and cut points that are known, and those in force.
// The topics are read ahead of the batches; a batch takes what is in force when
// it is cut.
type versions struct {
	configured *score.Parameters
	selfFit    bool // the model is fitted to the customers where none is configured

	mu     sync.Mutex
	models map[string]*score.Parameters
	order  []string           // of models, oldest first, so that the table is bounded
	fitted *parameters.Record // the newest fitted version; nil: none
	cuts   map[uint64]*cuts.Cuts
	newest *cuts.Cuts
	next   map[string]int64 // the next offset to read, per topic
}

// maxVersions bounds the versions of a kind that are kept. One a week is fitted,
// and a replay goes back some minutes.
const maxVersions = 1024

func newVersions(configured *score.Parameters, selfFit bool) *versions {
	return &versions{configured: configured, selfFit: selfFit,
		models: map[string]*score.Parameters{configured.Version: configured},
		cuts:   map[uint64]*cuts.Cuts{}, next: map[string]int64{}}
}

// isConfigured reports whether the configuration gives parameters: they are in
// force then, whatever was fitted.
func (v *versions) isConfigured() bool { return v.configured.Version != score.Unfitted }

// fits reports whether the model is fitted to the customers: there is a topic for
// it, it is not switched off, and no parameters are configured.
func (v *versions) fits() bool { return v.selfFit && !v.isConfigured() }

// champion is the newest version that was fitted, nil where there is none. It is
// read only.
func (v *versions) champion() *parameters.Record {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.fitted
}

// inForce returns what the next batch is judged by.
func (v *versions) inForce() (*score.Parameters, *cuts.Cuts) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.fitted != nil && !v.isConfigured() {
		if p := v.models[v.fitted.Version]; p != nil {
			return p, v.newest
		}
	}
	return v.configured, v.newest
}

// named returns what a batch was judged by. Its error says what is missing.
func (v *versions) named(e *checkpoint.Entry) (*score.Parameters, *cuts.Cuts, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	p, known := v.models[e.ParamVersion]
	if !known {
		return nil, nil, fmt.Errorf("%w: the model topic has no parameters of version %q", restore.ErrNoVersion,
			e.ParamVersion)
	}
	c := v.cuts[e.CutsVersion]
	if c == nil && e.CutsVersion != 0 {
		return nil, nil, fmt.Errorf("%w: the population topic has no cut points of version %d", restore.ErrNoVersion,
			e.CutsVersion)
	}
	return p, c, nil
}

// knows reports whether parameters of a version have been read.
func (v *versions) knows(version string) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.models[version] != nil && v.models[version] != v.configured
}

// addModel takes up a record of the model topic.
func (v *versions) addModel(r *kgo.Record) error {
	if r.Value == nil {
		return nil // a version that nobody needs any more
	}
	record, err := parameters.Parse(r.Value)
	if err != nil {
		return err
	}
	if !bytes.Equal(r.Key, parameters.Key(record.Version)) { // compaction goes by it
		return fmt.Errorf("%w: version %q stands under another key", parameters.ErrRecord, record.Version)
	}
	p, err := record.Parameters(v.configured)
	if err != nil {
		return err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.models[p.Version] == nil {
		v.order = append(v.order, p.Version)
	}
	v.models[p.Version] = p
	if record.Source == parameters.Fitted {
		v.fitted = &record
	}
	if len(v.order) > maxVersions {
		v.forgetOldest()
	}
	return nil
}

// forgetOldest lets the oldest version go; the fitted one in force stays, however old it
// is, and so does the configured one.
func (v *versions) forgetOldest() {
	oldest := v.order[0]
	v.order = v.order[1:]
	if v.fitted != nil && oldest == v.fitted.Version {
		oldest = v.order[0]
		v.order[0] = v.fitted.Version
	}
	if oldest != v.configured.Version {
		delete(v.models, oldest)
	}
}

// addCuts takes up a record of the population topic that holds cut points.
func (v *versions) addCuts(r *kgo.Record) error {
	if !cuts.IsKey(r.Key) || r.Value == nil {
		return nil
	}
	c, err := cuts.Parse(r.Value)
	if err != nil {
		return err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.cuts[c.Version], v.newest = c, c
	for version := range v.cuts {
		if version+maxVersions < c.Version {
			delete(v.cuts, version)
		}
	}
	return nil
}

// topics are those that versions are read from: none where they are not configured.
func (v *versions) topics(t *lane.Topics) map[string]func(*kgo.Record) error {
	from := map[string]func(*kgo.Record) error{}
	if t.Model != "" {
		from[t.Model] = v.addModel
	}
	if t.Population != "" {
		from[t.Population] = v.addCuts
	}
	return from
}

// readVersions reads what is new on the topics of versions. A record that is not
// understood is left out and told of: a batch that names it cannot be replayed.
func (s *session) readVersions(ctx context.Context, ends map[string]map[int32]checkpoint.Range) error {
	v := s.p.versions
	for topic, add := range v.topics(&s.p.cfg.Topics) {
		r := ends[topic][0]
		from := max(v.next[topic], r.Start)
		if from >= r.End {
			continue
		}
		_, err := checkpoint.ReadRange(ctx, s.reader,
			checkpoint.ReadRangeOptions{Topic: topic, Partition: 0, From: from, To: r.End,
				SkipToLogStart: true}, func(record *kgo.Record) error {
				if err := add(record); err != nil {
					s.p.cfg.Logger.Error("a version is left out: its record is not understood; write it again, or delete its key",
						"topic", topic, "offset", record.Offset, "key", string(record.Key[:min(len(record.Key), 64)]),
						"error", err.Error())
				}
				return nil
			})
		if err != nil {
			return fmt.Errorf("read the versions on %s: %w", topic, err)
		}
		v.next[topic] = r.End
	}
	return nil
}

// loadVersions reads all versions before anything is restored, and writes the
// configured one where the topic does not have it: a replay of a later life,
// under another configuration, needs it.
func (s *session) loadVersions(ctx context.Context) error {
	v, topic := s.p.versions, s.p.cfg.Topics.Model
	names := make([]string, 0, 2)
	for name := range v.topics(&s.p.cfg.Topics) {
		names = append(names, name)
	}
	clear(v.next) // a topic may have been made anew meanwhile
	ends, err := checkpoint.EndOffsets(ctx, s.reader, names)
	if err != nil {
		return fmt.Errorf("ask for the ends of the versions: %w", err)
	}
	if err := s.readVersions(ctx, ends); err != nil {
		return err
	}
	if topic == "" || !v.isConfigured() || v.knows(v.configured.Version) {
		return nil
	}
	record := parameters.RecordOf(v.configured, parameters.Configured, s.p.wall())
	value, err := record.Append(nil)
	if err != nil {
		return err
	}
	written := &kgo.Record{Topic: topic, Partition: 0, Key: parameters.Key(record.Version), Value: value}
	if err := s.reader.ProduceSync(ctx, written).FirstErr(); err != nil {
		return fmt.Errorf("write the configured parameters to %s: %w", topic, err)
	}
	s.p.cfg.Logger.Info("configured parameters are written to the model topic", "param_version", record.Version)
	return nil
}
