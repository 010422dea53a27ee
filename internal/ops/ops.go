// Package ops is the HTTP face of a running instance for those who operate it:
// /livez (does the loop turn), /readyz (may it be counted on, and if not, why
// not), /startupz (has it begun its work) and /metrics; and, guarded, what is known of
// a customer. It is read-only.
package ops

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/pprof"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Check is one condition, in words where it does not hold. Reasons are made of
// names and counts, never of anything from an event.
type Check struct {
	Name string `json:"name"`
	OK   bool   `json:"ok"`
	Why  string `json:"why,omitempty"` // why not, or what is worth knowing
	// Shown only: a dependency that is down delays and stops nothing, so that
	// a restart would not help. It does not count for Ready.
	Shown bool `json:"shown_only,omitempty"`
}

// Report is the answer of a probe.
type Report struct {
	OK     bool    `json:"ok"`
	Checks []Check `json:"checks,omitempty"`
}

// Options are what the handler asks. The functions are called from any number
// of requests at once and must answer at once.
type Options struct {
	// Live says why the process should be restarted; nil while it should not.
	// It never depends on Kafka or ClickHouse.
	Live func() error
	// Ready lists the conditions.
	Ready func() []Check
	// Started reports whether the first assignment is restored.
	Started func() bool
	// Metrics are served as Prometheus text.
	Metrics prometheus.Gatherer
	// Token, where not empty, is asked of who wants to see more than counts.
	Token string
	// Profiles opens /debug/pprof to who bears the token; never without one.
	Profiles bool
	// Customer answers with a status what is known of a customer; nil where nothing is.
	// It may take a while, and is given the request's context.
	Customer func(ctx context.Context, id string) (status int, answer any)
	// Local says that the listener is reached from this host alone: without a token it
	// answers about customers then.
	Local bool
	// Log hears of metrics that cannot be gathered.
	Log *slog.Logger
}

// Handler serves the probes and metrics.
func Handler(options Options) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) {
		check := Check{Name: "loop", OK: true}
		if err := options.Live(); err != nil {
			check.OK, check.Why = false, err.Error()
		}
		answer(w, []Check{check})
	})
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) { answer(w, options.Ready()) })
	mux.HandleFunc("GET /startupz", func(w http.ResponseWriter, _ *http.Request) {
		check := Check{Name: "started", OK: options.Started()}
		if !check.OK {
			check.Why = "the first assignment is not restored yet"
		}
		answer(w, []Check{check})
	})
	mux.Handle("GET /metrics", promhttp.HandlerFor(options.Metrics, promhttp.HandlerOpts{
		ErrorLog: logged{options.Log}, ErrorHandling: promhttp.ContinueOnError, MaxRequestsInFlight: 4,
	}))
	if options.Token != "" && options.Profiles {
		profiles(mux, options.Token)
	}
	if options.Customer != nil {
		customers(mux, &options)
	}
	return http.MaxBytesHandler(mux, 1<<10)
}

// answer writes a report: 200 where all that counts holds, else 503.
func answer(w http.ResponseWriter, checks []Check) {
	report := Report{OK: true, Checks: checks}
	for _, check := range checks {
		report.OK = report.OK && (check.OK || check.Shown)
	}
	status := http.StatusOK
	if !report.OK {
		status = http.StatusServiceUnavailable
	}
	writeJSON(w, status, report)
}

// writeJSON writes an answer that nobody is to keep.
func writeJSON(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	_ = encoder.Encode(value) // whoever asked has gone; there is nobody to tell
}

// profiles opens /debug/pprof to who bears the token.
func profiles(mux *http.ServeMux, token string) {
	for path, handler := range map[string]http.HandlerFunc{
		"/debug/pprof/": pprof.Index, "/debug/pprof/cmdline": pprof.Cmdline, "/debug/pprof/profile": pprof.Profile,
		"/debug/pprof/symbol": pprof.Symbol, "/debug/pprof/trace": pprof.Trace,
	} {
		mux.HandleFunc("GET "+path, guarded(token, handler))
	}
}

// logged passes promhttp's words on.
type logged struct{ log *slog.Logger }

// Println implements promhttp.Logger.
func (l logged) Println(values ...any) {
	if l.log != nil {
		l.log.Error("gather metrics", "problem", values)
	}
}

// Server returns a server with limits on time and headers. The write limit is
// above the 30 s of a CPU profile.
func Server(handler http.Handler) *http.Server {
	return &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      60 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    16 << 10,
	}
}
