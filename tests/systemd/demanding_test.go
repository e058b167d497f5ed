package systemd

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// startsAsDeclared starts a service and gives the directory of its init in /proc.
func startsAsDeclared(t *testing.T, service string) string {
	t.Helper()
	started(t, service)
	says(t, unit(service), "ready")
	return "/proc/" + initOf(t, unit(service), service)
}

// startsNot: without its drop-in the service says what it lacks, is not tried again and leaves
// nothing.
func startsNot(t *testing.T, service, status, lack string) {
	t.Helper()
	if systemctl(t, "start", unit(service)) {
		t.Errorf("%s has started", service)
	}
	says(t, unit(service), lack)
	wants(t, unit(service), map[string]string{"ActiveState": "failed", "ExecMainStatus": status, "NRestarts": "0"})
	nothingLeft(t, service)
}

// A root image with a root hash, from a shim in its profile and with the devices of image.conf.
func TestUnitWithAnImage(t *testing.T) {
	needSystemd(t)
	init := startsAsDeclared(t, "pictured")
	mounts := text(init + "/mountinfo")
	if first, _, _ := strings.Cut(mounts, "\n"); !strings.Contains(first, " / / ro,nosuid,nodev") || !strings.Contains(first, " - erofs /dev/dm-") {
		t.Errorf("its root is %s", first)
	}
	if label := text(init + "/attr/apparmor/current"); label != "casemate-pictured//&casemate-shim (enforce)" {
		t.Errorf("its label is %q", label)
	}
	startsNot(t, "pictured-bare", "247", "/dev/mapper/control: operation not permitted: the shim has no access")
}

// A map with id 0 of the host, with CAP_SETFCAP; the time namespace in it takes nothing.
func TestUnitWithAUserNamespace(t *testing.T) {
	needSystemd(t)
	init := startsAsDeclared(t, "mapped")
	if got := strings.Fields(text(init + "/uid_map")); strings.Join(got, " ") != "0 0 1" {
		t.Errorf("its map is %q", got)
	}
	laterByAnHour(t, init)
	startsNot(t, "mapped-bare", "247", "CAP_SETFCAP")
}

// A time namespace alone, with time.conf.
func TestUnitWithATimeNamespace(t *testing.T) {
	needSystemd(t)
	laterByAnHour(t, startsAsDeclared(t, "later"))
	startsNot(t, "later-bare", "247", "CAP_SYS_TIME")
}

func laterByAnHour(t *testing.T, init string) {
	t.Helper()
	if got := strings.Fields(text(init + "/timens_offsets")); strings.Join(got, " ") != "monotonic 0 0 boottime 3600 0" {
		t.Errorf("its offsets are %q", got)
	}
}

// A network that somebody else has made, from a shim in its profile and behind ProtectSystem=.
func TestUnitWithAJoinedNetwork(t *testing.T) {
	needSystemd(t)
	const path = "/run/netns/test"
	if err := errors.Join(os.MkdirAll("/run/netns", 0o755), os.WriteFile(path, nil, 0o444)); err != nil {
		t.Fatal(err)
	}
	done := make(chan error)
	go func() { // on a thread that ends with it
		runtime.LockOSThread()
		err := unix.Unshare(unix.CLONE_NEWNET)
		if err == nil {
			err = unix.Mount("/proc/thread-self/ns/net", path, "", unix.MS_BIND, "")
		}
		done <- err
	}()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Unmount(path, unix.MNT_DETACH) })
	var st unix.Stat_t
	if err := unix.Stat(path, &st); err != nil {
		t.Fatal(err)
	}
	if link, err := os.Readlink(startsAsDeclared(t, "joined") + "/ns/net"); link != fmt.Sprintf("net:[%d]", st.Ino) {
		t.Errorf("it is in %s, not %d: %v", link, st.Ino, err)
	}
}
