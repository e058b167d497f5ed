package sealed

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestPrivateKeyFile(t *testing.T) {
	key := testKey(3)
	text := MarshalPrivateKey(key)
	got, err := ParsePrivateKey(text)
	if err != nil || !got.Equal(key) {
		t.Fatalf("round trip: %v", err)
	}
	good := string(text)
	for name, bad := range map[string]string{
		"empty":        "",
		"no line end":  strings.TrimSuffix(good, "\n"),
		"two lines":    good + good,
		"public word":  strings.Replace(good, privateWord, publicWord, 1),
		"two spaces":   strings.Replace(good, " ", "  ", 1),
		"comment":      strings.Replace(good, "\n", " me\n", 1),
		"carriage":     strings.Replace(good, "\n", "\r\n", 1),
		"short":        privateWord + " AAAA\n",
		"loose base64": strings.Replace(good, "AwM=", "AwN=", 1),
		"line inside":  good[:40] + "\n" + good[41:],
	} {
		if _, err := ParsePrivateKey([]byte(bad)); !errors.Is(err, ErrKey) {
			t.Errorf("%s: %v", name, err)
		} else if strings.Contains(err.Error(), "AwMD") {
			t.Errorf("%s: the error quotes the key: %v", name, err)
		}
	}
}

func line3(t *testing.T, comment string) string {
	t.Helper()
	b, err := MarshalPublicKey(public(testKey(3)), comment)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestTrustedKeys(t *testing.T) {
	other, _ := MarshalPublicKey(public(testKey(4)), "")
	text := "# release keys\n\n" + line3(t, "release 2026, Zürich") + string(other)
	keys, err := ParsePublicKeys([]byte(text))
	if err != nil || len(keys) != 2 || !keys[0].Equal(public(testKey(3))) || !keys[1].Equal(public(testKey(4))) {
		t.Errorf("%v %v", keys, err)
	}
	if _, err := ParsePublicKeys([]byte(strings.TrimSuffix(text, "\n"))); err != nil {
		t.Errorf("without the last line end: %v", err)
	}
}

func TestTrustedKeysRefused(t *testing.T) {
	good := line3(t, "me")
	encoded := base64.StdEncoding.EncodeToString(public(testKey(3)))
	loose := encoded[:42] + string(encoded[42]+1) + "="
	for name, test := range map[string]struct{ text, want string }{
		"empty":         {"", "no key"},
		"comments only": {"# nothing\n", "no key"},
		"twice":         {good + line3(t, "you"), "line 2"},
		"private key":   {string(MarshalPrivateKey(testKey(3))), "private key"},
		"other kind":    {"ssh-ed25519 " + encoded + "\n", "ssh-ed25519"},
		"no base64":     {publicWord + "\n", "line 1"},
		"short":         {publicWord + " " + encoded[:40] + "\n", "40 characters"},
		"loose base64":  {publicWord + " " + loose + "\n", "strict"},
		"url base64":    {publicWord + " " + strings.Repeat("_", 43) + "=\n", "strict"},
		"two spaces":    {publicWord + "  " + encoded + "\n", "characters"},
		"indented":      {" " + good, "line 1"},
		"carriage":      {strings.ReplaceAll(good, "\n", "\r\n"), "control"},
		"long line":     {publicWord + " " + encoded + " " + strings.Repeat("x", maxKeyLine) + "\n", "too long"},
		"large file":    {strings.Repeat("#\n", maxKeyFile), "limit"},
		"third line":    {"#\n" + good + "bad\n", "line 3"},
	} {
		if _, err := ParsePublicKeys([]byte(test.text)); !errors.Is(err, ErrKey) || !strings.Contains(fmt.Sprint(err), test.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestMarshalPublicKeyRefuses(t *testing.T) {
	for _, comment := range []string{"two\nlines", strings.Repeat("x", 2000), "\xff"} {
		if _, err := MarshalPublicKey(public(testKey(3)), comment); !errors.Is(err, ErrKey) {
			t.Errorf("%.9q: %v", comment, err)
		}
	}
	if _, err := MarshalPublicKey(nil, ""); !errors.Is(err, ErrKey) {
		t.Errorf("no key: %v", err)
	}
}
