package json

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/holdfast/holdfast/pipeline/decode"
	"github.com/holdfast/holdfast/pipeline/event"
)

const fullPurchase = `{"event_id":"e-6","event_type":"purchase","schema_version":1,
 "occurred_at":"2026-03-01T10:15:30.250000Z","ingested_at":"2026-03-01T10:15:31Z",
 "customer_id":"c-01873","tz":"Europe/Berlin","channel":"web","store_id":"s-1","partner_id":"p-3","staff_id":"st-7",
 "contact_id":"b-2","segment":"re\u0074ail","consent":{"marketing":true},"source":"shop","is_test":false,"trace_id":"4bf92f3577b34da6",
 "kind":"order","order_id":"o-772","status":"paid","currency":"EUR","amount_gross":6990,"amount_discount":1000,"amount_tax":1000,
 "amount_net":4990,"margin":-7,"list_amount":6990,"coupon_code":"SPRING","is_first_order_claimed":false,"points_earned":49,
 "points_redeemed":0,"promised_at":"2026-03-03T18:00:00Z","delivered_at":null,"renewal_due_at":null,
 "lines":[{"sku":"A-100","category":"shoes","qty":1,"unit_price":6990,"launch_date":"2026-02-10"}]}`

func at(text string) event.Instant {
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		panic(err)
	}
	return event.Instant(t.UnixMicro())
}

func hash(id string) uint64 { return event.HashID([]byte(id)) }

func categories(names ...string) (all event.Categories) {
	for _, name := range names {
		all = event.AppendCategory(all, []byte(name))
	}
	return all
}

// TestCategoriesOfLines: each line's category comes, in the order of the lines; one that
// is empty or null is none.
func TestCategoriesOfLines(t *testing.T) {
	shirt := `{"sku":"\u0053","category":"shirts","qty":2}`
	for lines, want := range map[string]event.Categories{
		`[]`: nil, `null`: nil, `[{"sku":"A"}]`: nil, `[{"category":null},{"category":""}]`: nil,
		`[{"category":"sh\u006fes"}]`:                                  categories("shoes"),
		`[` + shirt + `,{"category":"shoes"},{"qty":1},` + shirt + `]`: categories("shirts", "shoes", "shirts"),
		`[` + strings.Repeat(shirt+",", 199) + `{"category":"last"}]`: categories(
			append(slices.Repeat([]string{"shirts"}, 199), "last")...),
		`[{"category":"` + strings.Repeat("x", 256) + `","sku":"category"}]`: categories(strings.Repeat("x", 256)),
	} {
		got, reject, ok := decodeOne(t, decode.Config{Type: purchase}, record(kind(purchase, "order", `"lines":`+lines)))
		if !ok {
			t.Fatalf("%.80s: %+v", lines, reject)
		}
		if diff := cmp.Diff(want, got.Categories); diff != "" {
			t.Errorf("%.80s (-want +got):\n%s", lines, diff)
		}
	}
}

