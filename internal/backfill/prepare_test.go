package backfill

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/holdfast/holdfast/internal/config"
	"github.com/holdfast/holdfast/internal/rowmap"
	"github.com/holdfast/holdfast/internal/textfile"
)

// prepared is what a file makes.
type prepared struct {
	plan    *Plan
	values  []string
	events  []string // type key value, with # for the hash of made-up ids
	rejects []string // row reason field
	err     error
}

var rowHash = regexp.MustCompile(`(:[0-9]+):[0-9a-f]{16}"`)

func prepare(t *testing.T, options Options, text string) prepared {
	t.Helper()
	var got prepared
	if options.Zone == nil {
		options.Zone = time.UTC
	}
	if options.MemoryBytes == 0 {
		options.MemoryBytes = 1 << 20
	}
	options.Now = time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	options.Open = func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(text)), nil }
	options.Rejected = func(r *Reject) error {
		got.rejects = append(got.rejects, strings.TrimSpace(fmt.Sprintf("%d %s %s", r.Row, r.Reason, r.Field)))
		return nil
	}
	if got.plan, got.err = Prepare(options); got.err != nil {
		return got
	}
	got.err = got.plan.Each(func(e Event) error {
		got.values = append(got.values, string(e.Value))
		value := rowHash.ReplaceAll(e.Value, []byte(`$1:#"`))
		got.events = append(got.events, fmt.Sprintf("%s %s %s", e.Type, e.Key, value))
		return nil
	})
	return got
}

