package restore_test

import (
	"slices"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/holdfast/holdfast/pipeline/checkpoint"
	"github.com/holdfast/holdfast/pipeline/population/cuts"
	"github.com/holdfast/holdfast/pipeline/restore"
	"github.com/holdfast/holdfast/pipeline/score"
	"github.com/holdfast/holdfast/pipeline/state"
)

// anew is what every refusal of damage ends with.
const anew = "to count everything anew, delete the topics checkpoint and batch-log, run `holdfast migrate up`, " +
	"and start under another kafka.group"

// TestWholeHistoriesAreRestored, by pages alone and by a replay, to the last byte.
func TestWholeHistoriesAreRestored(t *testing.T) {
	for name, h := range map[string]*history{"busy": busy(t), "stopped": stopped(t)} {
		h.put()
		l, err := h.restore()
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		h.same(l)
		if l.GroupMark() != h.standing.Mark {
			t.Errorf("%s: the lane has mark %s, and the group %s", name, l.GroupMark(), h.standing.Mark)
		}
	}
}

// TestDamagedPages leads each damage of pages to its own error.
func TestDamagedPages(t *testing.T) {
	for _, c := range []struct {
		name   string
		damage func(h *history)
		want   error
		words  []string
	}{
		{"a page is missing", func(h *history) { h.drop(2) }, state.ErrPageMissing,
			[]string{"page 1 of 3, with 0 customers"}},
		{"the last page is missing", func(h *history) { h.drop(3) }, state.ErrPageMissing, []string{"page 2 of 3"}},
		{"all pages are missing", func(h *history) { h.drop(1, 2, 3) }, state.ErrPageMissing, []string{"page 0 of 3"}},
		{"pages and header are missing", func(h *history) { h.pages = nil }, state.ErrPageMissing,
			[]string{"restore the topic checkpoint"}},
		{"a page of another shard", func(h *history) { h.pages[0].Key = checkpoint.PageKey(0, 1) }, state.ErrPageMisplace,
			[]string{"checkpoint/1 offset 0: a page of shard 0 lies here"}},
		{"a page under another's key", func(h *history) { h.pages[0].Key = checkpoint.PageKey(ours, 3) },
			state.ErrPageMisplace, []string{"checkpoint/1 offset 0"}},
		{"a page is damaged", func(h *history) { h.pages[0].Value[len(h.pages[0].Value)-1] ^= 1 }, state.ErrPageCorrupt,
			[]string{"checkpoint/1 offset 0"}},
		{"a page of a later release", func(h *history) { h.pages[0].Value[4] = 200 }, state.ErrPageVersion, nil},
		{"no page", func(h *history) { h.pages[0].Value = []byte("page") }, state.ErrPageMagic, nil},
		{"the header is damaged", func(h *history) { h.pages[1].Value[7] ^= 1 }, checkpoint.ErrEntryCorrupt,
			[]string{"checkpoint/1 offset 1"}},
		{"the header is none", func(h *history) { h.pages[1].Value[0] = 'B' }, checkpoint.ErrEntryMagic, nil},
		{"the header is of a later release", func(h *history) { h.pages[1].Value[1] = 9 }, checkpoint.ErrEntryVersion, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := stopped(t)
			c.damage(h)
			h.put()
			for range 2 { // a refusal does not wear off
				_, err := h.restore()
				refused(t, err, c.want, append(c.words, anew)...)
			}
		})
	}
}

// TestADeletedPageIsNoPage: the checkpoint topic has keys that are not ours, and
// deletions; neither is damage.
func TestADeletedPageIsNoPage(t *testing.T) {
	h := stopped(t)
	foreign := &kgo.Record{Topic: "checkpoint", Partition: ours, Key: []byte("clock"), Value: []byte{}}
	deleted := &kgo.Record{Topic: "checkpoint", Partition: ours, Key: checkpoint.PageKey(ours, 77)}
	h.pages = append(h.pages, foreign, deleted)
	h.put()
	l, err := h.restore()
	if err != nil {
		t.Fatal(err)
	}
	h.same(l)
}

