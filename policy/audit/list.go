package audit

import (
	"bufio"
	"fmt"
	"io"
)

// WriteRules lists all rules for a person.
func WriteRules(w io.Writer) error {
	out := bufio.NewWriter(w)
	for _, r := range rules {
		fmt.Fprintf(out, "%s  %s, %s, level %s\n    %s\n    why: %s\n    fix: %s\n", r.ID, r.Dimension(), r.Severity, r.Level, r.Title, r.Why, r.Fix)
		if r.Cannot != "" {
			fmt.Fprintf(out, "    cannot arise: %s\n", r.Cannot)
		}
		if len(r.References) > 0 {
			fmt.Fprintf(out, "    see: %s\n", listed(r.References))
		}
	}
	return out.Flush()
}
