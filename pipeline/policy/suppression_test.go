package policy

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"
	"unsafe"

	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/signal"
)

func TestSuppressionTakesTheFirstThatApplies(t *testing.T) {
	c, now := Default(), 20_000*event.Day24h
	all := Facts{
		Sufficiency: signal.NoFit, OptedOut: true, DoNotRetain: true, Closed: true, Closure: event.Moved,
	}
	without := func(change func(*Facts)) Facts {
		f := all
		change(&f)
		return f
	}
	enough := without(func(f *Facts) { f.Sufficiency = signal.SufficiencyOK })
	tests := []struct {
		name    string
		kind    Kind
		facts   Facts
		holdout bool
		want    signal.Suppression
	}{
		{"everything", ChurnRisk, all, true, signal.SuppressedInsufficientData},
		{"a complaint needs no model and no consent", ComplaintSLABreached, all, true, signal.SuppressedDoNotRetain},
		{"complaints need no consent", ComplaintRepeat, Facts{OptedOut: true}, false, signal.NotSuppressed},
		{"enough data", SilentChurn, enough, true, signal.SuppressedOptedOut},
		{"no opt-out", SilentChurn,
			without(func(f *Facts) { f.Sufficiency, f.OptedOut = 0, false }), true, signal.SuppressedDoNotRetain},
		{"moved", SilentChurn, Facts{Closed: true, Closure: event.Moved}, true, signal.SuppressedNatural},
		{"closed for the price", SilentChurn, Facts{Closed: true, Closure: event.PriceReason, X: 3}, false,
			signal.NotSuppressed},
		{"one-time buyer", ChurnRisk, Facts{}, true, signal.SuppressedOneTimeBuyer},
		{"one-time buyer who complains", ComplaintRepeat, Facts{}, false, signal.NotSuppressed},
		{"holdout", SecondPurchase, Facts{X: 1}, true, signal.SuppressedHoldout},
		{"nothing", ChurnRisk, Facts{X: 1}, false, signal.NotSuppressed},
		{"a time that was broken long ago", ComplaintSLABreached,
			Facts{Now: now, SLABrokenAt: now - c.MaxEventAge - 1, OptedOut: true}, true, signal.SuppressedReplay},
		{"a time that was broken lately", ComplaintSLABreached, Facts{Now: now, SLABrokenAt: now - c.MaxEventAge}, false,
			signal.NotSuppressed},
		{"a moment of long ago", SecondPurchase, Facts{Now: now, Wall: now + c.MaxEventAge + 1, X: 1}, true,
			signal.SuppressedReplay},
		{"a moment of lately", SecondPurchase, Facts{Now: now, Wall: now + c.MaxEventAge, X: 1}, true,
			signal.SuppressedHoldout},
		{"a moment ahead of the wall time", SecondPurchase, Facts{Now: now, Wall: now - event.Hour, X: 1}, false,
			signal.NotSuppressed},
		{"complaints of long ago", ComplaintRepeat, Facts{Now: now, LastComplaintAt: now - 3*event.Day24h}, false,
			signal.SuppressedReplay},
	}
	for _, test := range tests {
		j := judgement{f: &test.facts, c: &c, brokenAt: test.facts.SLABrokenAt}
		e := Episode{Past: j.past(&kinds[test.kind]), Suppression: j.suppression(&kinds[test.kind], test.holdout)}
		if got := e.suppressed(); got != test.want {
			t.Errorf("%s: %v, want %v", test.name, got, test.want)
		}
	}
}

func TestHoldoutArm(t *testing.T) {
	c := Default()
	sum := sha256.Sum256([]byte("1\x00c-01873"))
	c.HoldoutPercent = float64(binary.BigEndian.Uint64(sum[:8])%10_000+1) / 100
	if !c.InHoldout([]byte("c-01873")) {
		t.Error("not in the arm, want the hash of salt, 0, id to decide")
	}
	c.HoldoutPercent -= .01
	if c.InHoldout([]byte("c-01873")) {
		t.Error("in the arm of a percentage just too small")
	}
	c.HoldoutPercent = 5
	n := 0
	for i := range 20_000 {
		if c.InHoldout(fmt.Appendf(nil, "c-%d", i)) {
			n++
		}
	}
	if n < 880 || n > 1120 {
		t.Errorf("%d of 20000 in the arm, want about 1000", n)
	}
}

