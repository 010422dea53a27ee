package state

// The journal's room is taken in chunks that are never copied to grow. Between
// commits it keeps some, and those that the commit before needed.
const (
	entryChunk = 512      // entries
	byteChunk  = 64 << 10 // bytes; the longest run fits
	keptChunks = 16
)

// preimages are the entries of the journal.
type preimages struct {
	chunks [][]preimage
	n      int
}

func (p *preimages) append(e preimage) {
	if p.n == len(p.chunks)*entryChunk {
		p.chunks = append(p.chunks, make([]preimage, entryChunk))
	}
	*p.at(p.n) = e
	p.n++
}

func (p *preimages) at(n int) *preimage { return &p.chunks[n/entryChunk][n%entryChunk] }

func (p *preimages) reset() {
	p.chunks = kept(p.chunks, (p.n+entryChunk-1)/entryChunk)
	p.n = 0
}

// savedBytes is what the entries have saved.
type savedBytes struct {
	chunks [][]byte
	last   int   // the chunk in use
	at     int   // bytes of it in use
	n      int64 // bytes in use in all
}

// savedAt is where something was saved.
type savedAt struct{ chunk, at, size uint32 }

// save keeps a copy of at most longestRun bytes.
func (s *savedBytes) save(b []byte) savedAt {
	if s.at+len(b) > byteChunk {
		s.last, s.at = s.last+1, 0
	}
	if s.last == len(s.chunks) {
		s.chunks = append(s.chunks, make([]byte, byteChunk))
	}
	copy(s.chunks[s.last][s.at:], b)
	where := savedAt{chunk: uint32(s.last), at: uint32(s.at), size: uint32(len(b))}
	s.at += len(b)
	s.n += int64(len(b))
	return where
}

func (s *savedBytes) of(w savedAt) []byte {
	if w.size == 0 {
		return nil
	}
	return s.chunks[w.chunk][w.at : w.at+w.size]
}

func (s *savedBytes) reset() {
	s.chunks = kept(s.chunks, s.last+1)
	s.last, s.at, s.n = 0, 0, 0
}

// kept gives back room that a spike has made.
func kept[T any](chunks []T, used int) []T {
	if used < len(chunks)/4 && len(chunks) > keptChunks {
		most := max(used, keptChunks)
		clear(chunks[most:])
		return chunks[:most]
	}
	return chunks
}
