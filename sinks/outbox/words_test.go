package outbox

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// TestWhatIsNews of problems: another class, or another thing for a person to do.
func TestWhatIsNews(t *testing.T) {
	w, _ := loading(t, &scripted{})
	l, now := w.loader, time.Unix(1000, 0)
	l.now = func() time.Time { return now }
	for i, c := range []struct {
		partition int32
		class     Class
		text      string
		news      bool
		since     int64
	}{
		{0, Unreachable, "port 1", true, 1000}, {0, Unreachable, "port 2", false, 1000},
		{1, Unreachable, "port 2", true, 1020}, {0, Configuration, "a column", true, 1030},
		{0, Configuration, "a column", false, 1030}, {0, Configuration, "a key", true, 1030},
		{0, Busy, "a key", true, 1060},
	} {
		now = time.Unix(1000+10*int64(i), 0)
		if news := l.setProblem(c.partition, c.class, c.text); news != c.news {
			t.Errorf("step %d: news %v, want %v", i, news, c.news)
		}
		if p := l.Problems()[c.partition]; p.Text != c.text || p.Class != c.class.String() || p.Since.Unix() != c.since {
			t.Errorf("step %d: %+v, want %q since %d", i, p, c.text, c.since)
		}
	}
	l.clearProblem(0)
	if all := l.Problems(); len(all) != 1 || all[1].Text != "port 2" {
		t.Errorf("left are %+v", all)
	}
}

// TestTheOldestPending is that of all partitions; 0 where none waits.
func TestTheOldestPending(t *testing.T) {
	w, _ := loading(t, &scripted{})
	gauge := w.loader.metrics.oldestPending.WithLabelValues("scripted")
	for i, c := range []struct {
		partition int32
		at        int64
		want      float64
	}{{0, 20, 20}, {1, 10, 10}, {2, 30, 10}, {1, 0, 20}, {0, 0, 30}, {2, 0, 0}} {
		at := time.Time{}
		if c.at > 0 {
			at = time.Unix(c.at, 0)
		}
		w.loader.oldest(c.partition, at)
		if got := valueOf(t, gauge); got != c.want {
			t.Errorf("step %d: %v, want %v", i, got, c.want)
		}
	}
}

// TestWordsOfOthersAreClipped to a line of some hundred bytes that is valid text.
func TestWordsOfOthersAreClipped(t *testing.T) {
	for text, want := range map[string]string{"": "", "one\ntwo": "one",
		strings.Repeat("x", 301):       strings.Repeat("x", 300),
		strings.Repeat("x", 299) + "ü": strings.Repeat("x", 299) + "?", "a\xffb": "a?b"} {
		if got := clip(text); got != want {
			t.Errorf("%.20q…: %d bytes, want %d", text, len(got), len(want))
		}
	}
	if got := notWritten(fmt.Errorf("produce: %w", context.DeadlineExceeded)).Text; got != "no answer from Kafka in time" {
		t.Errorf("no answer in time is told as %q", got)
	}
	if f := (&Failure{Text: "text"}); f.Error() != "text" {
		t.Errorf("a failure says %q", f.Error())
	}
}

// TestWhereARowCameFrom: the record and the place in its block, at every border.
func TestWhereARowCameFrom(t *testing.T) {
	j := joined{count: 9}
	for i, from := range []int{0, 3, 4} {
		j.sources = append(j.sources, source{record: &kgo.Record{Offset: int64(i)}, from: from})
	}
	for row, want := range []struct {
		offset int64
		place  int
	}{{0, 0}, {0, 1}, {0, 2}, {1, 0}, {2, 0}, {2, 1}} {
		if s, place := j.source(row); s.record.Offset != want.offset || place != want.place {
			t.Errorf("row %d is of record %d, place %d, want %+v", row, s.record.Offset, place, want)
		}
	}
}

// TestWhenAllIsLoaded, as of an earlier asking.
func TestWhenAllIsLoaded(t *testing.T) {
	target := map[int32]PartitionLag{0: {End: 9}, 1: {Start: 5, End: 5}, 2: {Start: 3, End: 4}}
	for name, c := range map[string]struct {
		committed map[int32]int64
		want      bool
	}{
		"nothing":                        {map[int32]int64{}, false},
		"all that holds something":       {map[int32]int64{0: 9, 2: 4}, true},
		"more":                           {map[int32]int64{0: 12, 1: 6, 2: 4}, true},
		"one short":                      {map[int32]int64{0: 8, 1: 5, 2: 4}, false},
		"another one short":              {map[int32]int64{0: 9, 1: 5, 2: 3}, false},
		"one that has not begun to load": {map[int32]int64{0: 9, 1: 5}, false},
	} {
		now := map[int32]PartitionLag{}
		for n, at := range c.committed {
			now[n] = PartitionLag{Committed: at}
		}
		if got := Loaded(now, target); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

// TestANewerFormatIsNoRubbish, by its header alone.
func TestANewerFormatIsNoRubbish(t *testing.T) {
	for value, want := range map[string]bool{"0": false, "1": false, "2": true, "10": true, "": false, "two": false} {
		r := &kgo.Record{Headers: []kgo.RecordHeader{{Key: "other", Value: []byte("9")},
			{Key: "holdfast_format", Value: []byte(value)}}}
		if got := isNewerFormat(r); got != want {
			t.Errorf("format %q is newer: %v, want %v", value, got, want)
		}
	}
}
