package signal

import "strconv"

// Header is one header of a Kafka record.
type Header struct {
	Key   string
	Value []byte
}

// AppendHeaders appends the headers of the alert's record: CloudEvents 1.0 in
// binary mode with source as ce_source, and three by which a consumer can route
// without reading the value. The values are freshly made.
func (a *Alert) AppendHeaders(dst []Header, source string) []Header {
	add := func(key string, value []byte) { dst = append(dst, Header{key, value}) }
	add("ce_specversion", []byte("1.0"))
	add("ce_id", strconv.AppendUint(append([]byte(a.AlertID), '/'), uint64(a.Seq), 10))
	add("ce_source", []byte(source))
	add("ce_type", []byte("holdfast."+a.Kind.Name+"."+a.Action.String()))
	add("ce_time", appendInstant(nil, a.AsOf))
	add("content-type", []byte("application/json"))
	add("dedup_key", []byte(a.DedupKey()))
	add("action", []byte(a.Action.String()))
	add("suppressed", strconv.AppendBool(nil, a.Suppressed != NotSuppressed))
	return dst
}
