package main

import (
	"crypto/ed25519"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"casemate/internal/sealed"
	"casemate/policy/compile"
)

func runCompile(flags *flag.FlagSet, args []string) error {
	out := flags.String("o", "", "")
	keyFile := flags.String("sign", "", "")
	options := accountFlags(flags)
	path, err := one(flags, args, "policy")
	if err != nil {
		return err
	}
	if *out == "" {
		*out = strings.TrimSuffix(filepath.Base(path), ".toml") + ".sealed"
	}
	var key ed25519.PrivateKey
	if *keyFile != "" {
		if key, err = readKey(*keyFile); err != nil {
			return err
		}
	}
	b, err := seal(path, *options, key)
	if err != nil {
		return err
	}
	return replace(*out, b)
}

func runCheck(flags *flag.FlagSet, args []string) error {
	verbose := flags.Bool("v", false, "")
	options := accountFlags(flags)
	path, err := one(flags, args, "policy")
	if err != nil {
		return err
	}
	r, err := compile.Compile(path, *options)
	if err != nil {
		return err
	}
	warn(r)
	if _, err := sealed.Encode(r.Policy, nil); err != nil || !*verbose {
		return err
	}
	for _, p := range r.Proofs {
		_, err = fmt.Printf("filter for %s by %s: %d instructions, proved (%d states, %d nodes)\n", p.Arch, p.By, p.Instructions, p.States, p.Nodes)
		if err != nil {
			return err
		}
	}
	return nil
}

func accountFlags(flags *flag.FlagSet) *compile.Options {
	o := new(compile.Options)
	flags.StringVar(&o.Passwd, "passwd", "", "")
	flags.StringVar(&o.Group, "group", "", "")
	return o
}

// seal compiles a policy and encodes it.
func seal(path string, o compile.Options, key ed25519.PrivateKey) ([]byte, error) {
	r, err := compile.Compile(path, o)
	if err != nil {
		return nil, err
	}
	warn(r)
	return sealed.Encode(r.Policy, key)
}

// warn says which compiler was wrong; what is sealed is right all the same.
func warn(r *compile.Result) {
	for _, w := range r.Warnings {
		fmt.Fprintln(os.Stderr, w)
	}
}

// replace puts b at path in one step: a reader sees the old file or the new one,
// and a failed write leaves the old one.
func replace(path string, b []byte) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".")
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	defer func() {
		if err != nil {
			os.Remove(f.Name())
		}
	}()
	if err := write(f, b); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if err := replaceable(path); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

// replaceable refuses what is there and is neither a sealed policy nor empty: with one word too
// few on the command line it would be the text that was compiled.
func replaceable(path string) error {
	st, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err == nil && !st.Mode().IsRegular():
		return fmt.Errorf("%s: it is there and is not a regular file", path)
	case err != nil || st.Size() == 0:
		return err
	}
	old, err := os.Open(path)
	if err != nil {
		return err
	}
	defer old.Close()
	head := make([]byte, len(sealed.Magic))
	if n, err := io.ReadFull(old, head); err != nil || string(head[:n]) != sealed.Magic {
		return fmt.Errorf("%s: it is there and is not a sealed policy; it is left alone", path)
	}
	return nil
}

// write fills, publishes and closes f. It is synced, since an image may be made of
// the directory at once.
func write(f *os.File, b []byte) error {
	defer f.Close()
	if _, err := f.Write(b); err != nil {
		return err
	}
	if err := f.Chmod(0o644); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	return f.Close()
}
