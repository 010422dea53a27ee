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
