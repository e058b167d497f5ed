package tests

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// A shim that is killed at any moment of a launch leaves no device, or one that recover
// removes by its record.
func TestRootImageVerityKilledAnywhere(t *testing.T) {
	needLoop(t)
	image := rootImage(t, "erofs")
	text := inImage("killed", image, "")
	if _, err := os.Stat("/dev/mapper/control"); err == nil { // without it this is a test of loop devices
		text = inImage("killed", image, verified(t, image))
	}
	sealed := sleeping(t, text)
	start := time.Now()
	p := running(t, sealed)
	p.until(t, "ready")
	whole := time.Since(start)
	p.signal(t, unix.SIGKILL)
	p.wait(t)
	moments := 24
	if testing.Short() { // each takes its seconds in an emulated machine
		moments = 4
	}
	for n := range moments {
		p := running(t, sealed)
		time.Sleep(whole * time.Duration(n) / time.Duration(moments))
		p.signal(t, unix.SIGKILL)
		p.wait(t)
		command(t, filepath.Join(bin, "casemate-shim"), "recover", "killed").expect(t, 0)
		noDevices(t, image)
	}
}

// verified makes the hash tree of an image and gives the lines of the policy.
func verified(t *testing.T, image string) string {
	t.Helper()
	var out []byte
	if ready := os.Getenv(imageEnv); ready != "" {
		kind := strings.TrimPrefix(filepath.Ext(image), ".")
		writeFile(t, image+".verity", readFile(t, filepath.Join(ready, "root."+kind+".verity")))
		out = []byte(readFile(t, filepath.Join(ready, "root."+kind+".hash")))
	} else {
		if _, err := exec.LookPath("veritysetup"); err != nil {
			t.Skip("needs cryptsetup-bin: ", err)
		}
		made, err := exec.Command("veritysetup", "format", image, image+".verity").CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %s", err, made)
		}
		_, rest, _ := strings.Cut(string(made), "Root hash:")
		out = []byte(strings.Fields(rest)[0])
	}
	return fmt.Sprintf("verity = %q\nroot_hash = %q\n", image+".verity", strings.TrimSpace(string(out)))
}

// needVerity skips where the kernel has none.
func needVerity(t *testing.T) {
	t.Helper()
	needLoop(t)
	if _, err := os.Stat("/dev/mapper/control"); err != nil {
		t.Skip("needs device mapper: ", err)
	}
}

// A host without device mapper starts nothing, rather than an image that nobody verifies.
func TestRootImageVerityLacking(t *testing.T) {
	needLoop(t)
	if _, err := os.Stat("/dev/mapper/control"); err == nil {
		t.Skip("needs a kernel without device mapper")
	}
	image := rootImage(t, "erofs")
	launch(t, compiled(t, inImage("lacking", image, verified(t, image)))).expect(t, 247, "/dev/mapper/control", "CONFIG_DM_VERITY")
	noLoops(t, image)
}

func TestRootImageVerity(t *testing.T) {
	needVerity(t)
	for _, kind := range []string{"erofs", "squashfs"} {
		t.Run(kind, func(t *testing.T) {
			image := rootImage(t, kind)
			text := inImage("verity", image, verified(t, image))
			sleeps := sleeping(t, text)
			decoded(t, launch(t, compiled(t, text), "--", "read:/app/data")).attempts(t, "ok", "read:/app/data")
			noDevices(t, image)
			p := running(t, sleeps)
			p.until(t, "ready")
			if got := mapped(t); len(got) != 1 || len(loops(t, image)) != 2 {
				t.Errorf("devices: %q, %q", got, loops(t, image))
			}
			p.signal(t, unix.SIGTERM)
			p.wait(t)
			noDevices(t, image)
			p = running(t, sleeps)
			p.until(t, "ready")
			p.signal(t, unix.SIGKILL)
			p.wait(t)
			noDevices(t, image)
			command(t, filepath.Join(bin, "casemate-shim"), "recover", "verity").expect(t, 0)
		})
	}
}

