package ops

import (
	"bytes"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
)

// failing cannot gather its metrics.
type failing struct{}

func (failing) Gather() ([]*dto.MetricFamily, error) {
	return nil, errors.New("two metrics of one name")
}

// TestMetricsThatCannotBeGathered are told of in the log, where there is one,
// and take nothing else with them.
func TestMetricsThatCannotBeGathered(t *testing.T) {
	var log bytes.Buffer
	for _, l := range []*slog.Logger{slog.New(slog.NewTextHandler(&log, nil)), nil} {
		o := options(func(o *Options) { o.Metrics, o.Log = prometheus.Gatherers{o.Metrics, failing{}}, l })
		if code, body := get(t, o, "GET", "/metrics", ""); code != 200 || !strings.Contains(body, "holdfast_ready 1") {
			t.Errorf("metrics: %d %s", code, body)
		}
	}
	if got := log.String(); strings.Count(got, "gather metrics") != 1 ||
		!strings.Contains(got, "two metrics of one name") {
		t.Errorf("the log says %q", got)
	}
}

// TestOneConditionThatFailsIsEnough, unless it is only shown.
func TestOneConditionThatFailsIsEnough(t *testing.T) {
	for _, c := range []struct {
		checks []Check
		code   int
	}{
		{nil, 200}, {[]Check{{OK: true}}, 200}, {[]Check{{OK: true}, {}, {OK: true}}, 503},
		{[]Check{{}, {OK: true, Shown: true}}, 503}, {[]Check{{Shown: true}, {OK: true}}, 200},
		{[]Check{{Shown: true}, {}}, 503},
	} {
		code, body := get(t, options(func(o *Options) { o.Ready = func() []Check { return c.checks } }), "GET", "/readyz", "")
		if code != c.code {
			t.Errorf("%+v: %d %s, want %d", c.checks, code, body, c.code)
		}
	}
	recorder := httptest.NewRecorder()
	Handler(options(nil)).ServeHTTP(recorder, httptest.NewRequest("GET", "/readyz", nil))
	if h := recorder.Result().Header; h.Get("Cache-Control") != "no-store" ||
		h.Get("Content-Type") != "application/json" {
		t.Errorf("the answer's headers are %v", h)
	}
}

// TestProfilesAskForABearer: the token alone, or another scheme, is not enough.
func TestProfilesAskForABearer(t *testing.T) {
	o := options(func(o *Options) { o.Token = "abc" })
	for header, want := range map[string]int{"": 401, "abc": 401, "Basic abc": 401, "bearer abc": 401, "Bearer ": 401,
		"Bearer abc": 200} {
		for _, path := range []string{"/debug/pprof/", "/debug/pprof/cmdline", "/debug/pprof/symbol"} {
			request := httptest.NewRequest("GET", path, nil)
			request.Header.Set("Authorization", header)
			recorder := httptest.NewRecorder()
			Handler(o).ServeHTTP(recorder, request)
			if recorder.Code != want || (recorder.Header().Get("WWW-Authenticate") == "Bearer") != (want == 401) {
				t.Errorf("%s with %q: %d %v", path, header, recorder.Code, recorder.Header())
			}
		}
	}
}

// TestServerHasLimits: who sends slowly is cut off, and a profile of 30 s is not.
func TestServerHasLimits(t *testing.T) {
	s := Server(http.NotFoundHandler())
	if s.ReadHeaderTimeout <= 0 || s.ReadTimeout <= 0 || s.IdleTimeout <= 0 || s.MaxHeaderBytes <= 0 || s.Handler == nil {
		t.Errorf("a limit is missing: %+v", s)
	}
	if s.WriteTimeout <= 30*time.Second {
		t.Errorf("an answer may take %s: a profile takes 30 s", s.WriteTimeout)
	}
}
