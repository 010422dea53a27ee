package main

import (
	"testing"
	"time"

	"github.com/holdfast/holdfast/internal/config"
	"github.com/holdfast/holdfast/pipeline/decode"
	"github.com/holdfast/holdfast/pipeline/decode/json"
	"github.com/holdfast/holdfast/pipeline/event"
)

// TestMappedTimes follows the keys of a mapping's times from the file to an
// event.
func TestMappedTimes(t *testing.T) {
	const head = "kafka:\n  brokers: [localhost:9092]\ntime: {business_zone: Europe/Berlin}\nmapping:\n  visits:\n"
	for _, c := range []struct{ keys, text, want string }{
		{"    amounts: minor", `"2026-03-01 11:15:30.1234567 +0100"`, "2026-03-01T10:15:30.123456Z"},
		{"    times: [epoch_ms, rfc3339]", `1772360130250`, "2026-03-01T10:15:30.25Z"},
		{"    times: [epoch_ms, rfc3339]", `"2026-03-01T10:15:30Z"`, "2026-03-01T10:15:30Z"},
		{"    times: [local]", `"2026-03-01T11:15:30"`, "2026-03-01T10:15:30Z"},
		{"    times: [local]\n    time_zone: Asia/Tokyo", `"2026-03-01T11:15:30"`, "2026-03-01T02:15:30Z"},
		{"    times:\n    - 02.01.2006 15:04", `"01.03.2026 11:15"`, "2026-03-01T10:15:00Z"},
		{"    times: [20060102]", `"20260301"`, "2026-03-01T11:00:00Z"},
		{"    times: [date]", `"2026-03-01T10:15:30Z"`, "bad_time"},
		{"    times: [rfc3339]", `1772360130250`, "bad_type"},
	} {
		loaded, err := config.Load(config.Input{Path: "h.yaml", File: []byte(head + c.keys + "\n"), HostName: "host"})
		if err != nil {
			t.Errorf("%s: %v", c.keys, err)
			continue
		}
		decoder, err := json.New(decodeConfig(&loaded.Config, event.Visit))
		if err != nil {
			t.Errorf("%s: %v", c.keys, err)
			continue
		}
		value := `{"event_id":"e","event_type":"visit","customer_id":"k-1","kind":"session","occurred_at":` + c.text + `}`
		var got event.Event
		var arena decode.Arena
		reject, ok := decoder.Decode(&got, &decode.Record{Key: []byte("k-1"), HasKey: true, Value: []byte(value),
			HasValue:  true,
			Timestamp: 1_780_272_000 * event.Second}, &arena)
		said := reject.Reason.String()
		if ok {
			said = time.UnixMicro(int64(got.OccurredAt)).UTC().Format(time.RFC3339Nano)
		}
		if said != c.want {
			t.Errorf("%s: %s is %s (%s), want %s", c.keys, c.text, said, reject.Detail, c.want)
		}
	}
}
