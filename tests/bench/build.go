package main

import (
	"bytes"
	_ "embed"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"

	"casemate/tests/lab"
)

var (
	//go:embed floor.c
	floorSource []byte
	//go:embed true.c
	trueSource []byte
	//go:embed bench.toml
	policyText string
	//go:embed config.json
	bundleText string
)

// placeholder stands in bench.toml and is replaced by the path of the bench's root.
const placeholder = `"/run/casemate-bench/root"`

// kit is what the tools run with.
type kit struct {
	dir        string
	state      string // where tools keep what is running
	root       string // proc, dev, sys and true
	floor      string
	filter     string // raw struct sock_filter records
	filterNote string
	sealed     string // "" when there is none; sealedLack says why
	sealedLack string
	shim       string
	bundle     string // of OCI runtimes
}

// build makes everything below dir.
func build(dir, bin string) (*kit, error) {
	k := &kit{dir: dir, root: filepath.Join(dir, "root"), floor: filepath.Join(dir, "floor"), bundle: filepath.Join(dir, "bundle")}
	for _, d := range []string{k.bundle, k.root + "/proc", k.root + "/dev", k.root + "/sys"} {
		if err := os.MkdirAll(d, 0o755); err != nil {
			return nil, err
		}
	}
	if err := lab.CompileC(floorSource, k.floor); err != nil {
		return nil, err
	}
	if err := lab.CompileC(trueSource, filepath.Join(k.root, "true")); err != nil {
		return nil, err
	}
	config := strings.Replace(bundleText, `"ROOT"`, strconv.Quote(k.root), 1)
	if err := os.WriteFile(filepath.Join(k.bundle, "config.json"), []byte(config), 0o600); err != nil {
		return nil, err
	}
	k.seal(bin)
	return k, k.writeFilter(bin)
}

// seal compiles the policy with casemate. Without it there is no sealed policy, and
// the shim is left out.
func (k *kit) seal(bin string) {
	bin, err := filepath.Abs(bin)
	if err != nil {
		k.sealedLack = err.Error()
		return
	}
	for _, name := range []string{"casemate", "casemate-shim", "casemate-init"} {
		if _, err := os.Stat(filepath.Join(bin, name)); err != nil {
			k.sealedLack = fmt.Sprintf("%v; run make build", err)
			return
		}
	}
	policy, sealed := filepath.Join(k.dir, "bench.toml"), filepath.Join(k.dir, "bench.sealed")
	text := strings.Replace(policyText, placeholder, strconv.Quote(k.root), 1)
	if err := os.WriteFile(policy, []byte(text), 0o600); err != nil {
		k.sealedLack = err.Error()
		return
	}
	if _, err := output(filepath.Join(bin, "casemate"), "compile", "-o", sealed, policy); err != nil {
		k.sealedLack = err.Error()
		return
	}
	if k.shim, err = installed(bin, k.dir); err != nil {
		k.sealedLack = err.Error()
		return
	}
	k.sealed = sealed
}

// installed copies the pair, and gives the path of the shim. What the linker has written lies in
// the page cache in single pages, what was copied, or read from a disk, in larger pieces: a
// launch of the one takes 1.07 times the processor time of one of the other.
func installed(bin, dir string) (string, error) {
	for _, name := range []string{"casemate-init", "casemate-shim"} {
		text, err := os.ReadFile(filepath.Join(bin, name))
		if err != nil {
			return "", err
		}
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o755); err != nil {
			return "", err
		}
	}
	return filepath.Join(dir, "casemate-shim"), nil
}

// writeFilter takes the filter of the sealed policy, so that all who take raw
// programs run with the same one.
func (k *kit) writeFilter(bin string) error {
	k.filter = filepath.Join(k.dir, "filter.bpf")
	program := standIn()
	k.filterNote = fmt.Sprintf("a stand-in of %d instructions, for want of a sealed policy", len(program)/8)
	if k.sealed != "" {
		b, err := output(filepath.Join(bin, "casemate"), "show", "--bpf", runtime.GOARCH, k.sealed)
		if err != nil {
			return err
		}
		program = b
		k.filterNote = fmt.Sprintf("that of bench.toml, %d instructions; crun and runc compile one of like size", len(b)/8)
	}
	return os.WriteFile(k.filter, program, 0o600)
}

// standIn is a filter that checks the architecture and allows: LD arch, JEQ, KILL, ALLOW.
func standIn() []byte {
	arch := map[string]uint32{"amd64": 0xc000003e, "arm64": 0xc00000b7}[runtime.GOARCH]
	var b []byte
	for _, i := range []struct {
		code   uint16
		jt, jf byte
		k      uint32
	}{{0x20, 0, 0, 4}, {0x15, 1, 0, arch}, {0x06, 0, 0, 0x80000000}, {0x06, 0, 0, 0x7fff0000}} {
		b = binary.NativeEndian.AppendUint16(b, i.code)
		b = append(b, i.jt, i.jf)
		b = binary.NativeEndian.AppendUint32(b, i.k)
	}
	return b
}

// output runs a command and gives its standard output, or an error with its last words.
func output(name string, args ...string) ([]byte, error) {
	b, err := exec.Command(name, args...).Output()
	var failed *exec.ExitError
	if errors.As(err, &failed) {
		return nil, fmt.Errorf("%s %s: %w: %s", filepath.Base(name), args[0], err, bytes.TrimSpace(failed.Stderr))
	}
	return b, err
}