func TestValidateNamesEachComplaint(t *testing.T) {
	c := Default()
	if all := c.Validate(); len(all) != 0 {
		t.Fatalf("default policy: %v", all)
	}
	spoil := map[string]func(*Config){
		"watch":      func(c *Config) { c.Watch.Leave = .4 },
		"critical":   func(c *Config) { c.Critical.Enter = math.NaN() },
		"lost":       func(c *Config) { c.Lost = .9 },
		"quantiles":  func(c *Config) { c.OverdueLost = 1 },
		"hysteresis": func(c *Config) { c.OverdueHysteresis = -1 },
		"dwell":      func(c *Config) { c.Dwell = -1 },
		"cooldown":   func(c *Config) { c.Cooldown = 0 },
		"update":     func(c *Config) { c.UpdateEvery = 0 },
		"expiry":     func(c *Config) { c.Expiry = 0 },
		"repeat":     func(c *Config) { c.RepeatComplaints = 1 },
		"ladder":     func(c *Config) { c.LadderUpFrom = signal.LadderAdvocate + 1 },
		"holdout":    func(c *Config) { c.HoldoutPercent = 101 },
	}
	for name, change := range spoil {
		c := Default()
		change(&c)
		all := c.Validate()
		if len(all) != 1 || !errors.Is(all[0], ErrConfig) {
			t.Errorf("%s: %v, want one ErrConfig", name, all)
		}
	}
}

// TestSpansOfTenYearsAreAllowed: and none for what may be none.
func TestSpansOfTenYearsAreAllowed(t *testing.T) {
	const most = 3660 * event.Day24h
	for name, span := range map[string]func(*Config) *event.Instant{
		"dwell":            func(c *Config) *event.Instant { return &c.Dwell },
		"reactivated":      func(c *Config) *event.Instant { return &c.ReactivatedFor },
		"silent after":     func(c *Config) *event.Instant { return &c.SilentAfter },
		"model protection": func(c *Config) *event.Instant { return &c.ModelProtection },
		"max_event_age":    func(c *Config) *event.Instant { return &c.MaxEventAge },
	} {
		for value, refused := range map[event.Instant]bool{0: false, most: false, -1: true, most + 1: true} {
			c := Default()
			*span(&c) = value
			all := c.Validate()
			if (len(all) > 0) != refused || refused && !strings.Contains(all[0].Error(), name) {
				t.Errorf("%s of %d us: %v, refused %v", name, value, all, refused)
			}
		}
	}
}

func TestSizes(t *testing.T) {
	if n := unsafe.Sizeof(Episode{}); n > 64 {
		t.Errorf("an episode takes %d bytes, want at most 64", n)
	}
	if n := unsafe.Sizeof(State{}); n > 48 {
		t.Errorf("a state takes %d bytes, want at most 48", n)
	}
}

// Records keep these values as they lie in memory: no byte may be without a name.
func TestNoHiddenBytes(t *testing.T) {
	for _, typed := range []reflect.Type{reflect.TypeFor[State](), reflect.TypeFor[Episode]()} {
		named := uintptr(0)
		for i := range typed.NumField() {
			if typed.Field(i).Name == "_" {
				t.Errorf("%v has a blank field", typed)
			}
			named += typed.Field(i).Type.Size()
		}
		if named != typed.Size() {
			t.Errorf("%v: fields take %d bytes of %d", typed, named, typed.Size())
		}
	}
}

func TestJudgeAllocatesNothing(t *testing.T) {
	w := newWorld()
	for range 3 {
		w.purchase()
		w.days(10)
	}
	f := w.facts()
	episodes := make([]Episode, 0, KindCount)
	said := make([]Transition, 0, KindCount)
	state := w.state
	if n := testing.AllocsPerRun(100, func() {
		state, episodes = w.state, append(episodes[:0], w.episodes...)
		episodes, said, _ = w.config.Judge(&w.room, &state, episodes, &f, said[:0])
	}); n != 0 {
		t.Errorf("%g allocations, want 0", n)
	}
}

func BenchmarkJudge(b *testing.B) {
	w := newWorld()
	w.purchase()
	f := w.facts()
	for b.Loop() {
		w.episodes, w.said, w.next = w.config.Judge(&w.room, &w.state, w.episodes, &f, w.said[:0])
	}
}
