package workload

import (
	"bytes"
	"fmt"

	"github.com/holdfast/holdfast/pipeline/decode"
	"github.com/holdfast/holdfast/pipeline/event"
)

// Poison is one bad input with its name. Item.Want is the reason that its dead
// letter must carry.
type Poison struct {
	Name string
	Item
}

// poisonCustomer is whom the bad inputs are about.
const poisonCustomer = "c-poison"

// PoisonCustomer is the customer that the bad inputs name where they name one:
// no row and no alert may ever be about it.
func PoisonCustomer() string { return poisonCustomer }

// Poisons makes every kind of bad input, written at now. Each but the largest
// is below 1 KiB; one is of 10 MB (see Oversized for others).
func Poisons(now event.Instant) []Poison {
	var all []Poison
	for n, c := range badFields {
		value := []byte(fmt.Sprintf(c.text, n, TimeOf(now-event.Minute).Format("2006-01-02T15:04:05Z")))
		all = append(all, Poison{c.name, Item{Topic: c.topic, Key: []byte(poisonCustomer), Value: value, At: now,
			Want: c.want}})
	}
	visit := func(n int) []byte {
		return append(begin(nil, event.Visit, fmt.Sprintf("poison-record-%d", n), now-event.Minute, poisonCustomer),
			`,"kind":"session"}`...)
	}
	add := func(name string, want decode.Reason, change func(*Item)) {
		item := Item{Topic: event.Visit, Key: []byte(poisonCustomer), Value: visit(len(all)), At: now, Want: want}
		change(&item)
		all = append(all, Poison{name, item})
	}
	add("null key", decode.KeyMismatch, func(i *Item) { i.Key = nil })
	add("empty key", decode.KeyMismatch, func(i *Item) { i.Key = []byte{} })
	add("another customer's key", decode.KeyMismatch, func(i *Item) { i.Key = []byte("c-other") })
	add("key above 1 KiB", decode.BadID, func(i *Item) { i.Key = bytes.Repeat([]byte("k"), 1025) })
	add("null value", decode.Empty, func(i *Item) { i.Value = nil })
	add("empty value", decode.Empty, func(i *Item) { i.Value = []byte{} })
	add("value cut off", decode.BadSyntax, func(i *Item) { i.Value = i.Value[:len(i.Value)-4] })
	add("byte-order mark behind a space", decode.BadSyntax,
		func(i *Item) { i.Value = append([]byte(" \ufeff"), i.Value...) })
	add("two byte-order marks", decode.BadSyntax, func(i *Item) { i.Value = append([]byte("\ufeff\ufeff"), i.Value...) })
	add("byte-order mark alone", decode.Empty, func(i *Item) { i.Value = []byte("\ufeff") })
	add("two objects", decode.BadSyntax, func(i *Item) { i.Value = append(i.Value, i.Value...) })
	add("array around the event", decode.BadSyntax,
		func(i *Item) { i.Value = append(append([]byte("["), i.Value...), ']') })
	add("no JSON", decode.BadSyntax, func(i *Item) { i.Value = []byte("event_type=visit") })
	add("zero bytes", decode.BadSyntax, func(i *Item) { i.Value = make([]byte, 64) })
	add("bytes that are not text", decode.BadEncoding, func(i *Item) { i.Value = bytes.Repeat([]byte{0xff, 0xfe}, 40) })
	add("UTF-16", decode.BadEncoding, func(i *Item) { i.Value = append([]byte{0xff, 0xfe}, "{\x00}\x00"...) })
	add("UTF-16 without a mark", decode.BadEncoding, func(i *Item) { i.Value = []byte("{\x00}\x00") })
	add("header ce_id too long", decode.BadID, func(i *Item) { i.EventID = bytes.Repeat([]byte("h"), 65) })
	return append(all, Oversized(10<<20, now))
}

// Oversized is an event with a string that makes its value n bytes long, above
// the limit of 1 MiB; at least 1 KiB more.
func Oversized(n int, now event.Instant) Poison {
	b := begin(make([]byte, 0, n), event.Visit, fmt.Sprintf("poison-oversized-%d", n), now-event.Minute, poisonCustomer)
	b = append(b, `,"kind":"session","source":"`...)
	b = append(b, bytes.Repeat([]byte("x"), max(n-len(b)-2, 0))...)
	return Poison{fmt.Sprintf("value of %d bytes", n),
		Item{Topic: event.Visit, Key: []byte(poisonCustomer), Value: append(b, `"}`...), At: now, Want: decode.TooLarge}}
}

