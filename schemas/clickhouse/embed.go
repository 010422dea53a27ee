// Package clickhouse holds the result store's schema as numbered migrations:
// tables, and the views that are the contract with BI. It is text and nothing
// else; sinks/clickhouse runs it.
//
// A migration that has been released never changes (its checksum is recorded
// where it was applied); a change is a new number. Every statement may be run
// again: CREATE ... IF NOT EXISTS, CREATE OR REPLACE VIEW, ADD COLUMN IF NOT
// EXISTS. Names are unqualified: they belong to the connection's database.
package clickhouse

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"strconv"
	"strings"
)

//go:embed *.sql
var files embed.FS

// Migration is one numbered step.
type Migration struct {
	Number   uint32 // 1, 2, 3 ...
	Name     string // of the file, without number and ending
	SQL      string // one or more statements, each ended by a semicolon
	Checksum string // SHA-256 of SQL, hexadecimal
}

// Migrations gives all steps in the order of their numbers.
func Migrations() []Migration {
	entries, err := files.ReadDir(".")
	if err != nil {
		panic("schemas/clickhouse: " + err.Error())
	}
	steps := make([]Migration, len(entries))
	for i, entry := range entries { // sorted by name, so by number
		text, err := files.ReadFile(entry.Name())
		if err != nil {
			panic("schemas/clickhouse: " + err.Error())
		}
		number, name, _ := strings.Cut(strings.TrimSuffix(entry.Name(), ".sql"), "_")
		n, err := strconv.ParseUint(number, 10, 32)
		if err != nil || n != uint64(i+1) {
			panic("schemas/clickhouse: migrations are not numbered 1, 2, 3: " + entry.Name())
		}
		sum := sha256.Sum256(text)
		steps[i] = Migration{Number: uint32(n), Name: name, SQL: string(text), Checksum: hex.EncodeToString(sum[:])}
	}
	return steps
}
