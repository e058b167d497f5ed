package main

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"os"
	"strings"
	"testing"

	"casemate/internal/exit"
	"casemate/internal/sealed"

	"golang.org/x/sys/unix"
)

func TestReadPolicy(t *testing.T) {
	needRoot(t)
	path := written(t, simple("read"))
	f, err := readPolicy(options{policy: path, fd: -1})
	if err != nil || f.Policy.Service != "read" {
		t.Fatalf("%v, %v", f, err)
	}
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	if f, err := readPolicy(options{fd: fd}); err != nil || f.Policy.Service != "read" {
		t.Errorf("by descriptor: %v, %v", f, err)
	}
	if err := unix.Close(fd); !errors.Is(err, unix.EBADF) {
		t.Error("the descriptor stays open")
	}
}

// Whatever is not a file of root's with a sealed policy in it: 246, and a line with its name.
func TestReadPolicyRefuses(t *testing.T) {
	needRoot(t)
	for _, c := range []struct {
		name, want string
		change     func(path string) error
	}{
		{"truncated", "", func(p string) error { return os.Truncate(p, 40) }},
		{"longer", "", func(p string) error { return appended(p, "x") }},
		{"empty", "", func(p string) error { return os.Truncate(p, 0) }},
		{"flipped", "digest", func(p string) error { return flipped(p, 100) }},
		{"too large", "larger than", func(p string) error { return os.Truncate(p, sealed.MaxSize+1) }},
		{"huge", "larger than", func(p string) error { return os.Truncate(p, 1<<40) }},
		{"gone", "no such file", os.Remove},
		{"link", "is a symbolic link", func(p string) error { return errors.Join(os.Rename(p, p+"-real"), os.Symlink(p+"-real", p)) }},
		{"directory", "not a regular file", func(p string) error { return errors.Join(os.Remove(p), os.Mkdir(p, 0o700)) }},
		{"fifo", "not a regular file", func(p string) error { return errors.Join(os.Remove(p), unix.Mkfifo(p, 0o600)) }},
		{"device", "not a regular file", func(p string) error {
			return errors.Join(os.Remove(p), unix.Mknod(p, unix.S_IFCHR|0o600, int(unix.Mkdev(1, 5))))
		}},
		{"group may write", "mode 0620", func(p string) error { return os.Chmod(p, 0o620) }},
		{"not root's", "owned by uid 65534", func(p string) error { return os.Chown(p, 65534, 0) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := written(t, simple("bad"))
			if err := c.change(path); err != nil {
				t.Fatal(err)
			}
			f, err := readPolicy(options{policy: path, fd: -1})
			if f != nil || exit.CodeOf(err) != exit.Usage || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "policy "+path+": ") {
				t.Errorf("%v", err)
			}
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("more than a line: %q", err)
			}
		})
	}
}

func appended(path, text string) error {
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	return errors.Join(err, f.Close())
}

func flipped(path string, at int) error {
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	b[at] ^= 1
	return os.WriteFile(path, b, 0o600)
}

func TestSignatures(t *testing.T) {
	needRoot(t)
	public, private, err := ed25519.GenerateKey(bytes.NewReader(make([]byte, 64)))
	if err != nil {
		t.Fatal(err)
	}
	other, _, _ := ed25519.GenerateKey(bytes.NewReader(bytes.Repeat([]byte{1}, 64)))
	dir := t.TempDir()
	for name, key := range map[string]ed25519.PublicKey{"ours": public, "other": other} {
		b, err := sealed.MarshalPublicKey(key, name)
		if err != nil {
			t.Fatal(err)
		}
		os.WriteFile(dir+"/"+name, b, 0o644)
	}
	os.WriteFile(dir+"/empty", nil, 0o644)
	os.WriteFile(dir+"/open", nil, 0o666)
	os.Chmod(dir+"/open", 0o666)
	os.Symlink("ours", dir+"/link")
	b, err := sealed.Encode(simple("signed"), private)
	if err != nil {
		t.Fatal(err)
	}
	os.WriteFile(dir+"/signed", b, 0o600)
	for _, c := range []struct {
		policy, keys string
		ok           bool
	}{
		{dir + "/signed", "ours", true}, {dir + "/signed", "other", false}, {dir + "/signed", "empty", false},
		{dir + "/signed", "gone", false}, {dir + "/signed", "open", false}, {dir + "/signed", "link", false}, {dir + "/signed", ".", false},
		{written(t, simple("unsigned")), "ours", false},
	} {
		_, err := readPolicy(options{policy: c.policy, fd: -1, keys: dir + "/" + c.keys})
		if (err == nil) != c.ok || err != nil && exit.CodeOf(err) != exit.Usage {
			t.Errorf("%s with %s: %v", c.policy, c.keys, err)
		}
	}
}
