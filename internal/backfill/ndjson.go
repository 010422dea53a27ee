package backfill

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"

	"github.com/holdfast/holdfast/pipeline/decode"
	"github.com/holdfast/holdfast/pipeline/event"
)

// ndjson reads one event of our schema a line.
type ndjson struct {
	reader *bufio.Reader
	judge  *judge
	line   []byte
	row    int64
}

func newNDJSON(reader io.Reader, judge *judge) *ndjson {
	return &ndjson{reader: bufio.NewReaderSize(reader, 64<<10), judge: judge}
}

// head is what is needed of a line to know its topic and key.
type head struct {
	EventType   string `json:"event_type"`
	CustomerID  string `json:"customer_id"`
	AnonymousID string `json:"anonymous_id"`
}

func (n *ndjson) next() (Event, *Reject, error) {
	for {
		tooLong, err := n.readLine()
		if err != nil {
			return Event{}, nil, err
		}
		n.row++
		if tooLong {
			reject := &Reject{Row: n.row, Reason: decode.TooLarge.String(), Detail: "is longer than the longest row that is read"}
			return Event{}, reject.withRaw(n.line), nil
		}
		if line := bytes.TrimSpace(n.line); len(line) > 0 {
			e, reject := n.render(line)
			return e, reject, nil
		}
	}
}

// render routes a line. A line whose head cannot be read is judged as a
// purchase, which finds out what is wrong with it.
func (n *ndjson) render(line []byte) (Event, *Reject) {
	var head head
	e := Event{Type: event.Purchase, Row: n.row, Value: line}
	// An error leaves what could not be read empty; the decoder names it.
	_ = json.Unmarshal(line, &head)
	if t, ok := typeNamed(head.EventType); ok {
		e.Type = t
	}
	e.Key = []byte(head.CustomerID)
	if head.CustomerID == "" {
		e.Key = []byte(head.AnonymousID)
	}
	if reject := n.judge.check(&e); reject != nil {
		return Event{}, reject.withRaw(line)
	}
	return e, nil
}

var byteOrderMark = []byte("\xef\xbb\xbf")

// readLine puts the next line into n.line, at most MaxRowBytes of it; the rest
// of a longer one is skipped.
func (n *ndjson) readLine() (tooLong bool, err error) {
	n.line = n.line[:0]
	for {
		part, err := n.reader.ReadSlice('\n')
		if room := MaxRowBytes - len(n.line); len(part) > room {
			part, tooLong = part[:room], true
		}
		n.line = append(n.line, part...)
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case errors.Is(err, io.EOF) && len(n.line) > 0:
			err = nil
		}
		if n.row == 0 {
			n.line = bytes.TrimPrefix(n.line, byteOrderMark)
		}
		return tooLong, err
	}
}
