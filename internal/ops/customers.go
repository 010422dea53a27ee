package ops

import "net/http"

// Problem is the answer to a question about a customer where there is no other.
type Problem struct {
	Error string `json:"error"` // one of those below
	Why   string `json:"why"`
}

// Problems.
const (
	UnknownCustomer = "unknown_customer" // 404: nothing of it was counted
	OwnedElsewhere  = "owned_elsewhere"  // 409: another instance is at work
	NotAnswering    = "not_answering"    // 503: not at work, or too much of it
	Forbidden       = "forbidden"        // 403
)

// customers answers what is known of a customer: to who bears the token; where there
// is none, on this host.
func customers(mux *http.ServeMux, options *Options) {
	ask := func(w http.ResponseWriter, r *http.Request) {
		status, answer := options.Customer(r.Context(), r.PathValue("id"))
		writeJSON(w, status, answer)
	}
	guard := onThisHost(options.Local, ask)
	if options.Token != "" {
		guard = guarded(options.Token, ask)
	}
	mux.HandleFunc("GET /customers/{id}", guard)
}
