package main

import (
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"

	"casemate/internal/sealed"
)

// runKeygen makes a key pair. It overwrites nothing: a lost private key cannot be
// made again.
func runKeygen(flags *flag.FlagSet, args []string) error {
	name := flags.String("o", "casemate", "")
	if err := none(flags, args); err != nil {
		return err
	}
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return err
	}
	line, err := sealed.MarshalPublicKey(public, "")
	if err != nil {
		return err
	}
	if err := create(*name+".key", 0o600, sealed.MarshalPrivateKey(private)); err != nil {
		return err
	}
	if err := create(*name+".pub", 0o644, line); err != nil {
		return errors.Join(err, os.Remove(*name+".key")) // it was made a moment ago, and is of no use alone
	}
	fmt.Printf("%s.key %s.pub key id %x\n", *name, *name, sealed.KeyID(public))
	return nil
}

// create writes a file that was not there.
func create(path string, mode os.FileMode, b []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	return errors.Join(err, f.Close())
}

// maxKey bounds a key file.
const maxKey = 4 << 10

// readKey reads a private key that nobody else can read.
func readKey(path string) (ed25519.PrivateKey, error) {
	f, err := openNow(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if st.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("%s: others can read the private key; set its mode to 0600", path)
	}
	b, err := io.ReadAll(io.LimitReader(f, maxKey))
	if err != nil {
		return nil, err
	}
	key, err := sealed.ParsePrivateKey(b)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return key, nil
}
