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
