package devclickhouse_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/shopspring/decimal"

	"github.com/holdfast/holdfast/internal/devclickhouse/enginetest"
)

var methods = map[string]clickhouse.CompressionMethod{
	"none": clickhouse.CompressionNone, "lz4": clickhouse.CompressionLZ4, "zstd": clickhouse.CompressionZSTD,
	"gzip": clickhouse.CompressionGZIP,
}

// everyType is a row with each type that the tables use, and those that users
// of the engine are likely to.
type everyType struct {
	ID       uint64            `ch:"id"`
	Text     string            `ch:"text"`
	Code     string            `ch:"code"`
	Currency string            `ch:"currency"`
	U8       uint8             `ch:"u8"`
	U16      uint16            `ch:"u16"`
	U32      uint32            `ch:"u32"`
	I64      int64             `ch:"i64"`
	F32      float32           `ch:"f32"`
	F64      *float64          `ch:"f64"`
	Money    decimal.Decimal   `ch:"money"`
	MaybeM   *decimal.Decimal  `ch:"maybe_m"`
	Day      time.Time         `ch:"day"`
	MaybeDay *time.Time        `ch:"maybe_day"`
	At       time.Time         `ch:"at"`
	MaybeAt  *time.Time        `ch:"maybe_at"`
	Counts   []uint32          `ch:"counts"`
	Codes    []string          `ch:"codes"`
	Texts    []string          `ch:"texts"`
	Pairs    map[string]uint64 `ch:"pairs"`
	UUID     uuid.UUID         `ch:"uuid"`
	Kind     string            `ch:"kind"`
	Flag     bool              `ch:"flag"`
}

const everyTypeTable = `CREATE TABLE every_type (
	id UInt64, text String, code LowCardinality(String), currency LowCardinality(FixedString(3)),
	u8 UInt8, u16 UInt16, u32 UInt32, i64 Int64, f32 Float32, f64 Nullable(Float64),
	money Decimal(18, 4), maybe_m Nullable(Decimal(18, 4)), day Date32, maybe_day Nullable(Date32),
	at DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD(1)), maybe_at Nullable(DateTime64(3, 'UTC')),
	counts Array(UInt32), codes Array(LowCardinality(String)), texts Array(String),
	pairs Map(String, UInt64), uuid UUID, kind Enum8('a' = 1, 'b' = 2), flag Bool
) ENGINE = MergeTree ORDER BY id COMMENT 'every type'`

func everyTypeRows() []everyType {
	f, m := 0.25, decimal.RequireFromString("-12345678901.2345")
	day := time.Date(1960, 2, 29, 0, 0, 0, 0, time.UTC)
	at := time.Date(2199, 12, 31, 23, 59, 59, 987e6, time.UTC)
	full := everyType{
		ID: 1<<64 - 1, Text: "a\x00b\n\nc'\\`\"é\xff", Code: "x", Currency: "EUR", U8: 255, U16: 65535, U32: 1 << 31,
		I64: -1 << 63, F32: 1.5, F64: &f, Money: m, MaybeM: &m, Day: day, MaybeDay: &day, At: at, MaybeAt: &at,
		Counts: []uint32{0, 1, 1<<32 - 1}, Codes: []string{"r1", "r1", "r2"}, Texts: []string{"", "\n\n"},
		Pairs: map[string]uint64{"k": 7}, UUID: uuid.MustParse("00112233-4455-6677-8899-aabbccddeeff"), Kind: "b", Flag: true,
	}
	empty := everyType{
		ID: 0, Currency: "USD", Day: time.Unix(0, 0).UTC(), At: time.UnixMilli(1).UTC(), Counts: []uint32{},
		Codes: []string{},
		Texts: []string{}, Pairs: map[string]uint64{}, Kind: "a",
	}
	return []everyType{empty, full}
}

