package signal

// SufficiencyNamed returns the value of a published name; ok is false if there is none.
func SufficiencyNamed(name string) (v DataSufficiency, ok bool) {
	for i, n := range sufficiencyNames {
		if n == name {
			return DataSufficiency(i), true
		}
	}
	return 0, false
}
