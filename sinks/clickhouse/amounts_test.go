package clickhouse

import (
	"fmt"
	"math"
	"testing"

	"github.com/holdfast/holdfast/pipeline/score"
	"github.com/holdfast/holdfast/pipeline/signal"
	"github.com/holdfast/holdfast/sinks/outbox/conformance"
)

// TestAmountsThatAreCutAreApproximate holds the two ends together: a row whose
// amount the column cannot hold is marked where it is made.
func TestAmountsThatAreCutAreApproximate(t *testing.T) {
	cut := 0
	for _, currency := range []struct {
		code     string
		exponent uint8
	}{{"JPY", 0}, {"EUR", 2}, {"KWD", 3}} {
		limit := int64(math.Pow10(14 + int(currency.exponent)))
		for _, net := range []int64{0, 123, limit - 1, limit, limit + 1, 1 - limit, -limit, 1_000_000_000_000_000_000} {
			parameters := score.DefaultParameters()
			parameters.CurrencyExponent = currency.exponent
			if err := parameters.Prepare(); err != nil {
				t.Fatal(err)
			}
			row, block := signal.NewRow(score.Layout()), score.NewCustomerBlock(conformance.Euros)
			var s score.Statistics
			s.NetLife = net
			parameters.FillRow(&score.Input{Statistics: &s, Scores: &score.Scores{}}, row)
			block.Append(row)
			b, err := signal.Decode(block.Encode(nil))
			if err != nil {
				t.Fatal(err)
			}
			life, _ := b.Column("monetary_net_life")
			approximate, _ := b.Column("approximate")
			stored, _ := amount(life.Numbers[0], signal.KindMoney, signal.Meta{CurrencyExponent: currency.exponent})
			exact := stored.Shift(int32(currency.exponent)).String() == fmt.Sprint(net)
			if isTold := approximate.Numbers[0] == 1; isTold == exact {
				t.Errorf("%s: %d minor units are stored as %s, and the row is approximate: %v", currency.code, net, stored, isTold)
			}
			if !exact {
				cut++
			}
		}
	}
	if cut < 9 {
		t.Errorf("%d amounts were cut: the test says little", cut)
	}
}