// Whatever was changed, nothing of it is run or read.
func TestRootImageVerityTampered(t *testing.T) {
	needVerity(t)
	image := rootImage(t, "erofs")
	lines := verified(t, image)
	good, tree := readFile(t, image), readFile(t, image+".verity")
	flip := func(s string, at int) string { return s[:at] + string([]byte{s[at] ^ 1}) + s[at+1:] }
	data, sealed := strings.Index(good, "verified verified "), compiled(t, inImage("tampered", image, lines))
	if data < 0 {
		t.Fatal("the file is not in the image as it is")
	}
	for _, c := range []struct {
		name, image, tree, lines string
		code                     int
		says                     string
	}{
		{"superblock", flip(good, 1024+60), tree, lines, 248, "mount erofs from /dev/dm-"},
		{"root of the tree", good, flip(tree, 4096+5), lines, 248, "mount erofs from /dev/dm-"},
		{"salt", good, flip(tree, 88), lines, 248, "mount erofs from /dev/dm-"},
		{"another hash", good, tree, anotherHash(lines), 248, "mount erofs from /dev/dm-"},
		{"number of blocks", good, flip(tree, 72), lines, 248, "blocks of data"},
		{"tree cut off", good, tree[:len(tree)-4096], lines, 248, "a tree over"},
		{"no tree", good, strings.Repeat("\x00", 8192), lines, 248, "no superblock of dm-verity"},
		{"image cut off", good[:len(good)-4096], tree, lines, 248, "it is cut off"},
		{"longer image", good + strings.Repeat("\x00", 4096), tree, lines, 248, "blocks of data"},
		{"a file", flip(good, data+10), tree, lines, 0, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			writeFile(t, image, c.image)
			writeFile(t, image+".verity", c.tree)
			policy := sealed
			if c.lines != lines {
				policy = compiled(t, inImage("tampered", image, c.lines))
			}
			r := launch(t, policy, "--", "read:/app/data")
			r.expect(t, c.code, c.says)
			if c.code == 0 {
				decoded(t, r).attempts(t, "EIO", "read:/app/data")
			}
			noDevices(t, image)
		})
	}
}

// anotherHash changes the first digit of the root hash.
func anotherHash(lines string) string {
	at := strings.Index(lines, `root_hash = "`) + len(`root_hash = "`)
	digit := "a"
	if lines[at] == 'a' {
		digit = "b"
	}
	return lines[:at] + digit + lines[at+1:]
}

// A device that a shim killed at the worst moment has left is removed by its record.
func TestRootImageVerityRecovered(t *testing.T) {
	needVerity(t)
	const name = "casemate-leftover-0123456789abcdef"
	if err := mapper(unix.DM_DEV_CREATE, name); err != nil {
		t.Fatal(err)
	}
	state := "/run/casemate/leftover"
	if err := errors.Join(os.MkdirAll(state, 0o700), os.Symlink(name, state+"/verity")); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(state) })
	if err := mapper(unix.DM_DEV_STATUS, name); err != nil {
		t.Fatal(err)
	}
	r := command(t, filepath.Join(bin, "casemate-shim"), "recover", "leftover")
	if r.expect(t, 0); !strings.Contains(r.stdout, "leftover: removed its state") {
		t.Error(r)
	}
	if err := mapper(unix.DM_DEV_STATUS, name); !errors.Is(err, unix.ENXIO) {
		t.Errorf("the device is still there: %v", err)
	}
	// A record of another's device is not followed.
	if err := errors.Join(os.MkdirAll(state, 0o700), os.Symlink("casemate-other-0123456789abcdef", state+"/verity")); err != nil {
		t.Fatal(err)
	}
	command(t, filepath.Join(bin, "casemate-shim"), "recover", "leftover").expect(t, 248, "no device of the service's")
}

// mapped lists the devices of device mapper on this machine.
func mapped(t *testing.T) (names []string) {
	t.Helper()
	files, _ := filepath.Glob("/sys/block/dm-*/dm/name")
	for _, f := range files {
		if b, err := os.ReadFile(f); err == nil {
			names = append(names, strings.TrimSpace(string(b)))
		}
	}
	return names
}

func noDevices(t *testing.T, image string) {
	t.Helper()
	noLoops(t, image)
	for end := time.Now().Add(patience); mapped(t) != nil; time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("left behind: %q", mapped(t))
		}
	}
}
