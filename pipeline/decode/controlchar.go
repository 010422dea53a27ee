package decode

import "encoding/binary"

// hasControl reports whether valid UTF-8 text holds a control character: U+0000
// to U+001F or U+007F to U+009F.
func hasControl(text []byte) bool {
	if len(text) >= 8 {
		i := 0
		for ; i+8 <= len(text); i += 8 {
			if suspect(binary.LittleEndian.Uint64(text[i:])) {
				return searchControl(text)
			}
		}
		if suspect(binary.LittleEndian.Uint64(text[len(text)-8:])) {
			return searchControl(text)
		}
		return false
	}
	return searchControl(text)
}

// suspect reports whether one of eight bytes may be part of a control character:
// below 0x20, or 0x7f and above.
func suspect(w uint64) bool {
	const ones, high = 0x0101010101010101, 0x8080808080808080
	return (w|(w+ones)|(w-0x20*ones))&high != 0
}

func searchControl(text []byte) bool {
	for i, c := range text {
		if c < 0x20 || c == 0x7f || c == 0xc2 && i+1 < len(text) && text[i+1] < 0xa0 {
			return true
		}
	}
	return false
}
