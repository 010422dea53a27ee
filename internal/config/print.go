package config

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"net/url"
	"reflect"
	"strings"
)

// Setting is one key as it is in force.
type Setting struct {
	Path   string `json:"path"`
	Value  any    `json:"value"`
	Origin Origin `json:"origin"` // default, file, env or flag
	Source string `json:"source"` // the same with file and line or the variable's name
	Doc    string `json:"doc"`
}

// Settings lists every key in the order of the file. With redact, passwords
// inside addresses are replaced; secrets in files are never read here.
func (l *Loaded) Settings(redact bool) []Setting {
	var settings []Setting
	for _, leaf := range leaves(&l.Config) {
		value := leaf.value.Interface()
		if leaf.field.Tag.Get("secret") == "dsn" && redact {
			value = RedactDSN(leaf.text())
		}
		settings = append(settings, Setting{
			Path: leaf.path, Value: value, Origin: l.leafOrigin(leaf), Source: l.source(leaf), Doc: leaf.doc(),
		})
	}
	return settings
}

// leafOrigin is that of the key itself; a mapping whose items stand in the
// file has its own line there.
func (l *Loaded) leafOrigin(leaf leaf) Origin { return l.Origin(leaf.path) }

// RedactDSN replaces the password of an address. What cannot be read as an
// address is replaced as a whole.
func RedactDSN(dsn string) string {
	if dsn == "" {
		return ""
	}
	address, err := url.Parse(dsn)
	if err != nil || address.Host == "" {
		return "(redacted)"
	}
	query := address.Query()
	if query.Has("password") {
		query.Set("password", "redacted")
	}
	if query.Has(proxyKey) {
		query.Set(proxyKey, RedactDSN(query.Get(proxyKey)))
	}
	if query.Has("password") || query.Has(proxyKey) {
		address.RawQuery = query.Encode()
	}
	return address.Redacted()
}

// proxyKey is an address within the address, which may have a password too.
const proxyKey = "http_proxy"

// HasPassword reports whether an address carries a password.
func HasPassword(dsn string) bool {
	address, err := url.Parse(dsn)
	if err != nil {
		return strings.Contains(dsn, "@")
	}
	_, inUser := address.User.Password()
	query := address.Query()
	return inUser || query.Has("password") || query.Has(proxyKey) && HasPassword(query.Get(proxyKey))
}

// Hash names what the configuration makes of the same input: all keys marked
// as changing meaning, and nothing else. Two configurations with one hash give
// the same state and alerts for the same batches. People see it as 16 hex
// digits (%016x).
func (c *Config) Hash() uint64 {
	meaning := map[string]any{}
	for _, leaf := range leaves(c) {
		if leaf.meaning && !reflect.DeepEqual(leaf.value.Interface(), cameLater[leaf.path]) {
			meaning[leaf.path] = leaf.value.Interface()
		}
	}
	meaning["mapping"] = withoutEmpty(c.Mapping)
	text, err := json.Marshal(meaning) // sorts the keys
	if err != nil {
		panic("our own keys are always writable: " + err.Error())
	}
	sum := sha256.Sum256(text)
	return binary.BigEndian.Uint64(sum[:8])
}

// cameLater are the defaults of keys that older configurations did not have: they
// do not enter the hash, so that state kept under it still fits.
var cameLater = map[string]any{
	"complaints.hours": "", "complaints.zone": "", "complaints.kinds": defaultComplaints().Kinds,
}

// withoutEmpty returns mappings in which a list of fields or constants that is
// there and empty, as Print writes it, is that which was never given.
func withoutEmpty(mappings map[string]Mapping) map[string]Mapping {
	same := make(map[string]Mapping, len(mappings))
	for input, mapping := range mappings {
		if len(mapping.Fields) == 0 {
			mapping.Fields = nil
		}
		if len(mapping.Constants) == 0 {
			mapping.Constants = nil
		}
		same[input] = mapping
	}
	return same
}
