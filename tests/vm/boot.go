package vm

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"syscall"
	"time"
)

// machine is one boot.
type machine struct {
	kernel      kernel
	initrd      []byte
	cmdline     string   // beside what every boot has
	args        []string // beside the same
	memory      string   // MiB
	cpus        string
	limit       time.Duration
	accelerator string
	disks       []disk         // /dev/vda and so on
	shell       bool           // a terminal of the guest's, and no limit
	spent       *time.Duration // filled in: processor time of the emulator
}

// transcript is what the guest wrote to its serial line.
type transcript string

var (
	bootLine = regexp.MustCompile(`(?m)^VM-BOOT up (\S+) lsm (\S*)`)
	endLine  = regexp.MustCompile(`(?m)^VM-END (\w+)`)
)

// lsm lists the active security modules, "" when the guest did not get so far.
func (t transcript) lsm() string {
	if m := bootLine.FindStringSubmatch(string(t)); m != nil {
		return m[2]
	}
	return ""
}

// ended: the closing line is there and says that every command succeeded.
func (t transcript) ended() bool {
	m := endLine.FindStringSubmatch(string(t))
	return m != nil && m[1] == "true"
}

// closed: the closing line is there.
func (t transcript) closed() bool { return endLine.MatchString(string(t)) }

// boot starts the machine and waits for its end. The error is about the machine; what
// happened in it is in the transcript, which is complete as far as it goes in any case.
func (m machine) boot() (transcript, error) { return m.run(context.Background(), nil) }

// run is boot that a context ends early, and that copies the serial line to watch.
func (m machine) run(ctx context.Context, watch io.Writer) (transcript, error) {
	dir, err := os.MkdirTemp("", "casemate-vm-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(dir)
	initrd := filepath.Join(dir, "initrd")
	if err := os.WriteFile(initrd, m.initrd, 0o600); err != nil {
		return "", err
	}
	if !m.shell {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, m.limit)
		defer cancel()
	}
	arguments := m.arguments(initrd)
	for n, d := range m.disks {
		more, err := d.attach(n, dir)
		if err != nil {
			return "", err
		}
		arguments = append(arguments, more...)
	}
	cmd := exec.CommandContext(ctx, "qemu-system-x86_64", arguments...)
	var serial bytes.Buffer
	cmd.Stdout, cmd.Stderr = &serial, &serial
	if m.shell {
		cmd.Stdin, watch = os.Stdin, os.Stdout
	}
	if watch != nil {
		both := io.MultiWriter(watch, &serial)
		cmd.Stdout, cmd.Stderr = both, both
	}
	// A test program that is killed takes its machines along. The signal comes with the end
	// of the thread, which so must be this goroutine's.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	err = cmd.Run()
	if m.spent != nil && cmd.ProcessState != nil {
		*m.spent = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	}
	t := transcript(strings.ReplaceAll(serial.String(), "\r\n", "\n"))
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return t, fmt.Errorf("the machine ran longer than %s", m.limit)
	}
	if err != nil {
		return t, fmt.Errorf("qemu-system-x86_64: %w", err)
	}
	return t, nil
}

// What emulation need not do: a page table of five levels; clearing what is allocated, which
// hardware does in no time; reading an emulated timer for each look at the clock, since the
// processor's own counter is the emulator's one clock; setting the timer for each of the
// shortest sleeps of Go's runtime, which end with the next tick so (4 ms). A third less in all.
const cheaper = " init_on_alloc=0 tsc=reliable highres=off "

func (m machine) arguments(initrd string) []string {
	return append([]string{
		"-nodefaults", "-no-user-config", "-display", "none", "-serial", "stdio", "-no-reboot",
		"-machine", "pc", "-accel", m.accelerator, "-cpu", "max,-erms,-la57", "-m", m.memory, "-smp", m.cpus,
		"-kernel", m.kernel.image(), "-initrd", initrd,
		"-append", strings.TrimSpace("console=ttyS0 panic=-1 quiet no_timer_check" + cheaper + m.cmdline),
	}, m.args...)
}