func mapOf(t *testing.T, text string) *rowmap.Map {
	t.Helper()
	m, err := rowmap.ReadMap("map.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

const cdnowMap = `
amounts: minor
fields:
  customer_id: cust
  occurred_at: {column: date}
  event_type: {constant: purchase}
  kind: {constant: order}
  currency: {constant: USD}
  amount_net: cents
`

func TestACDNOWRowBecomesAnOrderAtNoonOfTheBusinessZone(t *testing.T) {
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	got := prepare(t, Options{Name: "dir/cdnow.csv", Format: CSV, Map: mapOf(t, cdnowMap), Zone: zone},
		"cust,date,cds,cents\n2,1997-07-12,1,1200\n1,1997-01-01,1,1177\n1,1997-01-01,2,0\n")
	want := []string{
		`purchase 1 ` +
			`{"event_type":"purchase","event_id":"cdnow.csv:2:#","customer_id":"1","occurred_at":"1997-01-01T11:00:00Z","kind":"order","order_id":"cdnow.csv:2:#","currency":"USD","amount_net":1177}`,
		`purchase 1 ` +
			`{"event_type":"purchase","event_id":"cdnow.csv:3:#","customer_id":"1","occurred_at":"1997-01-01T11:00:00Z","kind":"order","order_id":"cdnow.csv:3:#","currency":"USD","amount_net":0}`,
		`purchase 2 ` +
			`{"event_type":"purchase","event_id":"cdnow.csv:1:#","customer_id":"2","occurred_at":"1997-07-12T10:00:00Z","kind":"order","order_id":"cdnow.csv:1:#","currency":"USD","amount_net":1200}`,
	}
	if diff := cmp.Diff(want, got.events); diff != "" || got.err != nil {
		t.Error(got.err, diff)
	}
	if got.plan.Events != 3 || got.plan.Streamed || got.plan.Rejects != 0 {
		t.Errorf("plan: %+v", got.plan)
	}
}

func TestTheMasterFileIsReadAsItIs(t *testing.T) {
	folder := os.Getenv("HOLDFAST_SHARED_DATA")
	if folder == "" {
		folder = "../../../shared/data"
	}
	data, err := os.ReadFile(folder + "/cdnow_master_events.csv.gz")
	if err != nil {
		t.Skip("the CDNOW master file is not beside the project (HOLDFAST_SHARED_DATA names its folder)")
	}
	unpacked, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(unpacked)
	if err != nil {
		t.Fatal(err)
	}
	options := Options{Name: "cdnow.csv", Format: CSV, Map: mapOf(t, cdnowMap), MemoryBytes: 256 << 20}
	got := prepare(t, options, string(text))
	if got.err != nil || got.plan.Events != 69_659 || len(got.rejects) > 0 {
		t.Fatalf("%d events, %d rejects, %v", got.plan.Events, len(got.rejects), got.err)
	}
	options.MemoryBytes = 1 << 20
	if got := prepare(t, options, string(text)); !errors.Is(got.err, ErrNotSorted) {
		t.Errorf("a file ordered by customer and too large to sort: %v", got.err)
	}
}

func TestSimulatedKindsAreToldApartByTheirColumns(t *testing.T) {
	m := mapOf(t, `
refunds: negative
fields: {customer_id: cust, occurred_at: t, channel: channel, kind: kind}
events:
- when: {type: purchase, kind: refund}
  fields: {ref_order_id: order_id, currency: {constant: EUR}, amount_net: amount_cents}
- when: {type: purchase}
  fields: {order_id: order_id, currency: {constant: EUR}, amount_net: amount_cents}
- when: {type: visit, kind: closure}
  fields: {closure_reason: {column: status_or_reason, values: {gone: moved}}}
- when: {type: visit}
- when: {kind: complaint}
  fields: {complaint_id: complaint_id, status: status_or_reason, category: category}
`)
	got := prepare(t, Options{Name: "sim.csv.gz.csv", Format: CSV, Map: m},
		"t,cust,type,kind,order_id,amount_cents,channel,complaint_id,status_or_reason,category,rating_or_late\n"+
			"2024-01-01T13:52:07Z,987,purchase,order,o1,908,store,,,,\n"+
			"2024-01-02T13:52:07Z,987,purchase,refund,o1,-908,store,,,,\n"+
			"2024-01-03T13:52:07Z,987,visit,session,,0,app,,,,\n"+
			"2024-01-04T13:52:07Z,987,visit,closure,,0,app,,gone,,\n"+
			"2024-01-05T13:52:07Z,987,complaint,complaint,o1,0,app,k1,opened,price,\n"+
			"2024-01-06T13:52:07Z,987,complaint,rating,o1,0,app,,,,5\n")
	want := []string{
		`purchase 987 ` +
			`{"event_type":"purchase","event_id":"sim.csv.gz.csv:1:#","customer_id":"987","occurred_at":"2024-01-01T13:52:07Z","kind":"order","order_id":"o1","currency":"EUR","amount_net":908,"channel":"store"}`,
		`purchase 987 ` +
			`{"event_type":"purchase","event_id":"sim.csv.gz.csv:2:#","customer_id":"987","occurred_at":"2024-01-02T13:52:07Z","kind":"refund","ref_order_id":"o1","currency":"EUR","amount_net":908,"channel":"store"}`,
		`visit 987 ` +
			`{"event_type":"visit","event_id":"sim.csv.gz.csv:3:#","customer_id":"987","occurred_at":"2024-01-03T13:52:07Z","kind":"session","channel":"app"}`,
		`visit 987 ` +
			`{"event_type":"visit","event_id":"sim.csv.gz.csv:4:#","customer_id":"987","occurred_at":"2024-01-04T13:52:07Z","kind":"closure","channel":"app","closure_reason":"moved"}`,
		`complaint 987 ` +
			`{"event_type":"complaint","event_id":"sim.csv.gz.csv:5:#","customer_id":"987","occurred_at":"2024-01-05T13:52:07Z","kind":"complaint","status":"opened","channel":"app","category":"price","complaint_id":"k1"}`,
	}
	if diff := cmp.Diff(want, got.events); diff != "" || got.err != nil {
		t.Error(got.err, diff)
	}
	if diff := cmp.Diff([]string{"6 bad_value"}, got.rejects); diff != "" {
		t.Error(diff)
	}
}

func TestNDJSONIsRoutedByEventTypeAndSorted(t *testing.T) {
	lines := []string{
		`{"event_id":"2","event_type":"visit","occurred_at":"2026-03-02T09:58:02Z","customer_id":"a\u0062","kind":"session"}`,
		``,
		`{"event_id":"1","event_type":"purchase","occurred_at":"2026-03-01T10:15:30Z","customer_id":"c","kind":"order","order_id":"o","currency":"EUR","amount_net":1}`,
		`{"event_id":"3","event_type":"visit","occurred_at":"2026-03-03T09:58:02Z","anonymous_id":"x","kind":"session"}`,
		`{"event_id":"4","event_type":"erasure","occurred_at":"2026-05-01T00:00:00Z","customer_id":"c","request_id":"e-9","requested_at":"2026-04-30T16:20:00Z"}`,
		`{"event_type":"visit"`,
		`{"event_id":"5","event_type":"visit","occurred_at":"2026-03-03T09:58:02Z","customer_id":7,"kind":"session"}`,
		`{"event_id":"5","event_type":"walk","occurred_at":"2026-03-03T09:58:02Z","customer_id":"c"}`,
		`{"event_id":"5","event_type":"visit","occurred_at":"2027-03-03T09:58:02Z","customer_id":"c","kind":"session"}`,
		"{\"event_id\":\"5\",\"event_type\":\"visit\",\"customer_id\":\"\xff\"}",
	}
	got := prepare(t, Options{Name: "e.ndjson", Format: NDJSON}, "\ufeff"+strings.Join(lines, "\r\n"))
	want := []string{"purchase c " + lines[2], "visit ab " + lines[0], "visit x " + lines[3], "erasure c " + lines[4]}
	if diff := cmp.Diff(want, got.events); diff != "" || got.err != nil {
		t.Error(got.err, diff)
	}
	rejects := []string{"6 bad_syntax", "7 bad_type customer_id", "8 unknown_type event_type", "9 future_time occurred_at",
		"10 bad_encoding"}
	if diff := cmp.Diff(rejects, got.rejects); diff != "" {
		t.Error(diff)
	}
}

func TestAFileAboveTheLimitIsStreamedWhereItIsSorted(t *testing.T) {
	text := &strings.Builder{}
	text.WriteString("customer_id,occurred_at,kind\n")
	for day := range 100 {
		fmt.Fprintf(text, "c,%s,session\n", time.Date(2024, 1, 1+day, 0, 0, 0, 0, time.UTC).Format(time.DateOnly))
	}
	options := Options{Name: "v.csv", Format: CSV, MemoryBytes: 2000}
	whole := prepare(t, Options{Name: "v.csv", Format: CSV}, text.String())
	got := prepare(t, options, text.String())
	if got.err != nil || !got.plan.Streamed || got.plan.Events != 100 {
		t.Fatalf("%+v, %v", got.plan, got.err)
	}
	if diff := cmp.Diff(whole.events, got.events); diff != "" {
		t.Error(diff)
	}
	for name, extra := range map[string]string{"late": "c,2023-01-01,session\n"} {
		got := prepare(t, options, text.String()+extra)
		if !errors.Is(got.err, ErrNotSorted) || !strings.Contains(got.err.Error(),
			"row 101 is earlier than the row before it; sort the file by time") {
			t.Errorf("%s: %v", name, got.err)
		}
	}
}

func TestBadRowsAreRejectedAndTheRestGoesOn(t *testing.T) {
	m := mapOf(t, `
delimiter: ";"
amounts: decimal
fields:
  customer_id: {template: "shop-{id}"}
  occurred_at: when
  kind: {constant: order}
  event_id: {template: "{{{@file}}}/{@row}"}
  currency: cur
  amount_net: sum
  is_first_order_claimed: first
`)
	got := prepare(t, Options{Name: "b.csv", Format: CSV, Map: m}, "id;when;cur;sum;first\n"+
		"1;2026-03-01;EUR;12.34;yes\n"+
		"2;2026-03-01;JPY;12;\n"+
		"3;2026-03-01;EUR;12.345;\n"+
		"4;2026-03-01;EUR;1e3;\n"+
		"5;1 March;EUR;1;\n"+
		"6;2026-03-01;EUR;1;maybe\n"+
		"7;2026-03-01;EUR\n"+
		"8;2026-03-01;eur;1;\n"+
		"9\xff;2026-03-01;EUR;1;\n"+
		"10;2026-03-01;EUR;-1;\n"+
		"11;2026-03-01;E\"UR;1;\n"+
		"12;9999-01-01;EUR;1;\n"+
		"13;2026-03-01;EUR;NaN;\n"+
		"14;2026-03-01 23:30:00;EUR;0.5;0\n")
	want := []string{
		`purchase shop-1 ` +
			`{"event_type":"purchase","event_id":"{b.csv}/1","customer_id":"shop-1","occurred_at":"2026-03-01T12:00:00Z","kind":"order","order_id":"b.csv:1:#","currency":"EUR","amount_net":1234,"is_first_order_claimed":true}`,
		`purchase shop-2 ` +
			`{"event_type":"purchase","event_id":"{b.csv}/2","customer_id":"shop-2","occurred_at":"2026-03-01T12:00:00Z","kind":"order","order_id":"b.csv:2:#","currency":"JPY","amount_net":12}`,
		`purchase shop-14 ` +
			`{"event_type":"purchase","event_id":"{b.csv}/14","customer_id":"shop-14","occurred_at":"2026-03-01T23:30:00Z","kind":"order","order_id":"b.csv:14:#","currency":"EUR","amount_net":50,"is_first_order_claimed":false}`,
	}
	if diff := cmp.Diff(want, got.events); diff != "" || got.err != nil {
		t.Error(got.err, diff)
	}
	rejects := []string{"3 bad_amount amount_net", "4 bad_amount amount_net", "5 bad_time occurred_at",
		"6 bad_type is_first_order_claimed", "7 bad_syntax", "8 bad_value currency", "9 bad_encoding customer_id",
		"10 bad_amount amount_net", "11 bad_syntax", "12 future_time occurred_at", "13 bad_amount amount_net"}
	if diff := cmp.Diff(rejects, got.rejects); diff != "" {
		t.Error(diff)
	}
}

func TestARejectKeepsTheRowAsItStood(t *testing.T) {
	var raws []string
	_, err := Prepare(Options{Name: "r.csv", Format: CSV, Zone: time.UTC, MemoryBytes: 1 << 20, Now: time.Now(),
		Open: func() (io.ReadCloser, error) {
			return io.NopCloser(strings.NewReader("customer_id,occurred_at,kind\n\"a\nb\",2026-01-01,session\r\nc,2026-01-01\nd,\"x,y\",session")), nil
		},
		Rejected: func(r *Reject) error { raws = append(raws, r.Raw); return nil },
	})
	if diff := cmp.Diff([]string{"\"a\nb\",2026-01-01,session", "c,2026-01-01", "d,\"x,y\",session"},
		raws); diff != "" || err != nil {
		t.Error(err, diff)
	}
}

func TestLongRows(t *testing.T) {
	long := strings.Repeat("x", textfile.MaxRowBytes+1)
	good := `{"event_id":"1","event_type":"visit","occurred_at":"2026-03-02T09:58:02Z","customer_id":"a","kind":"session"}`
	got := prepare(t, Options{Name: "l.ndjson", Format: NDJSON}, long+"\n"+good+"\n")
	if diff := cmp.Diff([]string{"1 too_large"}, got.rejects); diff != "" || len(got.events) != 1 || got.err != nil {
		t.Error(got.err, diff, got.events)
	}
	got = prepare(t, Options{Name: "l.csv", Format: CSV}, "customer_id,occurred_at,kind\n\""+strings.Repeat(long+"\n",
		2)+"c,2026-01-01,session\n")
	if diff := cmp.Diff([]string{"1 bad_syntax", "2 bad_syntax"}, got.rejects); diff != "" || len(got.events) != 1 ||
		got.err != nil {
		t.Error(got.err, diff, got.events)
	}
}

func TestWhatIsWrongWithAMapOrItsFile(t *testing.T) {
	const header = "cust,date,kind\n"
	for name, test := range map[string]struct{ file, text, want string }{
		"empty": {"{}", header,
			"fields: the map names no field → say where customer_id, occurred_at, event_type and kind come from"},
		"unknown key": {"fieldz: {}", header, "map.yaml:1  error  fieldz: is not a known key → did you mean fields?"},
		"unknown field": {"fields:\n  custmer_id: cust\n", header,
			"map.yaml:2  error  fields.custmer_id: is not a field of the schema → did you mean customer_id?"},
		"two origins": {"fields:\n  customer_id: {column: a, constant: b}\n", header,
			"map.yaml:2  error  fields.customer_id: has 2 origins"},
		"no list":      {"fields: {lines: cust}\n", header, "fields.lines: is a list or an object"},
		"bad template": {"fields: {customer_id: {template: \"{cust\"}}\n", header, "has a brace without its end"},
		"unknown name": {"fields: {customer_id: {template: \"{@line}\"}}\n", header,
			"has @line; there are {@file}, {@row} and {@hash}"},
		"no form": {"times: [epoch_s, dd.MM.yyyy]\nfields: {kind: kind}", header,
			"map.yaml:1  error  times: \"dd.MM.yyyy\" is no form of times"},
		"no zone": {"time_zone: Mars\nfields: {kind: kind}", header, "time_zone: unknown time zone Mars"},
		"form of no time": {"fields: {kind: {column: kind, times: [date]}}", header,
			"fields.kind.times: is for times, which this is not"},
		"delimiter": {"delimiter: tab\nfields: {kind: kind}", header, "\"tab\" cannot separate columns"},
		"amounts": {"amounts: major\nfields: {kind: kind}", header,
			"map.yaml:1  error  amounts: \"major\" is not one of minor, decimal"},
		"no column": {"fields: {customer_id: custs, occurred_at: date, kind: kind}", header,
			"fields.customer_id: the file has no column \"custs\" → did you mean cust?"},
		"field missing": {"fields: {customer_id: cust, kind: kind}", header,
			"fields.occurred_at: is missing → say where it comes from"},
		"column twice": {"fields: {customer_id: cust, occurred_at: date, kind: kind}", "cust,date,kind,cust\n",
			"the column \"cust\" stands twice in the header"},
		"empty file": {"fields: {customer_id: cust}", "", "it is empty; its first line must name the columns"},
		"unknown in when": {"fields: {customer_id: cust, occurred_at: date, kind: kind}\nevents: [{when: {knid: a}}]", header,
			"events[0].when.knid: the file has no column \"knid\" → did you mean kind?"},
	} {
		m, err := rowmap.ReadMap("map.yaml", []byte(test.file))
		if err == nil {
			err = prepare(t, Options{Name: "x.csv", Format: CSV, Map: m, MapName: "map.yaml"}, test.text).err
		}
		var invalid *config.Invalid
		if err == nil || !strings.Contains(err.Error(), test.want) || name != "empty file" && !errors.As(err, &invalid) {
			t.Errorf("%s: %v, want %q", name, err, test.want)
		}
	}
}

func TestWithoutAMapTheColumnsMustCarryOurNames(t *testing.T) {
	got := prepare(t, Options{Name: "x.csv", Format: CSV}, "cust,date\n1,2\n")
	if got.err == nil || !strings.Contains(got.err.Error(), "fields.customer_id: is missing") {
		t.Errorf("%v", got.err)
	}
}

func FuzzNDJSON(f *testing.F) {
	f.Add([]byte(`{"event_id":"1","event_type":"visit","occurred_at":"2026-03-02T09:58:02Z","customer_id":"a","kind":"session"}`))
	f.Add([]byte("\xef\xbb\xbf\n\r\n{}"))
	f.Fuzz(func(t *testing.T, data []byte) {
		got := prepare(t, Options{Name: "f", Format: NDJSON}, string(data))
		for _, line := range got.events {
			if _, value, _ := strings.Cut(line, "{"); !json.Valid([]byte("{" + value)) {
				t.Errorf("%q is no JSON", line)
			}
		}
	})
}
