package backfill

import (
	"fmt"
	"io"

	"github.com/holdfast/holdfast/internal/textfile"
	"github.com/holdfast/holdfast/pipeline/decode"
	"github.com/holdfast/holdfast/pipeline/decode/json"
	"github.com/holdfast/holdfast/pipeline/event"
)

// ndjson reads one event of our schema a line.
type ndjson struct {
	lines *textfile.Lines
	judge *judge
}

func newNDJSON(text io.Reader, judge *judge) *ndjson {
	return &ndjson{lines: textfile.NewLines(text, textfile.MaxRowBytes), judge: judge}
}

func (n *ndjson) next() (Event, *Reject, error) {
	line, number, tooLong, err := n.lines.Next()
	if err != nil {
		return Event{}, nil, err
	}
	e := Event{Type: event.Purchase, Row: number, Line: number, Value: line}
	if tooLong {
		reject := &Reject{Row: number, Line: number, Reason: decode.TooLarge.String(),
			Detail: fmt.Sprintf("is longer than %d MiB", textfile.MaxRowBytes>>20)}
		return e, reject.withRaw(line), nil
	}
	n.route(&e)
	if reject := n.judge.check(&e); reject != nil {
		return e, reject.withRaw(line), nil
	}
	return e, nil, nil
}

// route finds a line's type and key by the decoder's own scanner: names that
// differ by case are other names, as they are on a topic. A line that cannot be
// read is judged as a purchase, which finds out what is wrong with it.
func (n *ndjson) route(e *Event) {
	var anonymous []byte
	n.judge.arena.Reset()
	json.Members(e.Value, &n.judge.arena, func(name, raw, text []byte) {
		if raw[0] != '"' {
			return
		}
		switch string(name) {
		case "event_type":
			if t, ok := typeNamed(string(text)); ok {
				e.Type = t
			}
		case "customer_id":
			e.Key = append([]byte(nil), text...)
		case "anonymous_id":
			anonymous = append([]byte(nil), text...)
		}
	})
	if len(e.Key) == 0 {
		e.Key = anonymous
	}
}
