package verify

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// The hand-written text is that of encoding/json, byte for byte, and reads back.
func TestReceiptIsWrittenAsJSON(t *testing.T) {
	when := time.Date(2026, 2, 3, 4, 5, 6, 7_000, time.UTC)
	odd := "\x00 \t\n\"\\ <&> \u2028 \xff é \x7f"
	for _, r := range []*Receipt{
		{},
		{Version: 1, Service: "s", Policy: "00", Kernel: "6.1 amd64", Shim: "v", PID: 17, Verified: when, Checks: []Check{}},
		{Version: 1, Service: "s", Signer: "11", Lacks: []string{"a", odd}, Verified: when.Truncate(time.Second),
			Checks: []Check{{"Uid", "0\t0\t0\t0", "0\t0\t0\t0"}, {odd, odd, odd}, {"mount /", "", "ro"}}},
	} {
		want, err := json.MarshalIndent(r, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		got, err := r.Encode()
		if err != nil || string(got) != string(want)+"\n" {
			t.Errorf("%v\n%s", err, cmp.Diff(string(want)+"\n", string(got)))
		}
		// Bytes that are no UTF-8 come back as the replacement character.
		var back Receipt
		if err := json.Unmarshal(want, &back); err != nil {
			t.Fatal(err)
		}
		again, err := DecodeReceipt(got)
		if err != nil || !cmp.Equal(*again, back) {
			t.Errorf("%v %s", err, cmp.Diff(back, *again))
		}
	}
}
