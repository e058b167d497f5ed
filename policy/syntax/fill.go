package syntax

import (
	"errors"
	"strings"
)

// errTree says that the parser's places and the decoder's values disagree. It
// takes a bug in one of them; the text is refused.
var errTree = errors.New("BUG: the places and the values of this text do not fit together")

// fill lays the decoder's values into the tree of places.
func fill(n *Node, v any) error {
	switch v := v.(type) {
	case map[string]any:
		if n.Table == nil || len(n.Table) != len(v) {
			return errTree
		}
		for key, value := range v {
			if n.Table[key] == nil {
				return errTree
			}
			if err := fill(n.Table[key], value); err != nil {
				return err
			}
		}
	case []any:
		if n.List == nil || len(n.List) != len(v) {
			return errTree
		}
		for i, value := range v {
			if err := fill(n.List[i], value); err != nil {
				return err
			}
		}
	default:
		if n.Table != nil || n.List != nil || v == nil {
			return errTree
		}
		n.Value = v
	}
	return nil
}

// trimProgram takes the parser's own name off its message.
func trimProgram(s string) string { return strings.TrimPrefix(s, "toml: ") }
