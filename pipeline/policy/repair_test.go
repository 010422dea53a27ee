package policy

import (
	"reflect"
	"slices"
	"testing"

	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/signal"
)

// TestRepairTakesBackLevels: what was entered later than the present is left, and
// the level is the highest that remains.
func TestRepairTakesBackLevels(t *testing.T) {
	const before, after = present, present + 1
	for _, test := range []struct {
		name  string
		state State
		watch event.Instant // when watch is entered
		want  State
	}{
		{"entered by now", State{AtRiskSince: before, CriticalSince: before, LostSince: before, ReactivatedAt: before,
			Level: signal.LevelLost, Told: signal.LevelLost}, Never,
			State{AtRiskSince: before, CriticalSince: before, LostSince: before, ReactivatedAt: before,
				Level: signal.LevelLost, Told: signal.LevelLost}},
		{"entered later", State{AtRiskSince: after, CriticalSince: after, LostSince: after, ReactivatedAt: after,
			Level: signal.LevelLost, Told: signal.LevelLost}, Never, State{}},
		{"lost later", State{AtRiskSince: before, LostSince: after, Level: signal.LevelLost, Told: signal.LevelLost}, Never,
			State{AtRiskSince: before, Level: signal.LevelAtRisk, Told: signal.LevelAtRisk}},
		{"what was told of a lower level stays told", State{AtRiskSince: before, CriticalSince: before, LostSince: after,
			Level: signal.LevelLost, Told: signal.LevelAtRisk}, Never,
			State{AtRiskSince: before, CriticalSince: before, Level: signal.LevelCritical, Told: signal.LevelAtRisk}},
		{"watch by now", State{Flags: FlagWatch, Level: signal.LevelWatch}, before,
			State{Flags: FlagWatch, Level: signal.LevelWatch}},
		{"watch later", State{Flags: FlagWatch, Level: signal.LevelWatch}, after, State{}},
		{"watch is not entered here", State{}, before, State{}},
		{"at risk later, watch by now", State{Flags: FlagWatch, AtRiskSince: after, Level: signal.LevelAtRisk,
			Told: signal.LevelAtRisk}, before, State{Flags: FlagWatch, Level: signal.LevelWatch}},
	} {
		c, f, st := Default(), steady(), test.state
		f.WatchAt = test.watch
		if _, said := c.Repair(&Room{}, &st, nil, &f, nil); st != test.want || len(said) != 0 {
			t.Errorf("%s: %+v, said %v; want %+v", test.name, st, said, test.want)
		}
	}
}

// TestRepairTakesBackAlerts: of an open alert that was raised later the end is
// told, for its recipients have heard of it; a closed one is forgotten; of those
// raised by now only the times change that lie in what has not been.
func TestRepairTakesBackAlerts(t *testing.T) {
	c := Default()
	for _, test := range []struct {
		name string
		e    Episode
		want []Episode
		told bool
	}{
		{"raised now, open", Episode{Open: true, RaisedAt: present, MessageAt: present},
			[]Episode{{Open: true, RaisedAt: present, MessageAt: present}}, false},
		{"raised before, spoken of later", Episode{Open: true, RaisedAt: present - 9, MessageAt: present + 9},
			[]Episode{{Open: true, RaisedAt: present - 9, MessageAt: present}}, false},
		{"raised later, open", Episode{Open: true, RaisedAt: present + 1, MessageAt: present + 1}, nil, true},
		{"raised later, over", Episode{RaisedAt: present + 1, CooldownUntil: present + 2}, nil, false},
		{"raised before, over later", Episode{RaisedAt: present - 9, CooldownUntil: present + c.Cooldown + 1},
			[]Episode{{RaisedAt: present - 9, CooldownUntil: present + c.Cooldown}}, false},
		{"raised and over before", Episode{RaisedAt: present - 9, CooldownUntil: present + c.Cooldown - 1},
			[]Episode{{RaisedAt: present - 9, CooldownUntil: present + c.Cooldown - 1}}, false},
	} {
		f, st := steady(), bought()
		st.Raised = 4
		test.e.Kind, test.e.Number, test.e.Seq = ChurnRisk, 4, 2
		for i := range test.want {
			test.want[i].Kind, test.want[i].Number, test.want[i].Seq = ChurnRisk, 4, 2
		}
		kept, said := c.Repair(&Room{}, &st, []Episode{test.e}, &f, nil)
		if !slices.Equal(kept, test.want) || (len(said) == 1) != test.told {
			t.Errorf("%s: %+v, said %+v; want %+v, told %v", test.name, kept, said, test.want, test.told)
		}
		if st.Raised != 4 {
			t.Errorf("%s: %d alerts, want 4: numbers are not given twice", test.name, st.Raised)
		}
		want := []Transition{{At: present, RaisedAt: present + 1, CooldownUntil: present + c.Cooldown, Episode: 4, Seq: 3,
			Kind: ChurnRisk, Action: signal.Resolved, Resolve: signal.ByLevelDropped}}
		if test.told && !reflect.DeepEqual(said, want) {
			t.Errorf("%s: said %+v, want %+v", test.name, said, want)
		}
	}
}

// TestRepairLetsACrossingBeToldAgain: where an alert on silence was raised after the
// present about a level that was entered before it, that is told when its time comes.
func TestRepairLetsACrossingBeToldAgain(t *testing.T) {
	c, f, st := Default(), steady(), bought()
	f.X, f.AtRiskAt = 3, present-event.Hour
	st.AtRiskSince, st.Level, st.Told = present-event.Hour, signal.LevelAtRisk, signal.LevelAtRisk
	later := []Episode{{Kind: ChurnRisk, Open: true, Level: signal.LevelAtRisk, RaisedAt: present + c.Dwell}}
	episodes, said := c.Repair(&Room{}, &st, later, &f, nil)
	if len(episodes) != 0 || len(said) != 1 || said[0].Action != signal.Resolved {
		t.Fatalf("%+v, said %+v", episodes, said)
	}
	f.Now += c.Dwell
	f.Silence = f.Now
	f.PAlive = 200_000
	f.DropoutIdentified, f.ValueRankMet = true, true
	_, said, _ = c.Judge(&Room{}, &st, nil, &f, nil)
	if len(said) != 1 || said[0].Action != signal.Raised {
		t.Errorf("said %+v, want the alert raised again", said)
	}
}
