package json

import "github.com/holdfast/holdfast/pipeline/decode"

// Constant reads a JSON scalar, such as "EUR" with its quotes, for
// decode.Mapping. Anything else gives the zero Constant, which the rules refuse.
func Constant(text string) decode.Constant {
	var arena decode.Arena
	s := scanner{b: []byte(text), arena: &arena}
	var tok token
	if s.value(&tok, 0, maxDepth) != len(text) {
		return decode.Constant{}
	}
	v := tok.value()
	c := decode.Constant{Form: v.Form, Number: v.Number}
	switch tok.kind {
	case tokenEscaped:
		c.Text = string(unescape(&arena, s.b[tok.start:tok.end]))
	case tokenString, tokenInteger, tokenBig, tokenReal:
		c.Text = text[tok.start:tok.end]
	case tokenNull, tokenTrue, tokenFalse, tokenObject, tokenArray: // they have no text
	}
	return c
}