func TestValues(t *testing.T) {
	common := func(e event.Event) event.Event {
		e.RecordTime, e.CustomerID, e.CustomerHash = recordTime, []byte(customer), hash(customer)
		if e.EventID == nil {
			e.EventID = []byte("5d0c6f0e-51b5-4b0c-9a53-6a2f5d6c1a02")
		}
		e.EventHash = hash(string(e.EventID))
		return e
	}
	visited, complained := at("2026-03-01T09:58:02Z"), at("2026-03-04T08:00:00Z")
	k12 := []byte("5d0c6f0e-51b5-4b0c-9a53-6a2f5d6c1a03")
	for name, c := range map[string]struct {
		value string
		want  event.Event
	}{
		"full purchase": {fullPurchase, event.Event{Type: purchase, Kind: event.Order, Status: event.Paid, Channel: event.Web,
			EventID: []byte("e-6"), OccurredAt: at("2026-03-01T10:15:30.25Z"), OrderHash: hash("o-772"),
			Segment: []byte("retail"), Categories: categories("shoes"),
			Currency: [3]byte{'E', 'U', 'R'}, AmountNet: 4990, AmountDiscount: 1000, ListAmount: 6990, Margin: -7,
			Has: event.HasAmountNet | event.HasAmountDiscount | event.HasListAmount | event.HasMargin | event.HasConsent |
				event.HasConsentMarketing | event.HasDiscountCoupon}},
		"visit": {good[visit], event.Event{Type: visit, Kind: event.Session, OccurredAt: visited}},
		"unknown channel": {with(visit, "channel", `"pigeon"`),
			event.Event{Type: visit, Kind: event.Session, OccurredAt: visited,
				Channel: event.ChannelOther, Has: event.HasUnknownChannel}},
		"channel other": {with(visit, "channel", `"other"`),
			event.Event{Type: visit, Kind: event.Session, OccurredAt: visited,
				Channel: event.ChannelOther}},
		"no consent": {with(visit, "consent", `{"marketing":false}`), event.Event{Type: visit, Kind: event.Session,
			OccurredAt: visited, Has: event.HasConsent}},
		"closure": {with(visit, "kind", `"closure"`), event.Event{Type: visit, Kind: event.Closure,
			Closure: event.UnknownReason, OccurredAt: visited}},
		"moved": {kind(visit, "closure", `"closure_reason":"moved","pages":3`), event.Event{Type: visit, Kind: event.Closure,
			Closure: event.Moved, OccurredAt: visited, Pages: 3}},
		"referral": {kind(visit, "referral", `"referrer_id":"r","referral_converted":true`), event.Event{Type: visit,
			Kind: event.Referral, OccurredAt: visited, ReferrerID: []byte("r"),
			Has: event.HasReferrer | event.HasReferralConverted}},
		"complaint": {kind(complain, "complaint", `"category":"parking","severity":4,"resolution":"none","rating":2,
			"first_response_at":"2026-03-04 11:00:00 +0200","sla_due_at":"2026-03-05T08:00:00.1234567Z","order_id":"o-1"`),
			event.Event{Type: complain, Kind: event.ComplaintMade, Status: event.Opened, Category: event.CategoryOther,
				Severity: 4, Resolution: event.ResolvedByNothing, Rating: 2, OccurredAt: complained, EventID: k12,
				ComplaintHash: hash("k-12"), OrderHash: hash("o-1"), Has: event.HasUnknownCategory,
				ComplaintID: []byte("k-12"), OrderID: []byte("o-1"),
				FirstResponseAt: at("2026-03-04T09:00:00Z"), SLADueAt: at("2026-03-05T08:00:00.123456Z")}},
		"feedback": {good[feedback], event.Event{Type: feedback, Outcome: event.OutcomeContacted,
			OccurredAt: at("2026-04-20T07:30:00Z"), EventID: []byte("5d0c6f0e-51b5-4b0c-9a53-6a2f5d6c1a05")}},
	} {
		got, reject, ok := decodeOne(t, decode.Config{Type: c.want.Type}, record(c.value))
		if !ok {
			t.Errorf("%s: %+v", name, reject)
		} else if diff := cmp.Diff(common(c.want), got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// TestReuse decodes different records one after the other with one decoder:
// nothing of one may show in the next, whatever was accepted before, nor may
// the order of fields that the decoder remembers.
func TestReuse(t *testing.T) {
	for _, c := range rejectCases {
		d, err := New(decode.Config{Type: c.t})
		if err != nil {
			t.Fatal(err)
		}
		longer := strings.TrimSuffix(c.value, "}") + `,"zz":1}` // so that no fault is in the last field
		order := good[c.t]
		spaced := strings.ReplaceAll(order, `":`, `": `)
		for _, value := range []string{order, c.value, c.value, order, longer, longer, order, spaced, spaced} {
			same(t, d, decode.Config{Type: c.t}, record(value))
		}
	}
}

// same decodes a record with a used decoder and with a fresh one.
func same(t *testing.T, d *Decoder, cfg decode.Config, rec decode.Record) {
	t.Helper()
	var got event.Event
	var arena decode.Arena
	want, wantReject, wantOK := decodeOne(t, cfg, rec)
	reject, ok := d.Decode(&got, &rec, &arena)
	if ok != wantOK || reject != wantReject {
		t.Fatalf("%s: got %+v, want %+v as from a fresh decoder", shorten(string(rec.Value)), reject, wantReject)
	}
	if diff := cmp.Diff(want, got); ok && diff != "" {
		t.Fatalf("%s (-fresh +reused):\n%s", shorten(string(rec.Value)), diff)
	}
}

// TestCutOff cuts good events at every byte: none may be taken, none may make
// the decoder look beyond its end.
func TestCutOff(t *testing.T) {
	for kind, value := range good {
		d, err := New(decode.Config{Type: kind})
		if err != nil {
			t.Fatal(err)
		}
		var dst event.Event
		var arena decode.Arena
		for n := range len(value) {
			whole, part := record(value), record(value[:n])
			part.Value = part.Value[:n:n]
			if reject, ok := d.Decode(&dst, &whole, &arena); !ok {
				t.Fatalf("%s: %+v", value, reject)
			}
			if reject, _ := d.Decode(&dst, &part, &arena); reject.Reason != decode.BadSyntax && n > 0 {
				t.Fatalf("%s: got %q", value[:n], reject.Reason)
			}
		}
	}
}

// TestNearNames puts unknown fields where known ones are expected that differ
// from them in one byte.
func TestNearNames(t *testing.T) {
	for _, name := range decode.FieldNames(visit) {
		usual := with(visit, name, "null")
		for i := range len(name) {
			near := strings.Replace(usual, `"`+name+`":null`, `"`+name[:i]+"#"+name[i+1:]+`":[]`, 1)
			d, err := New(decode.Config{Type: visit})
			if err != nil {
				t.Fatal(err)
			}
			for _, value := range []string{usual, near, near} {
				same(t, d, decode.Config{Type: visit}, record(value))
			}
		}
	}
}

func TestNoAllocation(t *testing.T) {
	values := map[event.Type][]string{
		visit: {visitValue, with(visit, "source", `"\u0041\n"`), with(visit, "extra", `[1,{"a":{"b":2},"c":[]}]`),
			kind(visit, "identity_merge", `"merge_from":["a","\u0062"]`)},
		purchase: {fullPurchase, orderValue, good[purchase]},
		complain: {good[complain]},
	}
	for kind, list := range values {
		d, err := New(decode.Config{Type: kind})
		if err != nil {
			t.Fatal(err)
		}
		var dst event.Event
		var arena decode.Arena
		for _, value := range list {
			rec := record(value)
			if value == visitValue || value == orderValue {
				rec.Key = []byte("c-00000001873")
			}
			perRun := testing.AllocsPerRun(100, func() {
				arena.Reset()
				if reject, ok := d.Decode(&dst, &rec, &arena); !ok {
					t.Fatal(reject)
				}
			})
			if perRun != 0 {
				t.Errorf("%s: %v allocations", value, perRun)
			}
		}
	}
}

// TestManyFields holds the time of a record with very many field names to the
// order of its size: it would take minutes if each were compared with each.
func TestManyFields(t *testing.T) {
	value := []byte(with(visit, "extra", "{"))
	value = value[:len(value)-1]
	for i := 0; len(value) < decode.DefaultMaxValueBytes-20; i++ {
		value = append(value, '"', byte('a'+i%26), byte('a'+i/26%26), byte('a'+i/676%26), byte('a'+i/17576), '"', ':', '0',
			',')
	}
	good := string(value[:len(value)-1]) + "}}"
	if _, reject, ok := decodeOne(t, decode.Config{Type: visit}, record(good)); !ok {
		t.Errorf("different names: %+v", reject)
	}
	twice := string(value) + `"caaa":0}}`
	if _, reject, _ := decodeOne(t, decode.Config{Type: visit}, record(twice)); reject.Reason != decode.BadSyntax {
		t.Errorf("one name twice: got %q", reject.Reason)
	}
}
