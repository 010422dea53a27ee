package clickhouse

import "strings"

// splitStatements cuts SQL text at the semicolons that end statements: not at
// those inside strings, quoted names or comments. Comments stay where they are;
// what holds nothing else is left out.
func splitStatements(text string) []string {
	var statements []string
	start, content := 0, false
	end := func(at int) {
		if content {
			statements = append(statements, strings.Trim(text[start:at], whiteSpace))
		}
		start, content = at+1, false
	}
	for i := 0; i < len(text); {
		switch next := skip(text, i); {
		case next > i && (text[i] == '-' || text[i] == '/'):
			i = next
		case next > i:
			i, content = next, true
		case text[i] == ';':
			end(i)
			i++
		default:
			content = content || !isSpace(text[i])
			i++
		}
	}
	end(len(text))
	return statements
}

// skip gives the end of the string, quoted name or comment that begins at i;
// i where none does. One that is not closed ends with the text.
func skip(text string, i int) int {
	rest := text[i:]
	switch {
	case strings.HasPrefix(rest, "--"):
		return i + through(rest, "\n", 2)
	case strings.HasPrefix(rest, "/*"):
		return i + through(rest, "*/", 2)
	case rest[0] == '\'' || rest[0] == '"' || rest[0] == '`':
		for j := 1; j < len(rest); j++ {
			switch {
			case rest[j] == '\\':
				j++
			case rest[j] == rest[0]: // a doubled quote begins the next string at once
				return i + j + 1
			}
		}
		return len(text)
	}
	return i
}

// through is the length of text up to and with the first end behind from.
func through(text, end string, from int) int {
	if at := strings.Index(text[from:], end); at >= 0 {
		return from + at + len(end)
	}
	return len(text)
}

// whiteSpace is what may stand around a statement.
const whiteSpace = " \t\r\n\v\f"

func isSpace(c byte) bool { return strings.IndexByte(whiteSpace, c) >= 0 }
