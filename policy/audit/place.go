package audit

import (
	"fmt"
	"path"
	"strconv"
	"strings"

	"casemate/policy/base"
	"casemate/policy/report"
	"casemate/policy/syntax"
)

// places turn what a sealed policy keeps ("nginx.toml:14", "base/daemon:7", "default")
// into files that can be opened.
type places struct {
	file   string // what a place that is in no file of the text's is put down to
	text   *syntax.File
	byLine map[string]syntax.Position // the first value or key of a line
	byWord map[string]syntax.Position // a key or text on a line: line, space, word
}

func newPlaces(s *Subject) *places {
	p := &places{file: s.Path}
	if s.Text != nil {
		p.text = s.Text.File
		p.file = p.text.Tree().Key.File
		p.byLine, p.byWord = map[string]syntax.Position{}, map[string]syntax.Position{}
		p.index("", p.text.Tree())
	}
	return p
}

// index notes all that stands in the text.
func (p *places) index(name string, n *syntax.Node) {
	if name != "" {
		p.byWord[line(n.Key)+" "+name] = n.Key
	}
	if word, ok := n.Value.(string); ok {
		p.byWord[line(n.Pos)+" "+word] = n.Pos
	}
	for _, pos := range []syntax.Position{n.Key, n.Pos} {
		key := line(pos)
		if known, ok := p.byLine[key]; pos.Line > 0 && (!ok || pos.Col < known.Col) {
			p.byLine[key] = pos
		}
	}
	for key, below := range n.Table {
		p.index(key, below)
	}
	for _, below := range n.List {
		p.index("", below)
	}
}

// line is a position as the sealed policy has it.
func line(p syntax.Position) string {
	name := p.File
	if _, shipped := base.Text(name); !shipped {
		name = path.Base(name)
	}
	return fmt.Sprintf("%s:%d", name, p.Line)
}

// of gives the place of an At. What stands in a shipped base is put down to the line
// that extends it, and what stands nowhere to the file as a whole.
func (p *places) of(at, subject string) report.Place {
	at, group, _ := strings.Cut(at, " ") // "nginx.toml:21 @io"
	if pos, ok := p.find(at, group, subject); ok {
		if _, shipped := base.Text(pos.File); !shipped {
			return report.Place{File: pos.File, Line: pos.Line, Col: pos.Col}
		}
		if pos := p.text.Pos("extends"); pos.Line > 0 && pos.File == p.file {
			return report.Place{File: pos.File, Line: pos.Line, Col: pos.Col}
		}
	}
	return report.Place{File: p.file, Line: p.first(at)}
}

// find gives what stands on a line: the word that a finding is about, or the first.
func (p *places) find(at, group, subject string) (syntax.Position, bool) {
	key, detail, _ := strings.Cut(subject, " ")
	_, name, _ := strings.Cut(key, ".")
	for _, word := range []string{group, detail, name, name[strings.LastIndexByte(name, '.')+1:]} {
		if pos, ok := p.byWord[at+" "+word]; ok && word != "" {
			return pos, true
		}
	}
	pos, ok := p.byLine[at]
	return pos, ok
}

// first is 1 where the place is a text that could not be found in more detail, and 0 in
// a sealed file, which has no lines.
func (p *places) first(at string) int {
	if p.text == nil {
		return 0
	}
	if name, n, ok := strings.Cut(at, ":"); ok && name == path.Base(p.file) {
		if n, err := strconv.Atoi(n); err == nil && n > 0 {
			return n
		}
	}
	return 1
}