// TestDamagedLogs leads each damage of the batch log to its own error.
func TestDamagedLogs(t *testing.T) {
	for _, c := range []struct {
		name   string
		damage func(h *history)
		want   error
		words  []string
	}{
		{"a hole", func(h *history) { h.log = slices.Delete(h.log, 1, 2) }, restore.ErrHole,
			[]string{"batch-log/1 offset 1: batch 3 follows batch 1"}},
		{"a batch twice", func(h *history) { h.log = slices.Insert(h.log, 1, h.log[0]) }, restore.ErrHole,
			[]string{"batch 1 follows batch 1"}},
		{"its beginning is gone", func(h *history) { h.log = h.log[2:] }, restore.ErrHole,
			[]string{"begins with batch 3 and batch 2 is needed"}},
		{"its end is gone, and the header's batch with it", func(h *history) {
			h.header(func(one *checkpoint.Header) { one.Batch = 2 })
			h.log = h.log[:1]
		}, restore.ErrCut, []string{"batch-log/1 holds no batch from 2 on"}},
		{"all of it is gone", func(h *history) { h.log = nil }, restore.ErrCut, nil},
		{"an entry is damaged", func(h *history) { h.log[1].Value[9] ^= 1 }, checkpoint.ErrEntryCorrupt,
			[]string{"batch-log/1 offset 1"}},
		{"an entry is none", func(h *history) { h.log[1].Value[0] = 'H' }, checkpoint.ErrEntryMagic, nil},
		{"an entry of a later release", func(h *history) { h.log[1].Value[1] = 9 }, checkpoint.ErrEntryVersion, nil},
		{"an entry is deleted", func(h *history) { h.log[1].Value = nil }, checkpoint.ErrEntryMagic, nil},
		{"its end is gone", func(h *history) { h.log = h.log[:2] }, restore.ErrForeign,
			[]string{"a page reflects batch 3 and the batch log ends with 2", "restore the topic batch-log"}},
		{"log and pages are gone", func(h *history) { h.pages, h.log = nil, nil }, restore.ErrForeign,
			[]string{"the group stands at batch 3, pages at batch 0, and batch-log holds nothing"}},
		{"log and header are gone", func(h *history) {
			h.drop(0)
			h.log, h.standing.Known = nil, false
		}, restore.ErrForeign, []string{"pages at batch 3, and batch-log holds nothing"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := busy(t)
			c.damage(h)
			h.put()
			_, err := h.restore()
			refused(t, err, c.want, append(c.words, anew)...)
		})
	}
}

// TestAHeaderStandsForALogThatRanOut only where nothing can have followed it.
func TestAHeaderStandsForALogThatRanOut(t *testing.T) {
	for _, c := range []struct {
		name  string
		make  func(*testing.T) *history
		known bool
		batch int // by which the group is ahead of the header
		whole bool
	}{
		{"it says it was the last", stopped, false, 0, true},
		{"it says so, and the group too", stopped, true, 0, true},
		{"the group says so", crashed, true, 0, true},
		{"the group says something else", crashed, true, 1, false},
		{"nobody says so", crashed, false, 0, false},
	} {
		h := c.make(t)
		h.log, h.standing.Known = nil, c.known
		h.standing.Mark.Batch += uint64(c.batch)
		h.put()
		l, err := h.restore()
		switch {
		case c.whole && err != nil:
			t.Errorf("%s: %v", c.name, err)
		case c.whole:
			h.same(l)
		case err == nil:
			t.Errorf("%s: a log that was cut is taken for whole", c.name)
		default:
			refused(t, err, restore.ErrCut, anew)
		}
	}
}

// crashed has one page, up to date, with a header that says nothing of an end.
func crashed(t *testing.T) *history {
	h := newHistory(t)
	h.batch(0, 5, false)
	return h
}

// TestAVersionThatIsGone is refused with the topics that had it.
func TestAVersionThatIsGone(t *testing.T) {
	h := busy(t)
	h.source.Versions = func(e *checkpoint.Entry) (*score.Parameters, *cuts.Cuts, error) {
		if e.Batch == 2 {
			return nil, nil, restore.ErrNoVersion
		}
		return h.cfg.Shard.Parameters, nil, nil
	}
	h.put()
	_, err := h.restore()
	refused(t, err, restore.ErrNoVersion, "replay batch 2", "restore the topics model and population", anew)
}
