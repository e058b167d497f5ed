package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"casemate/internal/exit"
	"casemate/internal/gate"
	"casemate/internal/orders"

	"golang.org/x/sys/unix"
)

// canary is orders whose workload would make a file, and the file.
func canary(t *testing.T) (orders.Orders, string) {
	path := filepath.Join(t.TempDir(), "canary")
	return shell("echo ran > " + path), path
}

func absent(t *testing.T, path string) {
	t.Helper()
	if _, err := os.Stat(path); err == nil {
		t.Error("the workload ran")
	}
}

func present(t *testing.T, path string) {
	t.Helper()
	if _, err := os.Stat(path); err != nil {
		t.Error("the workload did not run")
	}
}

func TestGoodOrdersRun(t *testing.T) {
	o, file := canary(t)
	i := ordered(t, o)
	i.expect(t, gate.Started)
	i.ends(t, 0)
	present(t, file)
}

func encode(t *testing.T, o orders.Orders) []byte {
	t.Helper()
	b, err := orders.Encode(&o)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// Orders that are not exactly what the shim writes: nothing runs, not even Ready is said.
func TestBadOrdersAreRefused(t *testing.T) {
	o, file := canary(t)
	good := encode(t, o)
	relative := o
	relative.Argv = []string{"sh", "-c", o.Argv[2]}
	wrongVersion := append([]byte(nil), good...)
	wrongVersion[7]++
	plain, err := os.Create(filepath.Join(t.TempDir(), "plain"))
	if err != nil {
		t.Fatal(err)
	}
	defer plain.Close()
	plain.Write(good)
	plain.Seek(0, 0)
	cases := []struct {
		name string
		s    shimmed
		say  string
	}{
		{"empty", shimmed{seals: sealed}, "truncated"},
		{"a byte behind", shimmed{raw: append(good[:len(good):len(good)], 0), seals: sealed}, "1 bytes follow the end"},
		{"another version", shimmed{raw: wrongVersion, seals: sealed}, "not orders of this version"},
		{"twice", shimmed{raw: append(good[:len(good):len(good)], good...), seals: sealed}, "follow the end"},
		{"too large", shimmed{raw: append(good[:len(good):len(good)], make([]byte, orders.MaxSize)...), seals: sealed}, "larger than orders can be"},
		{"relative path", shimmed{orders: &relative, seals: sealed}, "not an absolute path"},
		{"not sealed", shimmed{orders: &o}, "not sealed"},
		{"may be written", shimmed{orders: &o, seals: sealed &^ unix.F_SEAL_WRITE}, "not sealed"},
		{"may shrink", shimmed{orders: &o, seals: sealed &^ unix.F_SEAL_SHRINK}, "not sealed"},
		{"may grow", shimmed{orders: &o, seals: sealed &^ unix.F_SEAL_GROW}, "not sealed"},
		{"may be sealed on", shimmed{orders: &o, seals: sealed &^ unix.F_SEAL_SEAL}, "not sealed"},
		{"a file", shimmed{fd3: plain}, "memfd"}, // on tmpfs a file has seals, but not all
		{"no gate", shimmed{orders: &o, seals: sealed, noGate: true}, "gate is missing"},
		{"no descriptors", shimmed{noFD: true}, "no command and no orders"},
	}
	for cut := 1; cut < len(good); cut += 1 + len(good)/23 {
		cases = append(cases, struct {
			name string
			s    shimmed
			say  string
		}{"truncated", shimmed{raw: good[:cut], seals: sealed}, "orders: "})
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			i := startShimmed(t, c.s)
			if m, ok := i.hear(t); ok {
				t.Errorf("init said %+v", m)
			}
			i.ends(t, exit.Usage, c.say)
			absent(t, file)
		})
	}
}

// A byte changed anywhere gives other orders or a refusal, never a crash or a hang.
func TestFlippedOrders(t *testing.T) {
	o, _ := canary(t)
	o.Argv[2] = "exit 0"
	good := encode(t, o)
	for at := 0; at < len(good); at += 3 {
		bad := append([]byte(nil), good...)
		bad[at] ^= 0x41
		i := startShimmed(t, shimmed{raw: bad, seals: sealed})
		if _, ok := i.hear(t); ok {
			i.cmd.Process.Kill()
			i.end(t)
			continue
		}
		i.ends(t, exit.Usage, "orders: ")
	}
}

// Without a release nothing runs.
func TestGateHolds(t *testing.T) {
	t.Run("closed", func(t *testing.T) {
		o, file := canary(t)
		i := startShimmed(t, shimmed{orders: &o, seals: sealed})
		i.expect(t, gate.Ready)
		unix.Shutdown(i.gate, unix.SHUT_RDWR)
		i.ends(t, exit.Bug, "gate: closed by the shim")
		absent(t, file)
	})
	t.Run("closed before", func(t *testing.T) {
		o, file := canary(t)
		i := startShimmed(t, shimmed{orders: &o, seals: sealed})
		unix.Shutdown(i.gate, unix.SHUT_RDWR)
		// It may have said that it is ready by then: the bug is the shim's.
		if code := i.end(t); code != exit.Step && code != exit.Bug || !strings.Contains(i.stderr.String(), "gate: ") {
			t.Errorf("exit %d; stderr %s", code, i.stderr.String())
		}
		absent(t, file)
	})
	wrong := map[string][]byte{
		"ready":    bytes8(gate.Ready),
		"started":  bytes8(gate.Started),
		"unknown":  bytes8(gate.Exited + 1),
		"short":    bytes8(gate.Release)[:7],
		"long":     append(bytes8(gate.Release), 0),
		"longer":   append(bytes8(gate.Release), make([]byte, 4096)...),
		"two":      append(bytes8(gate.Release), bytes8(gate.Release)...),
		"one byte": {0},
	}
	for name, message := range wrong {
		t.Run(name, func(t *testing.T) {
			o, file := canary(t)
			i := startShimmed(t, shimmed{orders: &o, seals: sealed})
			i.expect(t, gate.Ready)
			if _, err := unix.Write(i.gate, message); err != nil {
				t.Fatal(err)
			}
			i.ends(t, exit.Bug, "gate: what came is not a release")
			absent(t, file)
		})
	}
}

func bytes8(k gate.Kind) []byte {
	b := gate.Message{Kind: k}.Encode()
	return b[:]
}
