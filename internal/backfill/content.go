package backfill

import (
	"encoding/json"
	"fmt"

	"github.com/cespare/xxhash/v2"

	"github.com/holdfast/holdfast/internal/rowmap"
)

// contentHash hashes the text of a file as it is read, after what says how it
// is read: the same text under another map holds other events. The file's name
// is no part of it.
type contentHash struct{ digest xxhash.Digest }

func newContentHash(options *Options) *contentHash {
	h := &contentHash{}
	h.digest.Reset()
	zone := ""
	if options.Zone != nil {
		zone = options.Zone.String()
	}
	fitted := rowmap.Map{} // not its text: comments say nothing
	if options.Map != nil {
		fitted = *options.Map
	}
	fitted.Delimiter = "" // what separates the columns is seen from the text
	fields, err := json.Marshal(fitted)
	if err != nil {
		panic(fmt.Sprintf("backfill: %v", err)) // texts, lists and maps of texts only
	}
	how := fmt.Sprintf("%q %q %s", options.Format, zone, fields)
	_, _ = h.digest.WriteString(fmt.Sprintf("%d %s", len(how), how))
	return h
}

// Write implements io.Writer.
func (h *contentHash) Write(text []byte) (int, error) { return h.digest.Write(text) }

func (h *contentHash) name() string { return fmt.Sprintf("%016x", h.digest.Sum64()) }

// Content names what the plan is made of: the unpacked text of the file and how
// it is read (format, zone, map), whatever the file's name. A file of
// the same content gives the same events in the same order; where ids are made
// of the file's name, those of another name have other ids.
func (p *Plan) Content() string { return p.content }

// File is what stands for the file's name in ids, at most 32 bytes.
func (p *Plan) File() string { return rowmap.FileStem(p.options.Name) }

// SessionID names the session that sends the plan: the same for the same
// content of the same name.
func (p *Plan) SessionID() string {
	return fmt.Sprintf("b-%012x", xxhash.Sum64String(p.content+" "+p.File())>>16)
}
