package syntax

import (
	"testing"

	"github.com/pelletier/go-toml/v2"
)

// TestQuote: what is written reads as what it was, and holds nothing but printable text.
func TestQuote(t *testing.T) {
	for in, want := range map[string]string{
		"a": `"a"`, `a"b\c`: `"a\"b\\c"`, "a\nb\x00\x7f": `"a\U0000000ab\U00000000\U0000007f"`, "é": `"é"`, "\u202e": `"\U0000202e"`,
	} {
		got := QuoteText(in)
		if got != want {
			t.Errorf("%q: %s, not %s", in, got, want)
		}
		var v struct{ A string }
		if err := toml.Unmarshal([]byte("A = "+got), &v); err != nil || v.A != in {
			t.Errorf("%s reads as %q: %v", got, v.A, err)
		}
	}
	if QuoteKey("a-b_1") != "a-b_1" || QuoteKey("/lib") != `"/lib"` || QuoteKey("") != `""` {
		t.Error("keys")
	}
}
