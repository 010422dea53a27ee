package conformance

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"math/rand/v2"
	"strconv"
	"strings"

	"github.com/holdfast/holdfast/internal/rowtest"
	"github.com/holdfast/holdfast/pipeline/score"
	"github.com/holdfast/holdfast/pipeline/signal"
	"github.com/twmb/franz-go/pkg/kgo"
)

// Rubbish returns bytes that nobody can decode or compress.
func Rubbish(size int) []byte {
	source := rand.NewChaCha8([32]byte{byte(size)})
	value := make([]byte, size)
	_, _ = source.Read(value) // never fails
	return value
}

// undecodable: what is no block is set aside, whole or, where it is too large
// for that, its beginning; rows before and behind it are loaded.
func undecodable(s *suite) {
	sizes := []int{0, 100, 2 << 20, 7 << 20}
	for _, size := range sizes {
		s.Customers(0, 0, 5, nil)
		s.Produce(0, Rubbish(size))
	}
	s.Customers(0, 0, 5, nil)
	s.Running(s.Loader(s.store.Sink(), nil))
	s.AwaitLoaded()
	s.checkRows(signal.TableCustomer, 0, 1, 25)
	letters := s.DeadLetters()
	if len(letters) != len(sizes) {
		s.T.Fatalf("%d dead letters, want %d; log:\n%s", len(letters), len(sizes), s.Log)
	}
	for i, letter := range letters {
		want, headers := Rubbish(sizes[i]), HeadersOf(letter)
		sum := sha256.Sum256(want)
		told := map[string]string{"holdfast.dlq.reason": "row_rejected", "__connect.errors.topic": OutboxTopic,
			"__connect.errors.offset": strconv.Itoa(2*i + 1), "__connect.errors.class.name": "sinks/" + s.store.Sink().Name()}
		if len(want) > 6<<20 {
			told["holdfast.dlq.size"], told["holdfast.dlq.truncated"] = strconv.Itoa(len(want)), "true"
			told["holdfast.dlq.sha256"] = hex.EncodeToString(sum[:])
			want = want[:64<<10]
		}
		for key, value := range told {
			if headers[key] != value {
				s.T.Errorf("%d bytes: header %s is %q, want %q", sizes[i], key, headers[key], value)
			}
		}
		if !bytes.Equal(letter.Value, want) {
			s.T.Errorf("%d bytes: the letter has %d, want %d of the record's", sizes[i], len(letter.Value), len(want))
		}
	}
}

// newerRecords: what a newer version wrote is not rubbish, decodable or not. Its
// partition waits behind what precedes it, and the others go on.
func newerRecords(s *suite) {
	block := score.NewCustomerBlock(Euros)
	block.Append(CustomerRow(9, 1))
	newer := block.Encode(nil)
	newer[3]++ // the version of the layout
	s.Customers(0, 0, 5, nil)
	s.Produce(0, newer)
	s.Customers(1, 1, 5, nil)
	s.Send(&kgo.Record{Topic: OutboxTopic, Partition: 1, Value: Rubbish(2 << 20),
		Headers: []kgo.RecordHeader{{Key: signal.FormatHeader, Value: []byte("2")}}})
	l := s.Loader(s.store.Sink(), nil)
	s.Running(l)
	for partition := range int32(Partitions) {
		s.Await("it says so", func() bool {
			p := l.Problems()[partition]
			return p.Class == "configuration" && strings.Contains(p.Text, "upgrade this instance") &&
				strings.Contains(p.Text, "holdfast offsets skip --loader")
		})
		s.Await("what precedes it is committed", func() bool { return l.Position()[partition] == 1 })
		s.checkRows(signal.TableCustomer, uint16(partition), 1, 5)
	}
	s.noLetters()
}

// refusedRows: rows that the store refuses are set aside, each by itself and
// whole; the others arrive, and nobody learns from the words whose they are.
func refusedRows(s *suite) {
	bad := map[uint64]bool{1: true, 34: true, 35: true, 100: true}
	s.store.Refuse(s.T, false)
	s.Customers(1, 4, 100, func(_ int, row *signal.Row) {
		if bad[rowtest.Number(row, "seq")] {
			rowtest.Set(row, "frequency_repeat", RefusedFrequency)
		}
	})
	s.Alerts(1, 5, 3)
	s.Running(s.Loader(s.store.Sink(), nil))
	s.AwaitLoaded()
	s.checkRows(signal.TableAlert, 5, 1, 3)
	letters := s.DeadLetters()
	if len(letters) != len(bad) {
		s.T.Fatalf("%d dead letters, want %d; log:\n%s", len(letters), len(bad), s.Log)
	}
	for _, letter := range letters {
		block, err := signal.Decode(letter.Value)
		if err != nil || block.Rows != 1 {
			s.T.Fatalf("a dead letter is not a block of one row: %v", err)
		}
		seq, _ := block.Column("seq")
		headers := HeadersOf(letter)
		if !bad[seq.Numbers[0]] || letter.Partition != 4 || headers["holdfast.dlq.reason"] != "row_rejected" ||
			headers["__connect.errors.exception.class.name"] == "" || headers[signal.FormatHeader] != signal.FormatVersion {
			s.T.Errorf("row %d on partition %d, headers %v", seq.Numbers[0], letter.Partition, headers)
		}
		if strings.Contains(headers["__connect.errors.exception.message"], "c-4-") {
			s.T.Errorf("a customer id in the headers: %v", headers)
		}
	}
	if strings.Contains(s.Log.String(), "c-4-") {
		s.T.Error("a customer id in the log")
	}
	tables := s.store.Sink().Tables(signal.TableCustomer)
	refusing := 0
	for _, table := range tables {
		rows := s.store.Rows(s.T, table)
		refused := 0
		for seq := uint64(1); seq <= 100; seq++ {
			switch n := rows[RowID{4, seq}]; {
			case n == 0 && bad[seq]:
				refused++
			case n != 1:
				s.T.Errorf("table %s: row %d is there %d times", table, seq, n)
			}
		}
		if refused == len(bad) {
			refusing++
		}
	}
	if refusing == 0 {
		s.T.Error("no table has refused the rows, so the test tries nothing")
	}
}

// refusesAll: what refuses every row is not the rows' fault. The loader pauses,
// and goes on once the store takes rows again.
func refusesAll(s *suite) {
	const rows, suspicious = 500, 20
	s.store.Refuse(s.T, true)
	s.Customers(0, 0, rows, nil)
	l := s.Loader(s.store.Sink(), nil)
	s.Running(l)
	s.Await("it pauses", func() bool { return l.Problems()[0].Class == "configuration" })
	aside := len(s.DeadLetters())
	if aside > suspicious {
		s.T.Errorf("%d rows set aside before the table was suspected", aside)
	}
	s.store.Accept(s.T)
	s.AwaitLoaded()
	for _, table := range s.store.Sink().Tables(signal.TableCustomer) {
		if n := len(s.store.Rows(s.T, table)); n < rows-aside {
			s.T.Errorf("%d rows in %s, want %d at least", n, table, rows-aside)
		}
	}
}
