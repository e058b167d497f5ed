package vm

import (
	"context"
	"errors"
	"fmt"
	"math/rand"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"
)

// outages is how often the power fails.
const outages = 6

// A machine whose state directory is on a disk loses its power at random moments while services
// start and stop. The next boot cleans up, reads what was kept or does without it, and starts
// every service. The machine is QEMU, killed: what the guest has not written is gone. R27.
func TestPowerLossR27(t *testing.T) {
	need(t)
	k, err := fetchKernel()
	if err != nil {
		t.Fatal(err)
	}
	state := filepath.Join(t.TempDir(), "disk")
	if err := emptyExt4(state); err != nil {
		t.Fatal(err)
	}
	i, err := powerImage(k)
	if err != nil {
		t.Fatal(err)
	}
	var found int
	for n := range outages + 1 {
		how := []string{"sync", "sync", "async"}[n%3]
		last := n == outages
		if last {
			how = "last"
		}
		log := boots(t, i, state, how)
		show(t, log)
		m := regexp.MustCompile(`(?m)^R27 found (\d+) kept (\d+) lost (\d+)$`).FindStringSubmatch(log)
		if m == nil || last && !transcript(log).ended() {
			t.Fatalf("boot %d:\n%s", n, log)
		}
		t.Logf("boot %d: %s", n, m[0])
		if m[1] != "0" {
			found++
		}
	}
	// Most of the time a service has a state directory.
	if found < outages/3 {
		t.Errorf("in %d outages %d times a service had begun", outages, found)
	}
}

// boots boots the machine and takes its power away a moment after it has begun to start and
// stop services; the last boot ends by itself.
func boots(t *testing.T, i *image, state, how string) string {
	t.Helper()
	i.guest.Commands = [][]string{{"/bin/sh", "/casemate/power.sh", how}}
	initrd, err := i.bytes()
	if err != nil {
		t.Fatal(err)
	}
	which, err := accelerator(i.kernel)
	if err != nil {
		t.Fatal(err)
	}
	m := machine{kernel: i.kernel, initrd: initrd, cmdline: "security=none apparmor=0 selinux=0", memory: "512", cpus: "1", limit: 2 * time.Minute, accelerator: which,
		disks: []disk{{make: func(path string) error { return os.Symlink(state, path) }}}}
	ctx, off := context.WithCancel(context.Background())
	defer off()
	var s serial
	if how != "last" {
		go func() {
			if s.until(ctx, "R27 GOES ON") == nil {
				time.Sleep(time.Duration(rand.Int63n(int64(2 * time.Second))))
			}
			off()
		}()
	}
	log, err := m.run(ctx, &s)
	if err != nil && ctx.Err() == nil || errors.Is(ctx.Err(), context.DeadlineExceeded) {
		t.Fatalf("%v\n%s", err, log)
	}
	return string(log)
}

// powerImage has the programs, three services and the script.
func powerImage(k kernel) (*image, error) {
	i, err := newImage(k, []string{"virtio_pci", "virtio_blk", "ext4"})
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "casemate-vm-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	for out, pkg := range map[string]string{"bin/casemate-shim": "casemate/shim", "bin/casemate-init": "casemate/init", "bin/app/probe": "casemate/tests/probe"} {
		if err := buildStatic(filepath.Join(dir, out), pkg); err != nil {
			return nil, err
		}
	}
	if err := i.tree(filepath.Join(dir, "bin"), "casemate/bin"); err != nil {
		return nil, err
	}
	for n := 1; n <= 3; n++ {
		name := fmt.Sprintf("power%d", n)
		text := fmt.Sprintf("policy = 1\nservice = %q\nextends = [\"base/batch\"]\n[exec]\nargv = [\"/app/probe\"]\n"+
			"[mounts]\nbind = [{ from = \"/casemate/bin/app\", at = \"/app\", exec = true }]\n[cgroup]\npids.max = 32\n", name)
		policy, sealed := filepath.Join(dir, name+".toml"), filepath.Join(dir, name+".sealed")
		if err := os.WriteFile(policy, []byte(text), 0o644); err != nil {
			return nil, err
		}
		if _, err := run("", "go", "run", "casemate/policy", "compile", "-o", sealed, policy); err != nil {
			return nil, err
		}
		if err := i.copy(sealed, "casemate/"+name+".sealed"); err != nil {
			return nil, err
		}
	}
	script, err := os.ReadFile("testdata/power.sh")
	if err != nil {
		return nil, err
	}
	i.file("casemate/power.sh", script)
	i.dir("disk", 0o755)
	i.guest.Mounts = []string{"ext4 /dev/vda /disk"}
	return i, nil
}
