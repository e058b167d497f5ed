package verify

import (
	"bytes"
	"encoding/json"
	"math/rand"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func receipt() *Receipt {
	return &Receipt{
		Version: ReceiptVersion, Service: "web", Policy: "ab12", Signer: "cd34", Kernel: "6.12 amd64", Shim: "v1", PID: 42,
		Verified: time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC), Filter: "61 instructions by casemate", Lacks: []string{"p:1: no <SELinux>"},
		Unread: []Unread{{"session keyring", "nobody <shows> it"}},
		Checks: []Check{{"Uid", "status", "0\t0", "0\t0"}, {"mount /a b", "mountinfo", "ro", "\"\x01\xff\u2028é"}, {"securebits", "init", "0xeb", "0xeb"}},
	}
}

// The receipt that is written by hand is the one that encoding/json would write.
func TestReceiptIsJSON(t *testing.T) {
	r := rand.New(rand.NewSource(1))
	text := func() string {
		b := make([]byte, r.Intn(12))
		for i := range b {
			b[i] = byte(r.Intn(256))
		}
		return string(b)
	}
	all := []*Receipt{receipt(), {}, {Checks: []Check{}, Lacks: []string{}, Unread: []Unread{}}}
	for range 500 {
		c := &Receipt{Service: text(), Policy: text(), Signer: text(), Kernel: text(), Shim: text(), PID: r.Int(), Filter: text(), Verified: time.Unix(r.Int63n(1<<37), r.Int63n(1e9)).UTC()}
		for range r.Intn(3) {
			c.Lacks = append(c.Lacks, text())
		}
		for range r.Intn(3) {
			c.Checks = append(c.Checks, Check{text(), text(), text(), text()})
		}
		for range r.Intn(3) {
			c.Unread = append(c.Unread, Unread{text(), text()})
		}
		if r.Intn(2) == 0 {
			c.Ended = &Ended{Cause: Cause(text()), Status: r.Int(), Signal: text(), Stopped: r.Intn(2) == 0, Error: text(), At: time.Unix(r.Int63n(1<<37), r.Int63n(1e9)).UTC(), RanMS: r.Int63()}
		}
		if c.Ended != nil && r.Intn(2) == 0 {
			c.Ended.Memory = &Memory{r.Uint64(), r.Uint64(), r.Uint64(), r.Uint64()}
		}
		all = append(all, c)
	}
	for _, c := range all {
		want, err := json.MarshalIndent(c, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		got := c.Encode()
		if d := cmp.Diff(string(want)+"\n", string(got)); d != "" {
			t.Fatal(d)
		}
		running := *c
		running.Ended = nil
		if completed := c.Ended.Complete(running.Encode()); c.Ended != nil && !bytes.Equal(completed, got) {
			t.Fatalf("completed: %s", cmp.Diff(string(got), string(completed)))
		}
	}
}

func TestReceiptRoundTrip(t *testing.T) {
	want := receipt()
	want.Checks[1].Got = "é\u2028"
	b := want.Encode()
	got, err := DecodeReceipt(b)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	for _, bad := range []string{"", "{", "[]", `{"version": "x"}`} {
		if r, err := DecodeReceipt([]byte(bad)); err == nil || !strings.HasPrefix(err.Error(), "receipt: ") {
			t.Errorf("%q: %v, %v", bad, r, err)
		}
	}
}

func TestReceiptIsPrinted(t *testing.T) {
	want := `web: init is pid 42, verified 2026-01-02T03:04:05Z
  policy sha256 ab12, signed by key cd34
  kernel 6.12 amd64
  filter of 61 instructions by casemate
  not on this host: p:1: no <SELinux>
  cannot be read: session keyring: nobody <shows> it
  Uid         "0\t0"                       as declared
  mount /a b  "\"\x01\xff\u2028é"          DIFFERS, policy wants "ro"
  securebits  "0xeb"                       as declared, init says
`
	var b strings.Builder
	receipt().Print(&b)
	if d := cmp.Diff(want, b.String()); d != "" {
		t.Error(d)
	}
	b.Reset()
	unsigned := receipt()
	unsigned.Signer = ""
	unsigned.Print(&b)
	if !strings.Contains(b.String(), "policy sha256 ab12, unsigned\n") {
		t.Errorf("%s", b.String())
	}
}