func TestEveryTypeGoesInAndComesBack(t *testing.T) {
	for name, method := range methods {
		t.Run(name, func(t *testing.T) {
			conn := dial(t, enginetest.Start(t), compressed(method))
			execute(t, conn, everyTypeTable)
			batch, err := conn.PrepareBatch(t.Context(), "INSERT INTO every_type")
			if err != nil {
				t.Fatal(err)
			}
			defer batch.Close()
			want := everyTypeRows()
			for i := range want {
				if err := batch.AppendStruct(&want[i]); err != nil {
					t.Fatal(err)
				}
			}
			if err := batch.Send(); err != nil {
				t.Fatal(err)
			}
			var got []everyType
			if err := conn.Select(t.Context(), &got, "SELECT * FROM every_type ORDER BY id"); err != nil {
				t.Fatal(err)
			}
			equal := cmp.Comparer(func(a, b decimal.Decimal) bool { return a.Equal(b) })
			if d := cmp.Diff(want, got, equal); d != "" {
				t.Error(d)
			}
		})
	}
}

// An answer of several blocks, and more than one frame where it is compressed.
func TestManyBlocksComeBack(t *testing.T) {
	const rows = 300_000
	for name, method := range methods {
		t.Run(name, func(t *testing.T) {
			conn := dial(t, enginetest.Start(t), compressed(method))
			answer, err := conn.Query(t.Context(), "SELECT number, toString(number) FROM numbers(?)", rows)
			if err != nil {
				t.Fatal(err)
			}
			defer answer.Close()
			var n, sum uint64
			for answer.Next() {
				var number uint64
				var text string
				if err := answer.Scan(&number, &text); err != nil {
					t.Fatal(err)
				}
				if text != fmt.Sprint(number) {
					t.Fatalf("row %d: got text %q", number, text)
				}
				n, sum = n+1, sum+number
			}
			if err := answer.Err(); err != nil {
				t.Fatal(err)
			}
			if n != rows || sum != rows*(rows-1)/2 {
				t.Errorf("got %d rows with sum %d", n, sum)
			}
		})
	}
}

// Bytes of every value, blank lines among them, in batches and in literals.
func TestBytesStayWhole(t *testing.T) {
	conn := dial(t, enginetest.Start(t), compressed(clickhouse.CompressionLZ4))
	execute(t, conn, "CREATE TABLE bytes (n UInt32, s String) ENGINE = MergeTree ORDER BY n")
	random := rand.New(rand.NewPCG(1, 2))
	var want [][]byte
	var rows [][]any
	for n := range 200 {
		s := make([]byte, 2000)
		for i := range s {
			s[i] = byte(random.Uint32())
		}
		copy(s[random.IntN(1990):], "\n\n\r\n\r\n")
		want = append(want, s)
		rows = append(rows, []any{uint32(n), string(s)})
	}
	if err := send(t.Context(), conn, "INSERT INTO bytes", rows...); err != nil {
		t.Fatal(err)
	}
	literal := "a\n\nb\x00c);\nINSERT INTO bytes VALUES (9, 'x')"
	execute(t, conn, "INSERT INTO bytes VALUES (?, ?)", uint32(200), literal)
	want = append(want, []byte(literal))
	answer, err := conn.Query(t.Context(), "SELECT n, s FROM bytes ORDER BY n")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Close()
	got := 0
	for ; answer.Next(); got++ {
		var n uint32
		var s string
		if err := answer.Scan(&n, &s); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal([]byte(s), want[n]) {
			t.Fatalf("row %d differs", n)
		}
	}
	if answer.Err() != nil || got != len(want) {
		t.Errorf("got %d rows of %d, error %v", got, len(want), answer.Err())
	}
}

// A body larger than what stays in memory.
func TestLargeBatch(t *testing.T) {
	conn := dial(t, enginetest.Start(t))
	execute(t, conn, "CREATE TABLE large (n UInt64, s String) ENGINE = MergeTree ORDER BY n")
	batch, err := conn.PrepareBatch(t.Context(), "INSERT INTO large (n, s)")
	if err != nil {
		t.Fatal(err)
	}
	defer batch.Close()
	const rows = 20_000
	text := string(bytes.Repeat([]byte("0123456789"), 100))
	for n := range uint64(rows) {
		if err := batch.Append(n, text); err != nil {
			t.Fatal(err)
		}
	}
	if err := batch.Send(); err != nil {
		t.Fatal(err)
	}
	if got := one[uint64](t, conn, "SELECT count() FROM large WHERE s = ?", text); got != rows {
		t.Errorf("got %d rows, want %d", got, rows)
	}
	if got := one[uint64](t, conn,
		"SELECT count() FROM system.parts WHERE active AND table = 'large' AND database = currentDatabase()"); got != 1 {
		t.Errorf("one batch made %d parts", got)
	}
}
