package event

// TrimByteOrderMark returns text without the UTF-8 byte order mark that some
// editors and exports put at its beginning; it shares text's memory. Every
// place that takes text from outside calls it once, before parsing.
func TrimByteOrderMark(text []byte) []byte {
	if len(text) >= 3 && text[0] == 0xEF && text[1] == 0xBB && text[2] == 0xBF {
		return text[3:]
	}
	return text
}

// IsUTF16 reports whether text is UTF-16 or UTF-32, as some editors and exports
// write it: it begins with their byte order mark, or with two characters of
// ASCII in their width. Nothing reads such text here; it must be said in words
// that its encoding is what is wrong.
func IsUTF16(text []byte) bool {
	if len(text) >= 2 && (text[0] == 0xFF && text[1] == 0xFE || text[0] == 0xFE && text[1] == 0xFF) {
		return true
	}
	for _, width := range []int{2, 4} {
		if len(text) >= 2*width && (wideASCII(text[:width], 0) && wideASCII(text[width:2*width], 0) ||
			wideASCII(text[:width], width-1) && wideASCII(text[width:2*width], width-1)) {
			return true
		}
	}
	return len(text) >= 4 && text[0] == 0 && text[1] == 0 && text[2] == 0xFE && text[3] == 0xFF
}

// wideASCII reports whether a character of several bytes is 0 but for an ASCII
// character at place.
func wideASCII(character []byte, place int) bool {
	for i, c := range character {
		if i == place && (c == 0 || c > 0x7E) || i != place && c != 0 {
			return false
		}
	}
	return true
}
