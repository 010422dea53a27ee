package main

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

func gzipped(t *testing.T, text string) string {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	if _, err := w.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func utf16Of(text string) string {
	out := []byte{0xff, 0xfe}
	for _, unit := range utf16.Encode([]rune(text)) {
		out = append(out, byte(unit), byte(unit>>8))
	}
	return string(out)
}

// TestBackfillReadsFilesAsTheyCome drives the command over what programs do to
// files, reading only.
func TestBackfillReadsFilesAsTheyCome(t *testing.T) {
	const plain = "\"customer_id\",\"occurred_at\",\"kind\",\"order_id\",\"currency\",\"amount_net\"\n" +
		"k-1,2024-03-01,order,a,EUR,100\nk-1,2026-03-02,order,b,EUR,200\nk-2,2026-03-03,order,c,EUR,300\n"
	const items = "cust,date,invoice,amount\nk-1,2026-03-01,80001,12.00\nk-1,2026-03-01,80001,4.50\nk-1,2026-03-01,80001,33.50\n"
	const itemsMap = "amounts: decimal\nfields:\n  customer_id: cust\n  occurred_at: date\n  kind: {constant: order}\n" +
		"  order_id: invoice\n  currency: {constant: EUR}\n  amount_net: amount\n"
	const object = `{"event_type":"visit","event_id":"v","customer_id":"k","kind":"session",` +
		`"occurred_at":"2026-03-01T10:00:00Z"}` + "\n"
	all := "3 events from 2024-03-01 to 2026-03-03"
	for name, test := range map[string]struct {
		file, text string
		mapped     string
		args       []string
		code       int
		says       string
	}{
		"plain":                {"o.csv", plain, "", nil, 0, all},
		"capitals":             {"ORDERS.CSV", plain, "", nil, 0, all},
		"capitals, packed":     {"ORDERS.CSV.GZ", gzipped(t, plain), "", nil, 0, all},
		"packed, another name": {"o.csv", gzipped(t, plain), "", nil, 0, all},
		"not packed, but .gz":  {"o.csv.gz", plain, "", nil, 0, all},
		"mark":                 {"o.csv", "\ufeff" + plain, "", nil, 0, all},
		"returns":              {"o.csv", strings.ReplaceAll(plain, "\n", "\r"), "", nil, 0, all},
		"semicolons":           {"o.csv", strings.ReplaceAll(plain, ",", ";"), "", []string{"--delimiter", ";"}, 0, all},
		"semicolons, unsaid":   {"o.csv", strings.ReplaceAll(plain, ",", ";"), "", nil, 1, "say --delimiter ';'"},
		"UTF-16": {"o.csv", utf16Of(plain), "", nil, 1,
			"it is UTF-16: save it as \"CSV UTF-8\", or convert it: iconv"},
		"UTF-16 map": {"o.csv", items, utf16Of(itemsMap), nil, 3, "it is UTF-16"},
		"old rows":   {"o.csv", plain, "", nil, 0, "1 events are older than the 400 days that are kept exactly"},
		"a row per line": {"i.csv", items, itemsMap, nil, 1,
			"(lines 2 and 3) are one order in one status, but differ in amount_net (1200, 450)"},
		"summed, map of a mark": {"i.csv", items, "\ufefflines: sum\n" + itemsMap, nil, 0, "i.csv: 1 events"},
		"the first": {"i.csv", items, "lines: first\n" + itemsMap, nil, 0,
			"2 rows left out that are not the first of their order"},
		"neither": {"i.csv", items, "lines: last\n" + itemsMap, nil, 3,
			`lines: "last" is not one of sum, first`},
		"repeated": {"o.csv", plain + "k-2,2026-03-03,order,c,EUR,300\n", "", nil, 0,
			"1 rows left out that repeat others"},
		"objects, untold": {"o.dat", " " + object, "", nil, 0, "o.dat: 1 events"},
		"packed, untold":  {"o", gzipped(t, object), "", nil, 0, "o: 1 events"},
		"rows, untold":    {"o.dat", plain, "", nil, 2, `the format cannot be told from the name "o.dat"`},
		"rows, told":      {"o.dat", plain, "", []string{"--format", "csv"}, 0, all},
		"an open quote": {"o.csv", plain + "k-3,2026-03-03,\"order,c,EUR,300\nk-4,2026-03-03,order,c,EUR,300\n", "",
			[]string{"--rejects", os.DevNull}, 5,
			"o.csv: 4 events"},
	} {
		t.Run(name, func(t *testing.T) {
			args := append([]string{"backfill", "--dry-run", write(t, test.file, test.text)}, test.args...)
			if test.mapped != "" {
				args = append(args, "--map", write(t, "m.yml", test.mapped))
			}
			got := holdfast(t, nil, args...)
			if got.code != test.code || !strings.Contains(got.stderr, test.says) || strings.ContainsRune(got.stderr, 0) {
				t.Errorf("exit %d, want %d; stderr %q, want %q", got.code, test.code, got.stderr, test.says)
			}
		})
	}
}

// TestARejectSaysWhereItsQuoteOpens: the other rows are events.
func TestARejectSaysWhereItsQuoteOpens(t *testing.T) {
	var text strings.Builder
	text.WriteString("customer_id,occurred_at,kind,channel\n")
	for line := 2; line <= 252; line++ {
		channel := "store"
		switch line {
		case 22:
			channel = `"store`
		case 202:
			channel = `store"`
		}
		fmt.Fprintf(&text, "k-%d,2026-03-01,session,%s\n", line, channel)
	}
	rejects := filepath.Join(t.TempDir(), "r.ndjson")
	got := holdfast(t, nil, "backfill", "--dry-run", "--rejects", rejects, write(t, "q.csv", text.String()))
	told, err := os.ReadFile(rejects)
	if err != nil {
		t.Fatal(err)
	}
	if got.code != 5 || !strings.Contains(got.stderr, "249 events") || !strings.Contains(string(told), `"line":22`) ||
		!strings.Contains(string(told), "would make one row of lines 22 to 202") || strings.Count(string(told), "\n") != 2 {
		t.Errorf("exit %d, %s\n%s", got.code, got.stderr, told)
	}
}

// TestNothingIsSentOfAFileWhoseRowsDiffer: not one record reaches the topic.
func TestNothingIsSentOfAFileWhoseRowsDiffer(t *testing.T) {
	environ := kafkaFor(t)
	if got := holdfast(t, environ, "migrate", "up", "--clickhouse", "off"); got.code != 0 {
		t.Fatalf("migrate up: %+v", got)
	}
	client, err := kgo.NewClient(kgo.SeedBrokers(environ["HOLDFAST_KAFKA_BROKERS"]))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	sent := func() (records int64) {
		ends, err := kadm.NewClient(client).ListEndOffsets(t.Context(), "retail.purchases.v1")
		if err != nil {
			t.Fatal(err)
		}
		ends.Each(func(end kadm.ListedOffset) { records += end.Offset })
		return records
	}
	const orders = "customer_id,occurred_at,kind,order_id,currency,amount_net\nk-1,2026-03-01,order,a,EUR,100\n"
	differing := write(t, "o.csv", orders+"k-1,2026-03-01,order,b,EUR,100\nk-1,2026-03-01,order,a,EUR,101\n")
	if got := holdfast(t, environ, "backfill", differing); got.code != 1 ||
		!strings.Contains(got.stderr, "lines 2 and 4") || sent() != 0 {
		t.Errorf("%+v, %d records sent", got, sent())
	}
	// Two files of one name, and one of them again: three events, four records.
	for _, text := range []string{orders, strings.ReplaceAll(orders, ",a,", ",,"),
		strings.ReplaceAll(orders, ",a,EUR,100", ",,EUR,7")} {
		if got := holdfast(t, environ, "backfill", write(t, "o.csv", text)); got.code != 0 {
			t.Errorf("%+v", got)
		}
	}
	for name, text := range map[string]string{"o.csv": orders, "renamed.csv": orders,
		"packed.csv.gz": gzipped(t, orders)} {
		got := holdfast(t, environ, "backfill", write(t, name, text))
		if got.code != 2 || !strings.Contains(got.stderr, "this content was sent on 20") ||
			!strings.Contains(got.stderr, "as o.csv): sending it again") ||
			!strings.Contains(got.stderr, "say --again") || sent() != 3 {
			t.Errorf("%s: %+v, %d records sent", name, got, sent())
		}
	}
	if got := holdfast(t, environ, "backfill", "--again", write(t, "o.csv", orders)); got.code != 0 ||
		!strings.Contains(got.stderr, "--again: 1 of 1 events were sent already") ||
		!strings.Contains(got.stderr, "count twice") || sent() != 4 {
		t.Fatalf("%+v, %d records sent", got, sent())
	}
	ids := map[string]bool{}
	client.AddConsumeTopics("retail.purchases.v1")
	for read := 0; read < 4; {
		client.PollFetches(t.Context()).EachRecord(func(record *kgo.Record) {
			read++
			_, id, _ := strings.Cut(string(record.Value), `"event_id":"`)
			ids[id[:strings.IndexByte(id, '"')]] = true
		})
	}
	if len(ids) != 3 || sent() != 4 {
		t.Errorf("%d records with the ids %v", sent(), ids)
	}
}