// badFields are events with one fault each. The first verb is for a number
// that makes the event id unique, the second for a good time; both must stand
// in each text, if only in a field that nobody reads.
var badFields = []struct {
	name  string
	topic event.Type
	text  string
	want  decode.Reason
}{
	{"unknown schema", event.Visit, visitWith(`"schema_version":7`), decode.UnknownSchema},
	{"event of another topic", event.Complaint, visitWith(`"x":1`), decode.UnknownType},
	{"no event type", event.Visit, `{"event_id":"poison-%d","occurred_at":"%s","customer_id":"c-poison","kind":"session"}`,
		decode.MissingField},
	{"no event id", event.Visit,
		`{"n":%d,"event_type":"visit","occurred_at":"%s","customer_id":"c-poison","kind":"session"}`, decode.MissingField},
	{"no customer", event.Visit, `{"event_id":"poison-%d","event_type":"visit","occurred_at":"%s","kind":"session"}`,
		decode.MissingField},
	{"no time", event.Visit,
		`{"event_id":"poison-%d","event_type":"visit","at":"%s","customer_id":"c-poison","kind":"session"}`,
		decode.MissingField},
	{"no kind", event.Visit,
		`{"event_id":"poison-%d","event_type":"visit","occurred_at":"%s","customer_id":"c-poison","kind":null}`,
		decode.MissingField},
	{"unknown kind", event.Visit, visitOf("levitated", `"x":1`), decode.BadValue},
	{"kind of another type", event.Visit, visitOf("order", `"x":1`), decode.BadValue},
	{"wrong type", event.Visit, visitWith(`"pages":"many"`), decode.BadType},
	{"object for a text", event.Visit, visitWith(`"channel":{"name":"web"}`), decode.BadType},
	{"out of range", event.Visit, visitWith(`"duration_s":99999999`), decode.BadValue},
	{"text too long", event.Visit, visitWith(`"source":"` + string(bytes.Repeat([]byte("s"), 257)) + `"`),
		decode.BadValue},
	{"NUL in an id", event.Visit, visitWith(`"session_id":"a\u0000b"`), decode.BadID},
	{"raw NUL", event.Visit, visitWith("\"source\":\"a\x00b\""), decode.BadSyntax},
	{"field twice", event.Visit, visitWith(`"kind":"cart"`), decode.BadSyntax},
	{"field twice, hidden", event.Visit, visitWith(`"\u006bind":"cart"`), decode.BadSyntax},
	{"field twice, deep", event.Visit, visitWith(`"extra":[{"a":{"b":1,"b":2}}]`), decode.BadSyntax},
	{"nested too deep", event.Visit, visitWith(`"extra":[[[[[[[[]]]]]]]]`), decode.BadSyntax},
	{"invalid UTF-8", event.Visit, visitWith("\"source\":\"\xc3\x28\""), decode.BadEncoding},
	{"lone surrogate", event.Visit, visitWith(`"source":"\ud83d"`), decode.BadEncoding},
	{"NaN", event.Purchase, orderWith("NaN", `"x":1`), decode.BadSyntax},
	{"infinite", event.Purchase, orderWith("1e999", `"x":1`), decode.BadAmount},
	{"negative amount", event.Purchase, orderWith("-4990", `"x":1`), decode.BadAmount},
	{"fraction", event.Purchase, orderWith("49.90", `"x":1`), decode.BadAmount},
	{"beyond 64 bits", event.Purchase, orderWith("92233720368547758080", `"x":1`), decode.BadAmount},
	{"above the limit", event.Purchase, orderWith("1000000000001", `"x":1`), decode.BadAmount},
	{"amount as text", event.Purchase, orderWith(`"4990"`, `"x":1`), decode.BadType},
	{"no amount", event.Purchase, orderWith("null", `"x":1`), decode.MissingField},
	{"bad line", event.Purchase, orderWith("4990", `"lines":[{"qty":-1}]`), decode.BadValue},
	{"status of a complaint", event.Purchase, orderWith("4990", `"status":"resolved"`), decode.BadValue},
	{"refund without its order", event.Purchase,
		`{"event_id":"poison-%d","event_type":"purchase","occurred_at":"%s","customer_id":"c-poison","kind":"refund","currency":"EUR","amount_net":1}`, decode.MissingField},
	{"currency in small letters", event.Purchase,
		`{"event_id":"poison-%d","event_type":"purchase","occurred_at":"%s","customer_id":"c-poison","kind":"order","order_id":"o","currency":"eur","amount_net":1}`, decode.BadValue},
	{"year 9999", event.Visit, visitAt("9999-12-31T23:59:59Z"), decode.FutureTime},
	{"year 1960", event.Visit, visitAt("1960-01-01T00:00:00Z"), decode.BadTime},
	{"year 0", event.Visit, visitAt("0000-01-01T00:00:00Z"), decode.BadTime},
	{"30 February", event.Visit, visitAt("2026-02-30T00:00:00Z"), decode.BadTime},
	{"no time zone", event.Visit, visitAt("2026-03-01T10:15:30"), decode.BadTime},
	{"an offset that no zone has", event.Visit, visitAt("2026-03-01T10:15:30+18:01"), decode.BadTime},
	{"leap second", event.Visit, visitAt("2026-03-01T23:59:60Z"), decode.BadTime},
	{"time as a number", event.Visit,
		`{"event_id":"poison-%d","event_type":"visit","x":"%s","occurred_at":1772359082,"customer_id":"c-poison","kind":"session"}`, decode.BadType},
	{"rating out of range", event.Complaint,
		`{"event_id":"poison-%d","event_type":"complaint","occurred_at":"%s","customer_id":"c-poison","kind":"rating","rating":6}`, decode.BadValue},
	{"complaint without id", event.Complaint,
		`{"event_id":"poison-%d","event_type":"complaint","occurred_at":"%s","customer_id":"c-poison","kind":"complaint","status":"opened"}`, decode.MissingField},
	{"empty customer id", event.Complaint,
		`{"event_id":"poison-%d","event_type":"complaint","occurred_at":"%s","customer_id":"","kind":"feedback"}`,
		decode.BadID},
	{"test event", event.Visit, visitWith(`"is_test":true`), decode.TestEvent},
}

func visitOf(kind, further string) string {
	return `{"event_id":"poison-%d","event_type":"visit","occurred_at":"%s","customer_id":"c-poison","kind":"` + kind + `",` + further + `}`
}

func visitWith(further string) string { return visitOf("session", further) }

func visitAt(at string) string {
	return `{"event_id":"poison-%d","event_type":"visit","x":"%s","occurred_at":"` + at + `","customer_id":"c-poison","kind":"session"}`
}

func orderWith(amount, further string) string {
	return `{"event_id":"poison-%d","event_type":"purchase","occurred_at":"%s","customer_id":"c-poison","kind":"order",` +
		`"order_id":"o-poison","currency":"EUR","amount_net":` + amount + `,` + further + `}`
}
