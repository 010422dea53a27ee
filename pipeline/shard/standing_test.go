package shard

import (
	"math/rand/v2"
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/holdfast/holdfast/pipeline/event"
	"github.com/holdfast/holdfast/pipeline/policy"
	"github.com/holdfast/holdfast/pipeline/signal"
	"github.com/holdfast/holdfast/pipeline/state"
)

// fillFields gives every field of a struct a value of its kind, so that a field that is
// added is tested without a word of this file. Fields that are reserved stay zero.
func fillFields(v reflect.Value, r *rand.Rand) {
	for i := range v.NumField() {
		f := v.Field(i)
		switch {
		case v.Type().Field(i).Name == "Reserved":
		case f.Kind() == reflect.Bool:
			f.SetBool(r.IntN(2) == 0)
		case f.CanInt() && f.Type().Size() == 8:
			f.SetInt(r.Int64N(1e15) >> r.UintN(50))
		case f.CanInt():
			f.SetInt(r.Int64N(40_000))
		case f.CanUint():
			f.SetUint(r.Uint64() >> (64 - 8*f.Type().Size()))
		default:
			panic("a field of another kind: " + v.Type().Field(i).Name)
		}
	}
}

func anyStanding(r *rand.Rand, episodes int) *standing {
	st := &standing{silence: event.Instant(r.Int64N(1e15))}
	fillFields(reflect.ValueOf(&st.state).Elem(), r)
	fillFields(reflect.ValueOf(&st.crossings.days).Elem(), r)
	k := &st.crossings
	k.x, k.firstDay, k.lastDay, k.parameters = r.Uint32(), event.Day(r.IntN(20_000)), event.Day(r.IntN(20_000)), r.Uint32()
	for range episodes {
		var e policy.Episode
		fillFields(reflect.ValueOf(&e).Elem(), r)
		e.Suppression = signal.Suppression(r.IntN(lateThen)) &^ signal.SuppressedReplay
		e.Kind &^= episodeHasSubject // its place in the record has seven bits
		st.episodes = append(st.episodes, e)
	}
	return st
}

// TestStandingsComeBack: every field of a standing is read as it was saved, at
// any length.
func TestStandingsComeBack(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for n := range 2000 {
		want := anyStanding(r, n%(maxEpisodes+1))
		var c state.Customer
		var got standing
		want.save(&c)
		got.load(&c)
		if got.silence != want.silence || got.crossings != want.crossings || got.state != want.state {
			t.Fatalf("standing comes back as\n%+v %+v\nwant\n%+v %+v", got.crossings, got.state, want.crossings, want.state)
		}
		if diff := cmp.Diff(want.episodes, append([]policy.Episode(nil), got.episodes...)); diff != "" {
			t.Fatalf("episodes (-saved +loaded):\n%s", diff)
		}
	}
}

// TestTheLongestStandingFits: with every field at its longest and more episodes
// than are kept, the section is not too long.
func TestTheLongestStandingFits(t *testing.T) {
	const far = event.Instant(-1 << 63)
	st := &standing{}
	st.state = policy.State{AtRiskSince: far, CriticalSince: far, LostSince: far, ReactivatedAt: far,
		LastPurchaseDay: -1 << 31, Raised: 1<<32 - 1, Flags: 255, Level: 255, LadderTold: 255, Told: 255}
	st.crossings = crossingsKept{x: 1<<32 - 1, firstDay: -1 << 31, lastDay: -1 << 31}
	st.crossings.days.Watch = 1<<31 - 2
	if n := len(st.append(nil)); n > longestStanding {
		t.Errorf("%d bytes without episodes, want at most %d", n, longestStanding)
	}
	for range maxEpisodes + 9 {
		st.episodes = append(st.episodes, policy.Episode{RaisedAt: far, MessageAt: 1, CooldownUntil: 1,
			ToldAt: 1, Number: 1<<32 - 1, Seq: 1<<32 - 1, Reasons: ^signal.ReasonMask(0), Kind: 255, Open: true, Level: 255,
			Suppression: 255, Feedback: 255, Holdout: true})
	}
	if n := len(appendEpisode(nil, &st.episodes[0])); n > longestEpisode {
		t.Errorf("%d bytes for an episode, want at most %d", n, longestEpisode)
	}
	var c state.Customer
	if st.save(&c); len(c.Opaque) > state.MaxOpaque || len(st.episodes) != maxEpisodes {
		t.Errorf("%d bytes with %d episodes, want at most %d with %d",
			len(c.Opaque), len(st.episodes), state.MaxOpaque, maxEpisodes)
	}
}

// TestTheOldestEndedEpisodeGoesFirst: open episodes outlive ended ones, newer
// ones older ones.
func TestTheOldestEndedEpisodeGoesFirst(t *testing.T) {
	var st standing
	for i := range maxEpisodes + 3 { // 2 of them have ended
		st.episodes = append(st.episodes, policy.Episode{Number: uint32(i),
			RaisedAt: event.Instant(i) * event.Hour, Open: i != 7 && i != 5})
	}
	st.limit()
	var got []uint32
	for i := range st.episodes {
		got = append(got, st.episodes[i].Number)
	}
	var want []uint32
	for i := range uint32(maxEpisodes + 3) {
		if i != 5 && i != 7 && i != 0 {
			want = append(want, i)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("episodes that stay (-want +got):\n%s", diff)
	}
}

// FuzzStanding: no bytes in the opaque section make a standing fail, and what it
// reads of them can be saved and read again.
func FuzzStanding(f *testing.F) {
	var c state.Customer
	anyStanding(rand.New(rand.NewPCG(3, 4)), 5).save(&c)
	f.Add(c.Opaque)
	f.Add(c.Opaque[:20])
	f.Add([]byte{standingVersion})
	f.Fuzz(func(t *testing.T, data []byte) {
		var c state.Customer
		c.Opaque = data[:min(len(data), state.MaxOpaque)]
		var first, again standing
		first.load(&c)
		c.Opaque = nil
		first.save(&c)
		again.load(&c)
		if first.state != again.state || first.crossings != again.crossings || len(first.episodes) != len(again.episodes) {
			t.Fatalf("saved %+v, read %+v", first, again)
		}
	})
}
