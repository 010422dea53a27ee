package ops

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
)

// half gathers a part of the metrics, and an error.
type half struct{ prometheus.Gatherer }

func (h half) Gather() ([]*dto.MetricFamily, error) {
	families, err := h.Gatherer.Gather()
	return families, errors.Join(err, errors.New("one collector is broken"))
}

// A collector that fails takes nothing from the others, and is told in the log, or
// to nobody where there is none.
func TestMetricsThatCannotBeGathered(t *testing.T) {
	var log bytes.Buffer
	for _, logger := range []*slog.Logger{slog.New(slog.NewTextHandler(&log, nil)), nil} {
		o := options(func(o *Options) { o.Metrics, o.Log = half{o.Metrics}, logger })
		if code, body := get(t, o, "GET", "/metrics", ""); code != 200 || !strings.Contains(body, "holdfast_ready 1") {
			t.Errorf("%d %s", code, body)
		}
	}
	if !strings.Contains(log.String(), "one collector is broken") || !strings.Contains(log.String(), "gather metrics") {
		t.Errorf("the log says %q", log.String())
	}
}

// Probes are asked by machines: the type, no caching, HEAD, and nothing but them.
func TestAnswersOfProbes(t *testing.T) {
	handler := Handler(options(nil))
	for _, test := range []struct {
		method, path string
		code         int
	}{
		{"GET", "/livez", 200}, {"HEAD", "/livez", 200}, {"HEAD", "/readyz", 200}, {"GET", "/startupz", 200},
		{"GET", "/readyz?verbose=1", 200}, {"GET", "/livez/", 404}, {"GET", "//livez", 307}, {"GET", "/LIVEZ", 404},
		{"GET", "/readyz/../debug/pprof/", 307}, {"DELETE", "/readyz", 405}, {"PUT", "/metrics", 405},
		{"GET", "/debug/pprof/cmdline", 404},
	} {
		recorder := httptest.NewRecorder()
		handler.ServeHTTP(recorder, httptest.NewRequest(test.method, test.path, nil))
		if recorder.Code != test.code {
			t.Errorf("%s %s: %d, want %d", test.method, test.path, recorder.Code, test.code)
		}
		if test.code == 200 && (recorder.Header().Get("Content-Type") != "application/json" ||
			recorder.Header().Get("Cache-Control") != "no-store") {
			t.Errorf("%s %s: %v", test.method, test.path, recorder.Header())
		}
	}
}

// What is only shown never makes an instance not ready; one condition is enough.
func TestReadyIsThatAllHolds(t *testing.T) {
	for name, test := range map[string]struct {
		checks []Check
		code   int
	}{
		"none":           {nil, 200},
		"all":            {[]Check{{Name: "a", OK: true}, {Name: "b", OK: true}}, 200},
		"shown":          {[]Check{{Name: "a", OK: true}, {Name: "b", Shown: true}}, 200},
		"shown only":     {[]Check{{Name: "a", Shown: true}}, 200},
		"the first":      {[]Check{{Name: "a"}, {Name: "b", OK: true}}, 503},
		"shown and not":  {[]Check{{Name: "a", Shown: true}, {Name: "b"}}, 503},
		"words are data": {[]Check{{Name: "a", Why: "<script>\"\n"}}, 503},
	} {
		code, body := get(t, options(func(o *Options) { o.Ready = func() []Check { return test.checks } }), "GET",
			"/readyz", "")
		if code != test.code || strings.Contains(body, "<script>") || !strings.Contains(body, fmt.Sprintf("\"ok\": %v",
			code == 200)) {
			t.Errorf("%s: %d %s", name, code, body)
		}
	}
}

// The token is asked in one form, for every page behind it.
func TestTheTokenOpensAllProfilesOrNone(t *testing.T) {
	handler := Handler(options(func(o *Options) { o.Token, o.Profiles = "s3cret", true }))
	for _, path := range []string{"/debug/pprof/", "/debug/pprof/heap", "/debug/pprof/cmdline", "/debug/pprof/symbol",
		"/debug/pprof/profile?seconds=1", "/debug/pprof/trace?seconds=1"} {
		for _, header := range []string{"", "s3cret", "Bearer", "Bearer ", "Bearer  s3cret", "bearer s3cret", "Basic s3cret",
			"Bearer s3cret ", "Bearer s3cretx", "Bearer s3cre"} {
			request := httptest.NewRequest("GET", path, nil)
			if header != "" {
				request.Header.Set("Authorization", header)
			}
			recorder := httptest.NewRecorder()
			handler.ServeHTTP(recorder, request)
			if recorder.Code != 401 || recorder.Header().Get("WWW-Authenticate") != "Bearer" ||
				strings.Contains(recorder.Body.String(), "s3cret") {
				t.Errorf("%s, %q: %d %s", path, header, recorder.Code, recorder.Body)
			}
		}
	}
	for _, path := range []string{"/debug/pprof/", "/debug/pprof/heap", "/debug/pprof/cmdline", "/debug/pprof/symbol"} {
		request := httptest.NewRequest("GET", path, nil)
		request.Header.Set("Authorization", "Bearer s3cret")
		recorder := httptest.NewRecorder()
		if handler.ServeHTTP(recorder, request); recorder.Code != 200 || recorder.Body.Len() == 0 {
			t.Errorf("%s: %d", path, recorder.Code)
		}
	}
}

// A caller that is slow or talks much cannot keep the listener busy.
func TestTheServerHasLimits(t *testing.T) {
	server := Server(Handler(options(nil)))
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	request := func(change func(*http.Request)) int {
		r, err := http.NewRequestWithContext(t.Context(), "GET", "http://"+listener.Addr().String()+"/livez", nil)
		if err != nil {
			t.Fatal(err)
		}
		change(r)
		answer, err := http.DefaultTransport.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		_, errRead := io.Copy(io.Discard, answer.Body)
		if err := errors.Join(errRead, answer.Body.Close()); err != nil {
			t.Fatal(err)
		}
		return answer.StatusCode
	}
	if code := request(func(*http.Request) {}); code != 200 {
		t.Errorf("a plain request: %d", code)
	}
	if code := request(func(r *http.Request) { r.Header.Set("X", strings.Repeat("x", 64<<10)) }); code != 431 {
		t.Errorf("headers of 64 KiB: %d", code)
	}
	if server.ReadHeaderTimeout <= 0 || server.ReadTimeout <= 0 || server.IdleTimeout <= 0 ||
		server.WriteTimeout <= 30*time.Second {
		t.Errorf("limits on time: %+v", server)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	if err := server.Shutdown(ctx); err != nil {
		t.Error(err)
	}
	if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
		t.Error(err)
	}
}
