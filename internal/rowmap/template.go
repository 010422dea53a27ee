package rowmap

import (
	"fmt"
	"strings"
)

// piece is a text, or the name of what is put in its place.
type piece struct {
	text string
	name bool
}

// parseTemplate splits a template: {name} is a column, {@file}, {@row} and
// {@hash} are the file's name, the row's number and a hash of the row's cells,
// {{ and }} are braces.
func parseTemplate(template string) ([]piece, error) {
	var pieces []piece
	text := ""
	for rest := template; rest != ""; {
		switch {
		case strings.HasPrefix(rest, "{{"), strings.HasPrefix(rest, "}}"):
			text, rest = text+rest[:1], rest[2:]
		case rest[0] == '{':
			name, after, found := strings.Cut(rest[1:], "}")
			if !found || name == "" {
				return nil, fmt.Errorf("the template %q has a brace without its end; double a brace that stands for itself",
					template)
			}
			if strings.HasPrefix(name, "@") && name != nameFile && name != nameRow && name != nameHash {
				return nil, fmt.Errorf("the template %q has %s; there are {@file}, {@row} and {@hash}", template, name)
			}
			pieces = append(pieces, piece{text: text}, piece{text: name, name: true})
			text, rest = "", after
		case rest[0] == '}':
			return nil, fmt.Errorf("the template %q has a brace without its beginning; double a brace that stands for itself",
				template)
		default:
			text, rest = text+rest[:1], rest[1:]
		}
	}
	return append(pieces, piece{text: text}), nil
}

// Names of what a template may hold beside columns.
const (
	nameFile = "@file"
	nameRow  = "@row"
	nameHash = "@hash"
)
