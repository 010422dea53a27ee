package rowmap

import (
	"encoding/binary"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/cespare/xxhash/v2"
)

// origin returns the text of a field.
func (r *Reader) origin(f *fieldRule, cells []string) string {
	text := f.constant
	switch {
	case f.column >= 0:
		text = strings.TrimSpace(cells[f.column])
	case len(f.pieces) > 0:
		text = r.build(f.pieces, cells)
	}
	if replaced, ok := f.values[text]; ok {
		return replaced
	}
	return text
}

// build puts a template together. Where one of its columns is empty it gives
// nothing: otherwise all rows without a number would share one id, and count
// as one event.
func (r *Reader) build(pieces []templatePiece, cells []string) string {
	var built strings.Builder
	for _, piece := range pieces {
		switch {
		case piece.column >= 0:
			cell := strings.TrimSpace(cells[piece.column])
			if cell == "" {
				return ""
			}
			built.WriteString(cell)
		case piece.name == nameFile:
			built.WriteString(r.file)
		case piece.name == nameRow:
			built.WriteString(strconv.FormatInt(r.number, 10))
		case piece.name == nameHash:
			built.WriteString(r.rowHash())
		default:
			built.WriteString(piece.text)
		}
	}
	return built.String()
}

// RowID is an id made from the file's name, the row's number and a hash of its cells:
// reading the file again gives the same ids, and another file of the same name others.
// It takes at most 64 bytes.
func (r *Reader) RowID() string {
	return r.file + ":" + strconv.FormatInt(r.number, 10) + ":" + r.rowHash()
}

func (r *Reader) rowHash() string {
	if r.hash == "" {
		r.hash = hashOf(r.cells)
	}
	return r.hash
}

// hashOf is what tells a row from others of its number in files of one name.
func hashOf(cells []string) string {
	var digest xxhash.Digest
	digest.Reset()
	var length [4]byte
	for _, cell := range cells {
		binary.LittleEndian.PutUint32(length[:], uint32(len(cell)))
		_, _ = digest.Write(length[:])
		_, _ = digest.WriteString(cell)
	}
	return fmt.Sprintf("%016x", digest.Sum64())
}

// FileStem is what names the file in ids: its name without folder and .gz,
// shortened to a hash where the id would grow too long.
func FileStem(name string) string {
	stem := filepath.Base(name)
	if strings.EqualFold(filepath.Ext(stem), ".gz") {
		stem = stem[:len(stem)-len(".gz")]
	}
	if len(stem) > 32 || !printable(stem) {
		return strconv.FormatUint(xxhash.Sum64String(stem), 16)
	}
	return stem
}

func printable(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f || r == '\uFFFD' })
}
