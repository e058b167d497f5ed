package importer

import (
	"regexp"
	"strings"
)

// directive is one line of a unit.
type directive struct {
	section, key, value string
	source              Source
	line                int
	item                *item
}

var (
	sectionLine = regexp.MustCompile(`^\[([A-Za-z0-9-]+)\]$`)
	keyName     = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9-]*$`)
)

// unitLines reads a unit or drop-in as systemd.syntax(7) says: sections, key=value, lines
// joined by a backslash, comments from # or ; that a joined line passes over.
func unitLines(d *draft, s Source) ([]directive, error) {
	lines, err := logicalLines(s, " ", func(line string) bool {
		t := strings.TrimLeft(line, " \t")
		return t != "" && (t[0] == '#' || t[0] == ';')
	})
	if err != nil {
		return nil, err
	}
	var all []directive
	section := ""
	for _, l := range lines {
		text := strings.TrimSpace(l.text)
		if text == "" {
			continue
		}
		if text[0] == '[' {
			m := sectionLine.FindStringSubmatch(text)
			if m == nil {
				return nil, lineFault(s, l.number, clip(text), "not the name of a section")
			}
			section = m[1]
			continue
		}
		key, value, ok := strings.Cut(text, "=")
		key, value = strings.TrimSpace(key), strings.TrimSpace(value)
		switch {
		case !ok || !keyName.MatchString(key):
			return nil, lineFault(s, l.number, clip(text), "not key=value")
		case section == "":
			return nil, lineFault(s, l.number, clip(text), "it stands in no section")
		}
		i := &item{text: clip(key + "=" + value), line: l.number}
		d.items = append(d.items, i)
		all = append(all, directive{section, key, value, s, l.number, i})
	}
	return all, nil
}

// specifier is what systemd replaces when it loads a unit.
var specifier = regexp.MustCompile(`%[^%]`)

// specified tells whether a value has specifiers; without them %% is a percent sign.
func specified(value string) bool {
	return specifier.MatchString(strings.ReplaceAll(value, "%%", ""))
}

// escapes of quoted strings, systemd.syntax(7).
var escapes = map[byte]string{
	'a': "\a", 'b': "\b", 'f': "\f", 'n': "\n", 'r': "\r", 't': "\t", 'v': "\v", '\\': `\`, '"': `"`, '\'': "'", 's': " ",
}

// words splits a value as systemd does: at white space, outside of quotes. It is false
// for an open quote and for escapes that are not known.
func words(value string) ([]string, bool) {
	var all []string
	for i := 0; ; {
		for i < len(value) && strings.IndexByte(" \t\n", value[i]) >= 0 {
			i++
		}
		if i == len(value) {
			return all, true
		}
		word, n, ok := oneWord(value[i:])
		if !ok {
			return nil, false
		}
		all = append(all, word)
		i += n
	}
}

// oneWord reads up to white space, and says how many bytes it read.
func oneWord(s string) (word string, n int, ok bool) {
	var b strings.Builder
	quote := byte(0)
	for n < len(s) {
		c := s[n]
		switch {
		case c == '\\':
			text, size := unescape(s[n:])
			if size == 0 {
				return "", 0, false
			}
			b.WriteString(text)
			n += size
			continue
		case quote != 0 && c == quote:
			quote = 0
		case quote == 0 && (c == '"' || c == '\''):
			quote = c
		case quote == 0 && strings.IndexByte(" \t\n", c) >= 0:
			return b.String(), n, true
		default:
			b.WriteByte(c)
		}
		n++
	}
	return b.String(), n, quote == 0
}

// unescape reads an escape; 0 for one that is not known.
func unescape(s string) (string, int) {
	if len(s) < 2 {
		return "", 0
	}
	if text, ok := escapes[s[1]]; ok {
		return text, 2
	}
	return "", 0
}
