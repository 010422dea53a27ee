package ops

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
)

func options(change func(*Options)) Options {
	registry := prometheus.NewRegistry()
	registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "holdfast_ready", Help: "h"},
		func() float64 { return 1 }))
	o := Options{Live: func() error { return nil }, Started: func() bool { return true }, Metrics: registry,
		Ready: func() []Check {
			return []Check{{Name: "partitions", OK: true}, {Name: "loader", Why: "12 rows wait", Shown: true}}
		}}
	if change != nil {
		change(&o)
	}
	return o
}

func get(t *testing.T, o Options, method, path, token string) (int, string) {
	t.Helper()
	request := httptest.NewRequest(method, path, nil)
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	recorder := httptest.NewRecorder()
	Handler(o).ServeHTTP(recorder, request)
	body, err := io.ReadAll(recorder.Result().Body)
	if err != nil {
		t.Fatal(err)
	}
	return recorder.Code, string(body)
}

func TestProbesSayWhyNot(t *testing.T) {
	for name, test := range map[string]struct {
		path   string
		change func(*Options)
		code   int
		words  string
	}{
		"live": {"/livez", nil, 200, ""},
		"not live": {"/livez", func(o *Options) { o.Live = func() error { return errors.New("no turn for 30 s") } }, 503,
			"no turn for 30 s"},
		"ready": {"/readyz", nil, 200, "12 rows wait"},
		"not ready": {"/readyz",
			func(o *Options) { o.Ready = func() []Check { return []Check{{Name: "topics", Why: "unequal"}} } }, 503, "unequal"},
		"started":     {"/startupz", nil, 200, ""},
		"not started": {"/startupz", func(o *Options) { o.Started = func() bool { return false } }, 503, "not restored yet"},
	} {
		code, body := get(t, options(test.change), "GET", test.path, "")
		var report Report
		if err := json.Unmarshal([]byte(body), &report); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if code != test.code || report.OK != (code == 200) || !strings.Contains(body, test.words) {
			t.Errorf("%s: %d %s", name, code, body)
		}
	}
}

func TestMetricsAndNothingElse(t *testing.T) {
	if code, body := get(t, options(nil), "GET", "/metrics", ""); code != 200 ||
		!strings.Contains(body, "holdfast_ready 1") {
		t.Errorf("metrics: %d %s", code, body)
	}
	for path, want := range map[string]int{"/": 404, "/debug/pprof/": 404} {
		if code, _ := get(t, options(nil), "GET", path, ""); code != want {
			t.Errorf("%s: %d, want %d", path, code, want)
		}
	}
	if code, _ := get(t, options(nil), http.MethodPost, "/livez", ""); code != 405 {
		t.Errorf("a POST was answered with %d", code)
	}
}

func TestProfilesNeedTheToken(t *testing.T) {
	o := options(func(o *Options) { o.Token, o.Profiles = "abc", true })
	for token, want := range map[string]int{"": 401, "abcd": 401, "abc": 200} {
		if code, _ := get(t, o, "GET", "/debug/pprof/", token); code != want {
			t.Errorf("token %q: %d, want %d", token, code, want)
		}
	}
}
