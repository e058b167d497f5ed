package vm

import (
	"cmp"
	"maps"
	"os"
	"path/filepath"
	"sync"
)

// rooms are the packages whose own tests ask the kernel, and so run in machines too, by
// their names below the module: all in the one of control groups, since the host may have
// no controller of version 2, and its kernel is another.
var rooms = []string{
	"internal/child", "internal/facts", "internal/holder", "internal/image", "internal/inherit", "internal/nofile",
	"internal/orders", "internal/prepare", "internal/sys", "internal/verify",
	"init", "shim", "shim/supervise",
}

// confining are those for which it matters who else confines: they launch, read labels, or
// open, mount and signal what a security module guards.
var confining = []string{"internal/facts", "internal/holder", "internal/prepare", "internal/verify", "shim"}

// roomless are the other packages with tests, and why theirs run on the host alone; "policy"
// stands for what lies below it, too.
var roomless = map[string]string{
	"apparmor": pure, "selinux": pure, "fuzz": pure, "internal/caps": pure, "internal/cgroup": pure, "internal/exit": pure,
	"internal/gate": pure, "internal/landlock": pure, "internal/launch": pure, "internal/mount": pure, "internal/network": pure,
	"internal/notify": pure, "internal/plan": pure, "internal/process": pure, "internal/render": pure, "internal/seccomp": pure,
	"internal/sealed": pure, "internal/wire": pure,
	"policy": "is of the image's build; policy/seccomp, which asks this kernel too, is linked with libseccomp",

	"tests":       "runs in the machines by its patterns",
	"tests/arena": pure, "tests/bench": "builds and measures", "tests/bench-filter": "builds and measures", "tests/bench-init": "builds and measures",
	"tests/lab": "builds", "tests/probe": "is about the probe alone",
	"tests/faults": "follows every call of many launches: minutes, under emulation hours", "tests/races": "the same",
	"tests/trace": "is about the tracer, and this host's shell below it", "tests/systemd": "runs in the machines with systemd", "tests/vm": "makes the machines",
}

const pure = "asks no kernel"

// notThere are the tests of rooms that do not run in the machines, and why.
var notThere = []struct{ room, test, why string }{
	{"internal/image", "TestTreeOfVeritysetup", "needs veritysetup, whose trees the tests of root images have"},
	{"internal/verify", "TestSchemaKnowsEveryWord", "reads docs"},
	{"internal/verify", "TestSchemaOfReceipts", "reads docs"},
	{"init", "TestBesidePeers", "is about other inits as much"},
	{"init", "TestOrphansBesidePeers", "is about other inits as much"},
	{"init", "TestParentDeathBesidePeers", "is about other inits as much"},
	{"init", "TestPauseBesidePeers", "is about other inits as much"},
	{"init", "TestInheritedSignalsBesidePeers", "is about other inits as much"},
}

// roomMark is the line before what the test program of a room says.
const roomMark = "VM-ROOM "

// eachRoom runs the test programs of rooms, those after one that fails too.
// Where there is a disk, files lie on it, of which every kernel can map the ids: tmpfs can
// since Linux 6.3.
const eachRoom = `pattern=$1 failed=0; shift
[ -d /disk ] && export TMPDIR=/disk
while [ $# -gt 0 ]; do
	echo "` + roomMark + `$1"
	(cd "/casemate/$1" && exec ./room.test -test.v -test.short -test.timeout=1h "-test.run=$pattern" "-test.skip=$2") || failed=1
	shift 2
done
exit $failed`

// rooms has the tests of rooms run in the machine: all, unless others are asked for.
func (i *image) rooms(names []string) error {
	files, err := furnished()
	if err != nil {
		return err
	}
	command := []string{"/bin/sh", "-c", eachRoom, "sh", cmp.Or(os.Getenv(others), ".")}
	for _, name := range names {
		maps.Copy(i.archive, files[name])
		command = append(command, name, skipped(name))
	}
	i.guest.Commands = append(i.guest.Commands, command)
	return nil
}

// skipped is a pattern of the table.
func skipped(room string) string {
	var names []string
	for _, n := range notThere {
		if n.room == room {
			names = append(names, n.test)
		}
	}
	return anyOf(names)
}

// furnished are the test programs of all rooms, with their data, built once.
var furnished = sync.OnceValues(func() (map[string]archive, error) {
	dir, err := os.MkdirTemp("", "casemate-vm-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	tests, err := directory()
	if err != nil {
		return nil, err
	}
	packages := make([]string, len(rooms))
	for n, name := range rooms {
		packages[n] = "casemate/" + name
	}
	build := append([]string{"CGO_ENABLED=0", "go", "test", "-c", "-ldflags", "-s -w", "-o", dir + "/"}, packages...)
	if _, err := run("", "env", build...); err != nil {
		return nil, err
	}
	files := map[string]archive{}
	for _, name := range rooms {
		i := image{archive: archive{}}
		if err := i.copy(filepath.Join(dir, filepath.Base(name)+".test"), "casemate/"+name+"/room.test"); err != nil {
			return nil, err
		}
		if data := filepath.Join(tests, "..", name, "testdata"); exists(data) {
			if err := i.tree(data, "casemate/"+name+"/testdata"); err != nil {
				return nil, err
			}
		}
		files[name] = i.archive
	}
	return files, nil
})
