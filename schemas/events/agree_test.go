package events_test

import (
	"strings"

	"github.com/holdfast/holdfast/pipeline/event"
)

// examples holds the documented events.
var examples = map[event.Type]string{
	event.Purchase: `{"event_id":"5d0c6f0e-51b5-4b0c-9a53-6a2f5d6c1a06","event_type":"purchase","schema_version":1,"occurred_at":"2026-03-01T10:15:30.250000Z","ingested_at":"2026-03-01T10:15:31Z",
 "customer_id":"c-01873","tz":"Europe/Berlin","channel":"web","store_id":"s-1","partner_id":"p-3","staff_id":"st-7","contact_id":"b-2","segment":"retail","consent":{"marketing":true},"source":"shop","is_test":false,"trace_id":"4bf92f3577b34da6",
 "kind":"order","order_id":"o-772","status":"paid","currency":"EUR","amount_gross":6990,"amount_discount":1000,"amount_tax":1000,"amount_net":4990,"margin":1497,"list_amount":6990,
 "coupon_code":"SPRING","is_first_order_claimed":false,"points_earned":49,"points_redeemed":0,"promised_at":"2026-03-03T18:00:00Z","delivered_at":null,"renewal_due_at":null,
 "lines":[{"sku":"A-100","category":"shoes","qty":1,"unit_price":6990,"launch_date":"2026-02-10"}]}`,
	event.Visit:         `{"event_id":"5d0c6f0e-51b5-4b0c-9a53-6a2f5d6c1a02","event_type":"visit","occurred_at":"2026-03-01T09:58:02Z","customer_id":"c-01873","kind":"session"}`,
	event.Complaint:     `{"event_id":"5d0c6f0e-51b5-4b0c-9a53-6a2f5d6c1a03","event_type":"complaint","occurred_at":"2026-03-04T08:00:00Z","customer_id":"c-01873","kind":"complaint","complaint_id":"k-12","status":"opened"}`,
	event.Erasure:       `{"event_id":"5d0c6f0e-51b5-4b0c-9a53-6a2f5d6c1a04","event_type":"erasure","occurred_at":"2026-05-01T00:00:00Z","customer_id":"c-01873","request_id":"e-9","requested_at":"2026-04-30T16:20:00Z"}`,
	event.AlertFeedback: `{"event_id":"5d0c6f0e-51b5-4b0c-9a53-6a2f5d6c1a05","event_type":"alert_feedback","occurred_at":"2026-04-20T07:30:00Z","customer_id":"c-01873","alert_id":"9f2c51d07a3be84410c6d2f5a7e3b190","outcome":"contacted","actor":"gold-desk","at":"2026-04-20T07:30:00Z"}`,
}

type change struct{ field, text string }

type agreement struct {
	good    bool
	changes []change
}

// yes and no are good and bad changes of the example: pairs of field and text.
func yes(pairs ...string) agreement { return agreement{true, changes(pairs)} }
func no(pairs ...string) agreement  { return agreement{false, changes(pairs)} }

func changes(pairs []string) (list []change) {
	for i := 0; i+1 < len(pairs); i += 2 {
		list = append(list, change{pairs[i], pairs[i+1]})
	}
	return list
}

func long(n int) string { return `"` + strings.Repeat("a", n) + `"` }

// everywhere holds for all types alike.
var everywhere = []agreement{
	yes(), yes("new_field", `{"a":[1]}`), yes("schema_version", `null`), yes("schema_version", `1`),
	no("schema_version", `2`),
	no("event_type", ``), no("event_type", `"other"`), no("event_type", `1`),
	no("event_id", ``), no("event_id", `null`), no("event_id", `""`), yes("event_id", long(64)), no("event_id", long(65)),
	no("event_id", `"a\u0000"`), no("event_id", `"a\u0085"`), no("event_id", `5`),
	no("customer_id", ``), no("customer_id", `null`), no("customer_id", `""`), yes("customer_id", long(128)),
	no("customer_id", long(129)),
	no("customer_id", `7`), yes("anonymous_id", `"a"`), yes("anonymous_id", `null`), no("anonymous_id", `""`),
	no("occurred_at", ``), no("occurred_at", `null`), no("occurred_at", `17`), no("occurred_at", `"2026-03-01"`),
	no("occurred_at", `"2026-03-01T10:15:60Z"`), no("occurred_at", `"2026-03-01T24:15:00Z"`),
	no("occurred_at", `"1989-03-01T10:15:00Z"`),
	yes("occurred_at", `"2026-03-01T10:15:59.1Z"`), yes("occurred_at", `"2026-03-01T10:15:59.1234567Z"`),
	yes("occurred_at", `"2026-03-01T11:15:59,123456789+01:00"`), no("occurred_at", `"2026-03-01T10:15:59.1234567891Z"`),
	yes("occurred_at", `"2026-03-01 11:15:59 +0100"`), yes("occurred_at", `"2026-03-01t10:15z"`),
	yes("ingested_at", `"2026-03-01T11:15+01"`),
	yes("occurred_at", `"2026-03-01T10:15:59-18:00"`), no("occurred_at", `"2026-03-01T10:15:59-18:01"`),
	no("ingested_at", `"2026-03-01T10:15:59+0160"`),
	no("occurred_at", `"2026-03-01T10:15:59"`), no("ingested_at", `"2026-03-01 10:15:59  Z"`),
	no("ingested_at", `"2026-03-01T10:15.5Z"`),
	yes("ingested_at", `"2200-12-31T10:15:59Z"`), no("ingested_at", `"2201-01-01T00:00:00Z"`), no("ingested_at", `""`),
	yes("channel", `"pigeon"`), no("channel", `3`), no("store_id", `""`), no("staff_id", long(129)),
	yes("contact_id", `null`),
	yes("segment", `""`), yes("source", long(256)), no("source", long(257)),
	yes("consent", `{}`), yes("consent", `{"marketing":null,"x":1}`), no("consent", `{"marketing":"yes"}`),
	no("consent", `[]`),
	yes("public", `true`), no("public", `0`), yes("is_test", `false`), no("is_test", `"no"`),
}

