package decode

// CurrencyDecimals is the number of decimals of a currency's minor unit by ISO
// 4217: 2 for EUR, 0 for JPY, and 2 for a currency that it does not list.
func CurrencyDecimals(currency [3]byte) int { return exponent(currency) }
