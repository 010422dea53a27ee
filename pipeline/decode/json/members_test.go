package json

import (
	"fmt"
	"strings"
	"testing"

	"github.com/holdfast/holdfast/pipeline/decode"
)

func TestMembers(t *testing.T) {
	for value, want := range map[string]string{
		`{}`:                                   "true",
		` { "a" : "x\u0041\n" , "A": 1.50 } `:  "a=\"x\\u0041\\n\"=xA\n A=1.50=1.50 true",
		`{"n":null,"o":{"b":[1, 2]},"o":"\""}`: `n=null=null o={"b":[1, 2]}={"b":[1, 2]} o="\""=" true`,
		`{"cust\u006fmer":true}`:               "customer=true=true true",
		`{"a":1`:                               "a=1=1 false",
		`{"a":1}{`:                             "a=1=1 false",
		`{"a":1,}`:                             "a=1=1 false",
		`["a"]`:                                "false",
		``:                                     "false",
		`{"a":"\ud800"}`:                       "false",
		"{\"a\":\"\xff\"}":                     "false",
		`{"a":` + strings.Repeat("[", 9):       "false",
	} {
		var got strings.Builder
		ok := Members([]byte(value), &decode.Arena{}, func(name, raw, text []byte) {
			fmt.Fprintf(&got, "%s=%s=%s ", name, raw, text)
		})
		if fmt.Fprint(&got, ok); got.String() != want {
			t.Errorf("%s: %s, want %s", value, got.String(), want)
		}
	}
}
