package clickhouse

import (
	"math"
	"time"

	"github.com/holdfast/holdfast/pipeline/signal"
	"github.com/shopspring/decimal"
)

// Amounts are stored as Decimal(18, 4) in major units.
const (
	decimalScale = 4
	decimalMost  = 999_999_999_999_999_999 // 18 digits
)

// What ClickHouse's Date32 and DateTime64 can hold; beyond it they wrap.
const (
	leastMilli = -2_208_988_800_000 // 1900-01-01T00:00:00Z
	mostMilli  = 10_413_791_999_999 // 2299-12-31T23:59:59.999Z
)

// amount turns minor units into major ones. What 18 digits cannot hold
// saturates, as sums of money do everywhere; not a number is undefined.
func amount(bits uint64, kind signal.Kind, meta signal.Meta) (decimal.Decimal, bool) {
	if kind == signal.KindMoneyFloat {
		v := math.Float64frombits(bits)
		if math.IsNaN(v) {
			return decimal.Zero, false
		}
		scaled := math.Round(v * math.Pow10(decimalScale-int(meta.CurrencyExponent)))
		whole := int64(max(-decimalMost, min(decimalMost, scaled))) // the float bound is 10^18
		return decimal.New(max(-decimalMost, min(decimalMost, whole)), -decimalScale), true
	}
	return decimal.New(scaleAmount(int64(bits), int(meta.CurrencyExponent)), -decimalScale), true
}

// scaleAmount gives the ten-thousandths of the major unit, rounded half away
// from zero where the minor unit is finer than that.
func scaleAmount(minor int64, exponent int) int64 {
	for ; exponent < decimalScale; exponent++ {
		if minor > decimalMost/10 || minor < -decimalMost/10 {
			if minor > 0 {
				return decimalMost
			}
			return -decimalMost
		}
		minor *= 10
	}
	divisor := int64(1)
	for ; exponent > decimalScale && divisor <= math.MaxInt64/10; exponent-- {
		divisor *= 10
	}
	if divisor > 1 {
		half := divisor / 2
		rest := minor % divisor
		minor /= divisor
		if rest >= half {
			minor++
		} else if rest <= -half {
			minor--
		}
	}
	return max(-decimalMost, min(decimalMost, minor))
}

// instant cuts microseconds off to milliseconds, downwards.
func instant(bits uint64, _ signal.Kind, _ signal.Meta) (time.Time, bool) {
	micro := int64(bits)
	milli := micro / 1000
	if micro%1000 < 0 {
		milli--
	}
	return time.UnixMilli(max(leastMilli, min(mostMilli, milli))).UTC(), true
}

func day(bits uint64, _ signal.Kind, _ signal.Meta) (time.Time, bool) {
	const dayMilli = 86_400_000
	days := max(leastMilli/dayMilli, min(mostMilli/dayMilli, int64(bits)))
	return time.UnixMilli(days * dayMilli).UTC(), true
}
