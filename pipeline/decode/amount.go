package decode

// maxAmount is the largest amount of the schema, in minor units or points.
const maxAmount = 1_000_000_000_000

// amount reads an amount in minor units; negative ones are the caller's to
// judge. The exponent is that of the currency where amounts are decimal.
func (f *Fields) amount(v *Value, currency [3]byte) (int64, flaw) {
	if f.rules.cfg.Mapping.Amounts == AmountsDecimal {
		n, wrong := minorUnits(f.written(v), exponent(currency))
		if wrong == fine && (n > maxAmount || n < -maxAmount) {
			wrong = amountRange
		}
		return n, wrong
	}
	return integerAmount(v)
}

// integerAmount reads an amount that has to be an integer.
func integerAmount(v *Value) (int64, flaw) {
	switch {
	case v.Form == FormDecimal:
		return 0, amountForm
	case v.Form == FormHuge || v.Number > maxAmount || v.Number < -maxAmount:
		return 0, amountRange
	}
	return v.Number, fine
}

// minorUnits turns decimal text in major units into minor units, exactly: it
// refuses digits other than 0 that the currency has no room for. Results
// beyond every range are given as such.
func minorUnits(b []byte, decimals int) (int64, flaw) {
	const beyond = 1 << 60
	negative := len(b) > 0 && b[0] == '-'
	if negative {
		b = b[1:]
	}
	var n int64
	whole, after, point := 0, 0, false
	for _, c := range b {
		switch {
		case c == '.' && !point:
			point = true
			continue
		case c-'0' > 9:
			return 0, decimalForm
		case !point:
			whole++
		case after == decimals && c != '0':
			return 0, decimalInexact
		case after == decimals:
			continue
		default:
			after++
		}
		if n < beyond/16 {
			n = n*10 + int64(c-'0')
		} else {
			n = beyond
		}
	}
	if whole == 0 || b[len(b)-1] == '.' {
		return 0, decimalForm
	}
	for ; after < decimals && n < beyond/16; after++ {
		n *= 10
	}
	if negative {
		n = -n
	}
	return n, fine
}

// exponent is the number of decimals of a currency's minor unit by ISO 4217,
// 2 for those it does not list and where there is no currency.
func exponent(currency [3]byte) int {
	switch string(currency[:]) {
	case "BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND", "VUV",
		"XAF", "XOF", "XPF":
		return 0
	case "BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND":
		return 3
	case "CLF", "UYW":
		return 4
	}
	return 2
}
