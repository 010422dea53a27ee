package pipeline_test

import (
	"slices"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/holdfast/holdfast/internal/workload"
	"github.com/holdfast/holdfast/pipeline"
	"github.com/holdfast/holdfast/pipeline/checkpoint"
	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/population/cuts"
	"github.com/holdfast/holdfast/pipeline/population/parameters"
	"github.com/holdfast/holdfast/pipeline/score"
	"github.com/holdfast/holdfast/pipeline/score/btyd"
	"github.com/holdfast/holdfast/pipeline/signal"
	"github.com/holdfast/holdfast/schemas/topics"
)

// otherwise is a configuration with other parameters.
func otherwise(t testing.TB, cfg pipeline.Config, version string, m btyd.MBGNBD) pipeline.Config {
	t.Helper()
	p := *cfg.Shard.Parameters
	p.Version, p.Purchase = version, m
	if version == score.Unfitted {
		p.DataSufficiency = signal.NoFit
	}
	if err := p.Prepare(); err != nil {
		t.Fatal(err)
	}
	cfg = fresh(cfg)
	cfg.Shard.Parameters = &p
	return cfg
}

// publish writes a record where versions lie.
func (v *virtual) publish(topic topics.Key, key, value []byte) {
	v.t.Helper()
	client := v.placed()
	err := client.ProduceSync(v.ctx(), &kgo.Record{Topic: v.names[topic], Key: key, Value: value}).FirstErr()
	if err != nil {
		v.t.Fatal(err)
	}
}

func (v *virtual) publishFitted(version string, m btyd.MBGNBD) {
	v.t.Helper()
	record := parameters.Record{Version: version, Source: parameters.Fitted, Purchase: m, DropoutIdentified: true,
		ComputedAt: start}
	value, err := record.Append(nil)
	if err != nil {
		v.t.Fatal(err)
	}
	v.publish(topics.Model, parameters.Key(version), value)
}

// lives are the events of four lives, of so many customers that a commit does
// not write all pages.
func lives() (parts [][]workload.Item) {
	all := items(workload.LoadConfig{Events: 4 * lifeEvents, Customers: 1500, Seed: 7, Start: start,
		Step: 8 * event.Minute})
	for part := range slices.Chunk(all, lifeEvents) {
		parts = append(parts, part)
	}
	return parts
}

const lifeEvents = 5_000

// live lets a pipeline take a life's events.
func (v *virtual) live(cfg pipeline.Config, part []workload.Item) {
	v.t.Helper()
	v.setWall(part[len(part)-1].At + event.Hour)
	v.produce(part)
	v.caughtUp(cfg)
}

// die lets a life take its events and end without a word.
func (v *virtual) die(cfg pipeline.Config, part []workload.Item) {
	v.t.Helper()
	cut := v.severable(&cfg)
	p := v.run(cfg)
	v.live(cfg, part)
	cut()
	if err := p.stop(); err != nil {
		v.t.Fatal(err)
	}
}

// versionsOf are the versions of parameters and cut points that batches name, in
// their order.
func versionsOf(entries []checkpoint.Entry) (models []string, cutsOf []uint64) {
	for i := range entries {
		models, cutsOf = append(models, entries[i].ParamVersion), append(cutsOf, entries[i].CutsVersion)
	}
	return slices.Compact(models), slices.Compact(cutsOf)
}

// TestAReplayJudgesByTheVersionsOfItsBatches: parameters are configured, changed,
// and given up for fitted ones, which a later fit replaces while the pipeline
// runs, and each life dies with batches that must be replayed. All that is
// written is what one thread makes of the entries, each with its own version.
func TestAReplayJudgesByTheVersionsOfItsBatches(t *testing.T) {
	quick, slow := btyd.MBGNBD{R: 1, Alpha: 5, A: 1, B: 2}, btyd.MBGNBD{R: 2, Alpha: 60, A: .5, B: 9}
	inVirtualTime(t, func(v *virtual) {
		cfg, parts := v.honest(), lives()
		cfg.MaxReplay = time.Hour // pages are of before
		v.die(otherwise(t, cfg, "quick", quick), parts[0])
		v.die(otherwise(t, cfg, "slow", slow), parts[1])
		v.publishFitted("fit-1", quick)
		unfitted := otherwise(t, cfg, score.Unfitted, slow)
		v.die(unfitted, parts[2])
		unfitted = fresh(unfitted)
		p := v.run(unfitted)
		v.publishFitted("fit-2", slow)
		some := cuts.Cuts{Version: 3, Borders: []cuts.Border{{Quantity: "value_at_risk", Upper: []float64{5}}}}
		value, err := some.Append(nil)
		if err != nil {
			t.Fatal(err)
		}
		v.publish(topics.Population, cuts.Key(3), value)
		v.publish(topics.Population, []byte("histogram/0"), []byte("not cut points"))
		v.publish(topics.Model, []byte("broken"), []byte("{"))
		time.Sleep(5 * time.Second) // they are looked for about once a second
		v.live(unfitted, parts[3])
		if err := p.stop(); err != nil {
			t.Fatal(err)
		}
		h := v.history(unfitted)
		for n := range testPartitions {
			models, cutsOf := versionsOf(h.entries[n])
			if want := []string{"quick", "slow", "fit-1", "fit-2"}; !slices.Equal(models, want) ||
				!slices.Equal(cutsOf, []uint64{0, 3}) {
				t.Errorf("shard %d was judged by %q and cut points %d, want %q and 0, 3", n, models, cutsOf, want)
			}
		}
		v.verify(unfitted, 4*lifeEvents)
	})
}

// TestAVersionThatIsGoneIsRefused: a replay that needs parameters which nobody
// has any more says so; once they are written again, it goes on.
func TestAVersionThatIsGoneIsRefused(t *testing.T) {
	inVirtualTime(t, func(v *virtual) {
		cfg := v.honest()
		cfg.MaxReplay = time.Hour
		unfitted := otherwise(t, cfg, score.Unfitted, btyd.MBGNBD{R: 2, Alpha: 60, A: .5, B: 9})
		v.publishFitted("fit-1", btyd.MBGNBD{R: 1, Alpha: 5, A: 1, B: 2})
		v.die(fresh(unfitted), lives()[0])
		v.deleteTo(v.names[topics.Model], 0, 1)
		_, done := v.runToItsEnd(fresh(unfitted))
		wantEnd(t, done, `no parameters of version "fit-1"`, "restore the topics", v.names[topics.Model])
		v.publishFitted("fit-1", btyd.MBGNBD{R: 1, Alpha: 5, A: 1, B: 2})
		p := v.run(fresh(unfitted))
		v.caughtUp(unfitted)
		if err := p.stop(); err != nil {
			t.Fatal(err)
		}
		v.verify(unfitted, lifeEvents)
	})
}
