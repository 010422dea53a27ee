package json

import (
	"encoding/json"
	"testing"

	"github.com/holdfast/holdfast/pipeline/decode"
	"github.com/holdfast/holdfast/pipeline/event"
)

// visitValue is a visit of 269 bytes, about the size of a real one.
const visitValue = `{"event_id":"5d0c6f0e-51b5-4b0c-9a53-6a2f5d6c1a02","event_type":"visit","schema_version":1,` +
	`"occurred_at":"2026-03-01T09:58:02Z","customer_id":"c-00000001873","kind":"session","channel":"web",` +
	`"session_id":"s-9","duration_s":312,"pages":7,"source":"shop","is_test":false}`

const orderValue = `{"event_id":"5d0c6f0e-51b5-4b0c-9a53-6a2f5d6c1a01","event_type":"purchase",` +
	`"occurred_at":"2026-03-01T10:15:30Z","customer_id":"c-00000001873","kind":"order","order_id":"o-771",` +
	`"status":"paid","channel":"store","currency":"EUR","amount_net":4990,"amount_discount":1000}`

func BenchmarkDecode(b *testing.B) {
	for name, c := range map[string]struct {
		t     event.Type
		value string
	}{"visit": {event.Visit, visitValue}, "order": {event.Purchase, orderValue}} {
		b.Run(name, func(b *testing.B) {
			d, err := New(decode.Config{Type: c.t})
			if err != nil {
				b.Fatal(err)
			}
			rec := decode.Record{Key: []byte("c-00000001873"), Value: []byte(c.value), HasKey: true, HasValue: true,
				Timestamp: 1_772_400_000 * event.Second}
			var dst event.Event
			var arena decode.Arena
			b.SetBytes(int64(len(c.value)))
			b.ReportAllocs()
			for b.Loop() {
				arena.Reset()
				if reject, ok := d.Decode(&dst, &rec, &arena); !ok {
					b.Fatal(reject)
				}
			}
		})
	}
}

// BenchmarkStandardLibrary is the yardstick: the same record by encoding/json,
// without any of the checks.
func BenchmarkStandardLibrary(b *testing.B) {
	var dst struct {
		EventID    string `json:"event_id"`
		EventType  string `json:"event_type"`
		Version    int    `json:"schema_version"`
		OccurredAt string `json:"occurred_at"`
		CustomerID string `json:"customer_id"`
		Kind       string `json:"kind"`
		Channel    string `json:"channel"`
		SessionID  string `json:"session_id"`
		Duration   int    `json:"duration_s"`
		Pages      int    `json:"pages"`
		Source     string `json:"source"`
		IsTest     bool   `json:"is_test"`
	}
	value := []byte(visitValue)
	b.SetBytes(int64(len(value)))
	b.ReportAllocs()
	for b.Loop() {
		if err := json.Unmarshal(value, &dst); err != nil {
			b.Fatal(err)
		}
	}
}
