// Command guest is /init of the virtual machines that tests run in: it mounts what a
// service manager would have mounted, loads modules, runs the commands of /rung.json one
// after the other and switches the machine off. Its last line is what the host waits for:
// without it a run has failed.
//
// It imports x/sys/unix and nothing of ours.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"

	"golang.org/x/sys/unix"
)

// rung is what the host wants; tests/vm writes it.
type rung struct {
	Modules  []string    // files, in the order of loading
	Commands [][]string  // with their arguments
	Env      []string    // of the commands
	Mounts   []string    // after the modules, "ext4 /dev/vda /disk"
	Policy   string      // an SELinux policy to load; "" for none
	Labels   [][2]string // files and the contexts that they get then, with what is below
	Root     string      // a device to switch to, with its file system, "erofs /dev/vda"; "" to stay
	Init     string      // executed there in place of the commands
}

func main() {
	err := work()
	if err != nil {
		fmt.Println("VM-ERROR", err)
	}
	fmt.Println("VM-END", err == nil)
	unix.Sync()
	unix.Reboot(unix.LINUX_REBOOT_CMD_POWER_OFF)
}

func work() error {
	var r rung
	b, err := os.ReadFile("/rung.json")
	if err == nil {
		err = json.Unmarshal(b, &r)
	}
	if err != nil {
		return err
	}
	if err := prepare(r); err != nil {
		return err
	}
	up, _ := os.ReadFile("/proc/uptime") // for people; an empty one does no harm
	lsm, err := os.ReadFile("/sys/kernel/security/lsm")
	fmt.Printf("VM-BOOT up %s lsm %s %v\n", strings.Fields(string(up) + " ?")[0], lsm, err)
	if err := everyDenial(); err != nil {
		return err
	}
	if err := commands(r); err != nil {
		return errors.Join(err, denials())
	}
	if r.Root != "" {
		return switchRoot(r)
	}
	return denials()
}

func commands(r rung) error {
	var failed []error // the others run in any case
	for i, argv := range r.Commands {
		cmd := exec.Command(argv[0], argv[1:]...)
		cmd.Stdout, cmd.Stderr = os.Stdout, os.Stdout
		cmd.Stdin = os.Stdin
		cmd.Env = append([]string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "TERM=dumb"}, r.Env...)
		err := cmd.Run()
		fmt.Printf("VM-COMMAND %d %s: %v\n", i, argv[0], err)
		if err != nil {
			failed = append(failed, fmt.Errorf("%s: %w", argv[0], err))
		}
	}
	return errors.Join(failed...)
}