var agreements = map[event.Type][]agreement{
	event.Purchase: append([]agreement{
		yes("customer_id", ``, "anonymous_id", `"a"`), no("customer_id", `""`, "anonymous_id", `"a"`),
		no("kind", ``), no("kind", `null`), no("kind", `"session"`), no("order_id", ``), no("order_id", `null`),
		no("order_id", `""`),
		no("currency", ``), no("currency", `"eur"`), no("currency", `"EURO"`), no("amount_net", ``), no("amount_net", `null`),
		yes("amount_net", `0`), no("amount_net", `-1`), yes("amount_net", `1000000000000`), no("amount_net", `1000000000001`),
		no("amount_net", `4.5`), no("amount_net", `"4990"`), yes("margin", `-5`), no("margin", `-1000000000001`),
		no("list_amount", `-1`),
		yes("kind", `"renewal"`), no("kind", `"renewal"`, "order_id", ``), no("kind", `"refund"`),
		yes("kind", `"refund"`, "ref_order_id", `"o-1"`), no("kind", `"refund"`, "ref_order_id", `"o-1"`, "currency", ``),
		no("kind", `"adjustment"`), no("kind", `"cancel"`), no("kind", `"exchange"`, "amount_net", ``),
		yes("kind", `"cancel"`, "ref_order_id", `"o-1"`, "currency", ``, "amount_net", ``, "order_id", ``),
		yes("status", `null`), yes("status", `"chargeback"`), no("status", `"opened"`), no("status", `""`),
		no("points_earned", `-1`), no("coupon_code", long(257)), no("is_first_order_claimed", `1`),
		no("delivered_at", `"now"`),
		yes("lines", `null`), yes("lines", `[]`), yes("lines", `[{}]`), no("lines", `[null]`), no("lines", `{}`),
		no("lines", `[{"qty":-1}]`),
		no("lines", `[{"qty":1000001}]`), no("lines", `[{"sku":1}]`), no("lines", `[{"unit_price":-1}]`),
		no("lines", `[{"launch_date":"soon"}]`), yes("lines", `[`+strings.Repeat(`{},`, 199)+`{}]`),
		no("lines", `[`+strings.Repeat(`{},`, 200)+`{}]`),
		yes("rating", `"not of purchases"`),
	}, everywhere...),
	event.Visit: append([]agreement{
		yes("customer_id", ``, "anonymous_id", `"a"`), no("kind", `"order"`), yes("kind", `"cart"`),
		yes("duration_s", `10000000`), no("duration_s", `10000001`), no("duration_s", `-1`), no("pages", `1000001`),
		no("pages", `1.5`),
		no("session_id", `""`), yes("category", `"shoes"`), no("referral_converted", `"x"`), no("referrer_id", `""`),
		no("kind", `"identity_merge"`), no("kind", `"identity_merge"`, "merge_from", `[]`), yes("kind", `"identity_merge"`,
			"merge_from", `["a"]`),
		no("kind", `"identity_merge"`, "merge_from", `null`), yes("merge_from", `[]`), no("merge_from", `[""]`),
		no("merge_from", `[null]`),
		yes("merge_from", `["a"`+strings.Repeat(`,"b"`, 15)+`]`), no("merge_from", `["a"`+strings.Repeat(`,"b"`, 16)+`]`),
		yes("kind", `"closure"`), yes("kind", `"closure"`, "closure_reason", `"fraud"`), no("closure_reason", `"bored"`),
	}, everywhere...),
	event.Complaint: append([]agreement{
		no("customer_id", ``, "anonymous_id", `"a"`), no("kind", `"cart"`), no("complaint_id", ``), no("complaint_id", `""`),
		no("status", ``),
		no("status", `"paid"`), no("kind", `"dispute"`, "status", `null`), yes("kind", `"feedback"`, "status", ``,
			"complaint_id", ``),
		no("kind", `"rating"`), yes("kind", `"rating"`, "rating", `1`), no("rating", `6`), no("rating", `0`),
		no("rating", `4.5`),
		no("kind", `"survey"`), yes("kind", `"survey"`, "csi", `0`), yes("kind", `"survey"`, "nps", `10`),
		yes("kind", `"survey"`, "rating", `3`),
		no("kind", `"survey"`, "csi", `null`), no("csi", `101`), no("nps", `-1`), yes("category", `"parking"`),
		no("category", long(257)),
		yes("severity", `5`), no("severity", `0`), no("resolution", `"hug"`), yes("resolution", `"none"`),
		no("compensation_amount", `-1`),
		no("first_response_at", `"x"`), no("satisfied_with_resolution", `"yes"`), no("text_hash", long(257)),
	}, everywhere...),
	event.Erasure: append([]agreement{
		no("request_id", ``), no("request_id", long(65)), no("requested_at", ``), no("requested_at", `"x"`), yes("kind", `5`),
	}, everywhere...),
	event.AlertFeedback: append([]agreement{
		no("alert_id", ``), no("alert_id", `""`), no("outcome", ``), no("outcome", `"ignored"`), no("outcome", `null`),
		no("actor", ``), no("actor", `5`), no("at", ``), no("at", `"x"`),
	}, everywhere...),
}
