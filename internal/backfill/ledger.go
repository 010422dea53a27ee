package backfill

import (
	"bufio"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
)

// entry says that a row carries a name, and what it says under it.
type entry struct {
	name, content uint64
	row           int64
}

const (
	entryBytes = 24
	// spillFiles is how many files the entries go to that memory has no room
	// for; one of them at a time is in memory again.
	spillFiles = 64
)

// ledger keeps the names of all rows. Above its room it puts them into files,
// so that memory is bounded whatever the size of the file that is read.
type ledger struct {
	room    int // entries that are kept in memory
	entries []entry
	folder  string
	files   [spillFiles]*os.File
	writers [spillFiles]*bufio.Writer
}

// add notes a row under a name; the name 0 stands for none.
func (l *ledger) add(name, content uint64, row int64) error {
	if name == 0 {
		return nil
	}
	if len(l.entries) == l.room {
		if err := l.spill(); err != nil {
			return fmt.Errorf("put the names of rows aside (TMPDIR says where): %w", err)
		}
	}
	l.entries = append(l.entries, entry{name, content, row})
	return nil
}

// spill writes what is in memory to the files, by the highest bits of names.
func (l *ledger) spill() error {
	if l.folder == "" {
		if err := l.open(); err != nil {
			return err
		}
	}
	var text [entryBytes]byte
	for _, e := range l.entries {
		binary.LittleEndian.PutUint64(text[:], e.name)
		binary.LittleEndian.PutUint64(text[8:], e.content)
		binary.LittleEndian.PutUint64(text[16:], uint64(e.row))
		if _, err := l.writers[e.name/(1<<64/spillFiles)].Write(text[:]); err != nil {
			return err
		}
	}
	l.entries = l.entries[:0]
	return nil
}

func (l *ledger) open() error {
	folder, err := os.MkdirTemp("", "holdfast-backfill-")
	if err != nil {
		return err
	}
	l.folder = folder
	for i := range l.files {
		file, err := os.Create(filepath.Join(folder, fmt.Sprint(i)))
		if err != nil {
			return err
		}
		l.files[i], l.writers[i] = file, bufio.NewWriterSize(file, 16<<10)
	}
	return nil
}

// repeated calls f with the entries of each name that stands more than once,
// in the order of rows.
func (l *ledger) repeated(f func([]entry)) error {
	if l.folder == "" {
		groups(l.entries, f)
		return nil
	}
	if err := l.spill(); err != nil {
		return err
	}
	for i, file := range l.files {
		if err := l.writers[i].Flush(); err != nil {
			return err
		}
		if _, err := file.Seek(0, io.SeekStart); err != nil {
			return err
		}
		if err := l.load(bufio.NewReaderSize(file, 64<<10)); err != nil {
			return err
		}
		groups(l.entries, f)
	}
	return nil
}

func (l *ledger) load(in io.Reader) error {
	l.entries = l.entries[:0]
	var text [entryBytes]byte
	for {
		switch _, err := io.ReadFull(in, text[:]); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
		l.entries = append(l.entries, entry{
			name: binary.LittleEndian.Uint64(text[:]), content: binary.LittleEndian.Uint64(text[8:]),
			row: int64(binary.LittleEndian.Uint64(text[16:])),
		})
	}
}

func groups(entries []entry, f func([]entry)) {
	slices.SortFunc(entries, func(a, b entry) int {
		return cmp.Or(cmp.Compare(a.name, b.name), cmp.Compare(a.row, b.row))
	})
	for from := 0; from < len(entries); {
		to := from + 1
		for to < len(entries) && entries[to].name == entries[from].name {
			to++
		}
		if to > from+1 {
			f(entries[from:to])
		}
		from = to
	}
}

// close removes the files.
func (l *ledger) close() error {
	l.entries = nil
	if l.folder == "" {
		return nil
	}
	var problems []error
	for _, file := range l.files {
		if file != nil {
			problems = append(problems, file.Close())
		}
	}
	return errors.Join(append(problems, os.RemoveAll(l.folder))...)
}

// rowSet is a set of row numbers.
type rowSet []uint64

func (s *rowSet) add(row int64) bool {
	for int64(len(*s)) <= row/64 {
		*s = append(*s, 0)
	}
	bit := uint64(1) << (row % 64)
	fresh := (*s)[row/64]&bit == 0
	(*s)[row/64] |= bit
	return fresh
}

func (s rowSet) has(row int64) bool {
	return row/64 < int64(len(s)) && s[row/64]&(1<<(row%64)) != 0
}
