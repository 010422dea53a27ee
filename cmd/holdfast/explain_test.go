package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/holdfast/holdfast/internal/explain"
	"github.com/holdfast/holdfast/internal/ops"
	"github.com/holdfast/holdfast/pipeline"
)

// TestExplainAsksWithTheToken: the id comes through whatever is in it, with the token.
func TestExplainAsksWithTheToken(t *testing.T) {
	const customer = "a/b ü?#%2F"
	tell := func(_ context.Context, id string) (int, any) {
		return http.StatusOK, explain.Document{CustomerID: id, Source: explain.FromInstance, Level: "watch\x1b[2J"}
	}
	server := httptest.NewServer(ops.Handler(ops.Options{Token: "s3cret", Customer: tell}))
	defer server.Close()
	token, wrong := write(t, "token", "s3cret\n"), write(t, "wrong", "another\n")
	for file, says := range map[string]string{token: "", wrong: "wants another token", "": "wants another token",
		"/nowhere/token": "token cannot be read"} {
		environ := map[string]string{"HOLDFAST_OPS_TOKEN_FILE": file}
		got := holdfast(t, environ, "explain", "--url", server.URL+"/", "--clickhouse", "off", customer)
		if says == "" && (got.code != 0 || !strings.Contains(got.stdout, customer) || strings.Contains(got.stdout, "\x1b")) {
			t.Errorf("with the token: %+v", got)
		}
		if says != "" && (got.code != exitUnreachable || !strings.Contains(got.stderr, says) ||
			strings.Contains(got.stderr, "s3cret") || strings.Contains(got.stderr, "another\n")) {
			t.Errorf("%q: %+v, want %q", file, got, says)
		}
	}
}

// TestExplainOfStrangers: what does not answer as an instance does is told in words, and
// the row is turned to; an instance that does not know the customer is believed.
func TestExplainOfStrangers(t *testing.T) {
	for name, test := range map[string]struct {
		status     int
		body, says string
		code       int
	}{
		"another program":    {200, "<html>hello</html>", "(status 200) is no instance of this version", exitUnreachable},
		"an older instance":  {404, "404 page not found\n", "(status 404) is no instance of this version", exitUnreachable},
		"another's answer":   {200, `{"customer_id":"c-2","source":"instance"}`, "is no instance", exitUnreachable},
		"a row as an answer": {200, `{"customer_id":"c-1","source":"row"}`, "is no instance", exitUnreachable},
		"not known":          {404, `{"error":"unknown_customer","why":"x"}`, "has counted no event of this customer", 1},
		"owned elsewhere":    {409, `{"error":"owned_elsewhere","why":"another\u001b owns it"}`, "another", exitUnreachable},
		"busy":               {503, `{"error":"not_answering","why":"shard 3 is restored"}`, "shard 3", exitUnreachable},
		"without a token":    {403, `{"error":"forbidden","why":"give a token"}`, "give a token", exitUnreachable},
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(test.status)
			fmt.Fprint(w, test.body)
		}))
		got := holdfast(t, nil, "explain", "c-1", "--url", server.URL, "--clickhouse", "off")
		server.Close()
		if got.code != test.code || !strings.Contains(got.stderr, test.says) || strings.Contains(got.stderr, "\x1b") ||
			got.stdout != "" {
			t.Errorf("%s: %+v, want %d, %q", name, got, test.code, test.says)
		}
	}
	for _, address := range []string{"localhost:9464", "http://", "ftp://x", "http://a b"} {
		got := holdfast(t, nil, "explain", "c-1", "--url", address, "--clickhouse", "off")
		if got.code != exitUsage || !strings.Contains(got.stderr, "is not an address") ||
			strings.Contains(got.stderr, "c-1") {
			t.Errorf("%s: %+v", address, got)
		}
	}
	deaf := write(t, "deaf.yml", "version: 1\nkafka: {brokers: [\"localhost:9092\"]}\nops: {listen: \"\"}\n")
	got := holdfast(t, nil, "explain", "c-1", "--clickhouse", "off", "-c", deaf)
	if got.code != exitUnreachable || !strings.Contains(got.stderr, "because ops.listen is empty") {
		t.Errorf("without a listener: %+v", got)
	}
}

// TestAnswersOfTheOwner: each end of a question has its status and its word.
func TestAnswersOfTheOwner(t *testing.T) {
	for _, test := range []struct {
		err    error
		status int
		word   string
	}{
		{pipeline.ErrUnknownCustomer, 404, ops.UnknownCustomer},
		{pipeline.ErrOwnedElsewhere, 409, ops.OwnedElsewhere},
		{fmt.Errorf("%w: late", pipeline.ErrNotAnswering), 503, ops.NotAnswering},
		{errors.New("anything else"), 503, ops.NotAnswering},
	} {
		status, answer := customerAnswer("c-1")(nil, test.err)
		if p, ok := answer.(ops.Problem); status != test.status || !ok || p.Error != test.word || p.Why == "" {
			t.Errorf("%v: %d %+v", test.err, status, answer)
		}
	}
}

// TestARowIsToldAsItStands: of its own day, with what was stored, and nothing scored anew.
func TestARowIsToldAsItStands(t *testing.T) {
	age, first, last, risk := uint32(9), int32(20_500), int32(20_503), .4
	row := customerRow{CustomerID: "c-1", Currency: "EUR", TimeZone: "Europe/Berlin", FirstDay: &first, LastDay: &last,
		Repeat: 1, OrdersLife: 2, PurchaseDays: 2, ComplaintsOpen: 1, OldestOpenDays: &age, SLABreached: 1, AsOfDay: 20_513,
		ChurnRisk: &risk, ReasonCodes: []string{"OPEN_COMPLAINT"}, ParamVersion: "ab", Sufficiency: "ok",
		RefundsWaiting: 12.5, AsOf: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	d := row.document("no instance answers at x")
	for _, want := range []string{"bought on two days, 3 days apart, the latest 10 days ago",
		"1 complaint open, the oldest for 9 days, past the time allowed",
		"refunds of EUR 12.50 name an order that is not known; they are deducted from nothing"} {
		if !slices.Contains(d.Facts, want) {
			t.Errorf("%q, want %q among them", d.Facts, want)
		}
	}
	if d.Note != "no instance answers at x; from the row of 2026-03-01T12:00:00Z" || d.Source != explain.FromRow ||
		*d.Score.ChurnRisk != risk || len(d.Score.Contributions) != 0 || len(d.Next) != 0 {
		t.Errorf("%+v %+v", d, d.Score)
	}
	row.FirstDay, row.LastDay, row.Lifecycle = nil, nil, "prospect"
	if d := row.document(""); d.Score != nil || !slices.Contains(d.Facts, "has not bought anything yet") {
		t.Errorf("a prospect: %+v", d)
	}
}
