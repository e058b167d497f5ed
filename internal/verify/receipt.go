package verify

import (
	"encoding/json"
	"fmt"
	"io"
	"time"
)

// Receipt is what a launch has left on record: which policy, on which kernel, and
// every comparison with what the kernel said. JSON in the state directory.
type Receipt struct {
	Version  int       `json:"version"` // 1
	Service  string    `json:"service"`
	Policy   string    `json:"policy_sha256"`
	Signer   string    `json:"signer,omitempty"` // key id, "" for an unsigned policy
	Kernel   string    `json:"kernel"`
	Shim     string    `json:"shim"` // version of the shim
	PID      int       `json:"init_pid"`
	Verified time.Time `json:"verified"`
	Lacks    []string  `json:"lacks,omitempty"` // preferred by the policy, absent on the host
	Checks   []Check   `json:"checks"`
}

// Encode gives the JSON text.
func (r *Receipt) Encode() ([]byte, error) {
	b, err := json.MarshalIndent(r, "", "  ")
	return append(b, '\n'), err
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
	fmt.Fprintf(w, "%s: init is pid %d, verified %s\n", r.Service, r.PID, r.Verified.Format(time.RFC3339))
	fmt.Fprintf(w, "  policy sha256 %s, %s\n  kernel %s\n", r.Policy, signer, r.Kernel)
	for _, l := range r.Lacks {
		fmt.Fprintf(w, "  not on this host: %s\n", l)
	}
	width := 0
	for _, c := range r.Checks {
		width = max(width, len(c.Name))
	}
	for _, c := range r.Checks {
		verdict := "as declared"
		if !c.OK() {
			verdict = fmt.Sprintf("DIFFERS, policy wants %q", c.Want)
		}
		fmt.Fprintf(w, "  %-*s  %-28q %s\n", width, c.Name, c.Got, verdict)
	}
}
