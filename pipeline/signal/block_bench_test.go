package signal

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// shopRow is a row as a shop of ordinary customers makes it.
func shopRow(rnd *rand.Rand, seq uint64) *CustomerRow {
	now := Instant(1_790_000_000_000_000 + int64(seq)*37_000)
	row := &CustomerRow{
		CustomerID: fmt.Appendf(nil, "c-%07d", rnd.IntN(1_000_000)), Segment: "retail", Currency: "EUR",
		TimeZone: "Europe/Berlin", Model: "mbg-nbd", ParamVersion: "5f2c91aa03",
		FrequencyRepeat: uint32(rnd.IntN(20)), OrdersLife: uint32(rnd.IntN(30)),
		FirstPurchaseDay: Some(Day(20000 + rnd.IntN(700))), LastPurchaseDay: Some(Day(20700 + rnd.IntN(90))),
		MonetaryNetLife: Money(rnd.IntN(1_000_000)), MonetaryNet365d: Money(rnd.IntN(300_000)),
		PAlive: Some(rnd.Float64()), PReturn30d: Some(rnd.Float64()), PReturn60d: Some(rnd.Float64()),
		PReturn90d: Some(rnd.Float64()), OverdueRatio: Some(rnd.Float64() * 4), CLV365d: Some(rnd.Float64() * 1e5),
		ValueAtRisk: Some(rnd.Float64() * 1e4), ChurnRisk: Some(rnd.Float64()),
		Level: Level(rnd.IntN(5)), ReasonCodes: []ReasonCode{Overdue, OpenComplaint}[:rnd.IntN(3)],
		AsOf: now, Watermark: now, ComputedAt: now + 5000, SrcPartition: uint16(seq / 1000 % 6), Seq: seq,
	}
	return row
}

func shopRows(n int) []*CustomerRow {
	rnd := rand.New(rand.NewPCG(1, 2))
	rows := make([]*CustomerRow, n)
	for i := range rows {
		rows[i] = shopRow(rnd, uint64(i))
	}
	return rows
}

// BenchmarkCustomerAppend is the cost on the path of events.
func BenchmarkCustomerAppend(b *testing.B) {
	rows := shopRows(1000)
	block := NewCustomerBlock(testMeta)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if block.Rows() == 10_000 {
			block.Reset(testMeta)
		}
		block.Append(rows[i%1000])
	}
}

// BenchmarkCustomerEncode is the cost of a flush, per row.
func BenchmarkCustomerEncode(b *testing.B) {
	block := NewCustomerBlock(testMeta)
	for _, row := range shopRows(10_000) {
		block.Append(row)
	}
	var dst []byte
	b.ReportAllocs()
	for b.Loop() {
		dst = block.Encode(dst[:0])
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/10_000, "ns/row")
	b.ReportMetric(float64(len(dst))/10_000, "bytes/row")
	b.ReportMetric(float64(block.Bytes())/10_000, "bound/row")
}

// BenchmarkCustomerDecode is the loader's cost, per row.
func BenchmarkCustomerDecode(b *testing.B) {
	block := NewCustomerBlock(testMeta)
	for _, row := range shopRows(10_000) {
		block.Append(row)
	}
	value := block.Encode(nil)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Decode(value); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/10_000, "ns/row")
}
