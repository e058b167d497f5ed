package verify

import (
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"time"
)

// Receipt is what a launch has left on record: which policy, on which kernel, and
// every comparison with what the kernel said. JSON in the state directory.
type Receipt struct {
	Version  int       `json:"version"` // ReceiptVersion
	Service  string    `json:"service"`
	Policy   string    `json:"policy_sha256"`
	Signer   string    `json:"signer,omitempty"` // key id, "" for an unsigned policy
	Kernel   string    `json:"kernel"`
	Shim     string    `json:"shim"` // version of the shim
	PID      int       `json:"init_pid"`
	Verified time.Time `json:"verified"`
	Filter   string    `json:"filter"`           // length and compiler of the seccomp filter
	Lacks    []string  `json:"lacks,omitempty"`  // preferred by the policy, absent on the host
	Unread   []Unread  `json:"unread,omitempty"` // what this kernel does not show
	Checks   []Check   `json:"checks"`
	Ended    *Ended    `json:"ended,omitempty"` // of a launch that has
}

// ReceiptVersion is that of the form, docs/receipt.schema.json.
const ReceiptVersion = 2

// Encode gives the JSON text: what json.MarshalIndent would give, a test compares. It
// is written by hand because the reflection of encoding/json took 200 us of every launch,
// and 30 pages of memory for as long as the service runs.
func (r *Receipt) Encode() []byte {
	b := append(make([]byte, 0, r.size()), "{\n  \"version\": "...)
	b = strconv.AppendInt(b, int64(r.Version), 10)
	b = member(b, "service", r.Service)
	b = member(b, "policy_sha256", r.Policy)
	if r.Signer != "" {
		b = member(b, "signer", r.Signer)
	}
	b = member(b, "kernel", r.Kernel)
	b = member(b, "shim", r.Shim)
	b = strconv.AppendInt(append(b, ",\n  \"init_pid\": "...), int64(r.PID), 10)
	b = member(b, "verified", r.Verified.Format(time.RFC3339Nano))
	b = member(b, "filter", r.Filter)
	for i, l := range r.Lacks {
		b = quote(append(b, open(i, "lacks")...), l)
	}
	if len(r.Lacks) != 0 {
		b = append(b, "\n  ]"...)
	}
	for i, u := range r.Unread {
		b = quote(append(append(b, open(i, "unread")...), "{\n      \"name\": "...), u.Name)
		b = quote(append(b, ",\n      \"why\": "...), u.Why)
		b = append(b, "\n    }"...)
	}
	if len(r.Unread) != 0 {
		b = append(b, "\n  ]"...)
	}
	return append(r.Ended.encode(checks(b, r.Checks)), "\n}\n"...)
}

// size is what the text takes, or a little more where nothing is escaped: one piece of memory
// in place of four.
func (r *Receipt) size() int {
	n := 2048
	for _, l := range r.Lacks {
		n += len(l) + 16
	}
	for _, u := range r.Unread {
		n += len(u.Name) + len(u.Why) + 64
	}
	for _, c := range r.Checks {
		n += len(c.Name) + len(c.From) + len(c.Want) + len(c.Got) + 96
	}
	return n
}

func checks(b []byte, all []Check) []byte {
	if all == nil {
		return append(b, ",\n  \"checks\": null"...)
	}
	if len(all) == 0 {
		return append(b, ",\n  \"checks\": []"...)
	}
	for i, c := range all {
		b = quote(append(append(b, open(i, "checks")...), "{\n      \"name\": "...), c.Name)
		b = quote(append(b, ",\n      \"from\": "...), c.From)
		b = quote(append(b, ",\n      \"want\": "...), c.Want)
		b = quote(append(b, ",\n      \"got\": "...), c.Got)
		b = append(b, "\n    }"...)
	}
	return append(b, "\n  ]"...)
}

// open is what stands before an element of a list.
func open(i int, name string) string {
	if i == 0 {
		return ",\n  \"" + name + "\": [\n    "
	}
	return ",\n    "
}

// member is one string of the receipt's own.
func member(b []byte, name, value string) []byte {
	b = append(append(append(b, ",\n  \""...), name...), "\": "...)
	return quote(b, value)
}

// quote writes a JSON string. Printable ASCII stands for itself; encoding/json does the
// rest, and what it makes of an escape is its affair.
func quote(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&' {
			text, err := json.Marshal(s)
			if err != nil {
				panic(err) // a string always has an encoding
			}
			return append(b, text...)
		}
	}
	return append(append(append(b, '"'), s...), '"')
}

// DecodeReceipt reads a receipt.
func DecodeReceipt(b []byte) (*Receipt, error) {
	r := new(Receipt)
	if err := json.Unmarshal(b, r); err != nil {
		return nil, fmt.Errorf("receipt: %w", err)
	}
	return r, nil
}

// Print writes the receipt for a person.
func (r *Receipt) Print(w io.Writer) {
	signer := "unsigned"
	if r.Signer != "" {
		signer = "signed by key " + r.Signer
	}
	switch {
	case r.Ended == nil:
		fmt.Fprintf(w, "%s: init is pid %d, verified %s\n", r.Service, r.PID, r.Verified.Format(time.RFC3339))
	case r.PID == 0:
		r.PrintEnd(w)
	default:
		r.PrintEnd(w)
		fmt.Fprintf(w, "  init was pid %d, verified %s\n", r.PID, r.Verified.Format(time.RFC3339))
	}
	fmt.Fprintf(w, "  policy sha256 %s, %s\n  kernel %s\n  filter of %s\n", r.Policy, signer, r.Kernel, r.Filter)
	for _, l := range r.Lacks {
		fmt.Fprintf(w, "  not on this host: %s\n", l)
	}
	for _, u := range r.Unread {
		fmt.Fprintf(w, "  cannot be read: %s: %s\n", u.Name, u.Why)
	}
	width := 0
	for _, c := range r.Checks {
		width = max(width, len(c.Name))
	}
	for _, c := range r.Checks {
		verdict := "as declared"
		if c.From == byInit {
			verdict += ", init says"
		}
		if !c.OK() {
			verdict = fmt.Sprintf("DIFFERS, policy wants %q", c.Want)
		}
		fmt.Fprintf(w, "  %-*s  %-28q %s\n", width, c.Name, c.Got, verdict)
	}
}
