package ops

import (
	"crypto/sha256"
	"crypto/subtle"
	"net"
	"net/http"
	"strings"
)

// guarded opens a page to who bears the token. Hashes are compared, so that neither
// content nor length can be felt out.
func guarded(token string, handler http.HandlerFunc) http.HandlerFunc {
	want := sha256.Sum256([]byte(token))
	return func(w http.ResponseWriter, r *http.Request) {
		given, bears := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		got := sha256.Sum256([]byte(given))
		if !bears || subtle.ConstantTimeCompare(got[:], want[:]) != 1 {
			w.Header().Set("WWW-Authenticate", "Bearer")
			http.Error(w, "the token of ops.token_file is needed", http.StatusUnauthorized)
			return
		}
		handler(w, r)
	}
}

// onThisHost opens a page where the listener is local, to requests that name it by a
// name of this host: a page of another site that a browser shows has a name of its own.
func onThisHost(local bool, handler http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !local || !isLocal(r.Host) {
			writeJSON(w, http.StatusForbidden, Problem{Forbidden, "without ops.token_file customers are told of only where " +
				"ops.listen is an address of this host alone, such as 127.0.0.1:9464, and asked under it"})
			return
		}
		handler(w, r)
	}
}

// isLocal reports whether the name in a request is one that only this host answers to.
func isLocal(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	ip := net.ParseIP(strings.Trim(host, "[]"))
	return strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()
}

// IsLocal reports whether only this host reaches a listener.
func IsLocal(at net.Addr) bool {
	tcp, ok := at.(*net.TCPAddr)
	return ok && tcp.IP.IsLoopback()
}
