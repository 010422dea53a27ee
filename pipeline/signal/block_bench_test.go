package signal_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/holdfast/holdfast/internal/rowtest"
	"github.com/holdfast/holdfast/pipeline/score"
	"github.com/holdfast/holdfast/pipeline/signal"
)

var euros = signal.Meta{Currency: "EUR", CurrencyExponent: 2, TimeZone: "Europe/Berlin"}

// shopRow is a row as a shop of ordinary customers makes it.
func shopRow(rnd *rand.Rand, seq uint64) *signal.Row {
	now := 1_790_000_000_000_000 + int64(seq)*37_000
	return rowtest.New(map[string]any{
		"customer_id": fmt.Sprintf("c-%07d", rnd.IntN(1_000_000)), "segment": "retail", "currency": "EUR",
		"time_zone": "Europe/Berlin", "model": "mbg-nbd", "param_version": "5f2c91aa03",
		"frequency_repeat": rnd.IntN(20), "orders_life": rnd.IntN(30),
		"first_purchase_day": 20000 + rnd.IntN(700), "last_purchase_day": 20700 + rnd.IntN(90),
		"monetary_net_life": rnd.IntN(1_000_000), "monetary_net_365d": rnd.IntN(300_000),
		"p_alive": rnd.Float64(), "p_return_30d": rnd.Float64(), "p_return_60d": rnd.Float64(),
		"p_return_90d": rnd.Float64(), "overdue_ratio": rnd.Float64() * 4, "clv_365d": rnd.Float64() * 1e5,
		"value_at_risk": rnd.Float64() * 1e4, "churn_risk": rnd.Float64(), "level": rnd.IntN(5),
		"reason_codes": []uint32{uint32(signal.Overdue), uint32(signal.OpenComplaint)}[:rnd.IntN(3)],
		"as_of":        now, "watermark": now, "computed_at": now + 5000, "src_partition": seq / 1000 % 6, "seq": seq,
	})
}

func shopRows(n int) []*signal.Row {
	rnd := rand.New(rand.NewPCG(1, 2))
	rows := make([]*signal.Row, n)
	for i := range rows {
		rows[i] = shopRow(rnd, uint64(i))
	}
	return rows
}

// BenchmarkCustomerAppend is the cost on the path of events.
func BenchmarkCustomerAppend(b *testing.B) {
	rows := shopRows(1000)
	block := score.NewCustomerBlock(euros)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if block.Rows() == 10_000 {
			block.Reset(euros)
		}
		block.Append(rows[i%1000])
	}
}

// BenchmarkCustomerEncode is the cost of a flush, per row.
func BenchmarkCustomerEncode(b *testing.B) {
	block := score.NewCustomerBlock(euros)
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
	block := score.NewCustomerBlock(euros)
	for _, row := range shopRows(10_000) {
		block.Append(row)
	}
	value := block.Encode(nil)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := signal.Decode(value); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/10_000, "ns/row")
}
