package decode

import "github.com/holdfast/holdfast/pipeline/event"

// JSON decodes JSON records of one topic.
type JSON struct {
	cfg Config
}

// New makes the decoder of one topic.
func New(cfg Config) (*JSON, error) { return &JSON{cfg: cfg}, nil }

// Decode implements Decoder.
func (d *JSON) Decode(dst *event.Event, rec *Record, arena *Arena) (Reject, bool) {
	*dst = event.Event{}
	return Reject{Reason: BadSyntax}, false
}
