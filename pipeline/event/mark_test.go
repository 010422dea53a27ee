package event

import "testing"

func TestTrimByteOrderMark(t *testing.T) {
	for in, want := range map[string]string{
		"": "", "{}": "{}", "\xEF\xBB\xBF{}": "{}", "\xEF\xBB\xBF": "", "\xEF\xBB": "\xEF\xBB",
		"\xEF\xBB\xBF\xEF\xBB\xBFa": "\xEF\xBB\xBFa", "a\xEF\xBB\xBF": "a\xEF\xBB\xBF",
	} {
		if got := TrimByteOrderMark([]byte(in)); string(got) != want {
			t.Errorf("TrimByteOrderMark(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestIsUTF16(t *testing.T) {
	wide := func(text string, width, place int) string {
		var b []byte
		for _, c := range []byte(text) {
			character := make([]byte, width)
			character[place] = c
			b = append(b, character...)
		}
		return string(b)
	}
	for in, want := range map[string]bool{
		"\xFF\xFE" + wide("{}", 2, 0): true, "\xFE\xFF" + wide("{}", 2, 1): true, "\xFF\xFE": true, "\xFE\xFF": true,
		"\xFF\xFE\x00\x00" + wide("{}", 4, 0): true, "\x00\x00\xFE\xFF" + wide("{}", 4, 3): true,
		wide("{}", 2, 0): true, wide("{}", 2, 1): true, wide("{}", 4, 0): true, wide("{}", 4, 3): true,
		wide("version", 2, 0): true, wide("\n{", 2, 1): true,

		"": false, "{": false, "{}": false, "{}{}": false, "\xEF\xBB\xBF{}": false, "\xFF": false, "{\x00": false,
		"\x00{":                   false,
		"\x00\x00\x00\x00\x01{\"": false, // a schema registry's head
		"\x00\x00\x00\x01\x00{\"": false, "\x00\x00\x00\x00": false, "a\x00b": false, "\xE4\x00\xE5\x00": false,
		"{\x00\x80\x00": false, "{\x80}\x80": false, "ab\x00\x00": false, "a\x00\x00b": false, "Stra\xDFe": false,
	} {
		if got := IsUTF16([]byte(in)); got != want {
			t.Errorf("IsUTF16(%q) = %v", in, got)
		}
	}
}
