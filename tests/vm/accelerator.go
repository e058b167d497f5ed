package vm

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// trial is what the smallest guest gets to boot under KVM. Hardware needs a second.
const trial = 6 * time.Second

// accelerator is KVM where it is usable, else emulation. Neither the device node nor a
// successful KVM_CREATE_VM is proof: on hosts that are virtual themselves, guests have
// been seen to hang in their first instructions. So a guest is booted, once for each boot
// of the host; the answer is kept beside the kernels.
func accelerator(k kernel) (string, error) {
	if _, err := os.Stat("/dev/kvm"); err != nil {
		return "tcg", nil
	}
	id, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return "", err
	}
	dir, err := cache()
	if err != nil {
		return "", err
	}
	known := filepath.Join(dir, "accelerator-"+strings.TrimSpace(string(id)))
	if b, err := os.ReadFile(known); err == nil {
		return string(b), nil
	}
	which, err := try(k)
	if err != nil {
		return "", err
	}
	old, _ := filepath.Glob(filepath.Join(dir, "accelerator-*"))
	for _, o := range old {
		os.Remove(o) // of boots that are over
	}
	return which, os.WriteFile(known, []byte(which), 0o644)
}

// try boots a guest that says it is there and switches itself off.
func try(k kernel) (string, error) {
	i := &image{archive: archive{}}
	init, err := buildGuest()
	if err != nil {
		return "", err
	}
	i.executable("init", init) // it will miss its orders, say so, and end
	for _, d := range []string{"proc", "sys", "dev"} {
		i.dir(d, 0o755)
	}
	var initrd bytes.Buffer
	if err := i.write(&initrd); err != nil {
		return "", err
	}
	file, err := os.CreateTemp("", "casemate-vm-")
	if err != nil {
		return "", err
	}
	defer os.Remove(file.Name())
	if _, err := file.Write(initrd.Bytes()); err != nil {
		return "", err
	}
	if err := file.Close(); err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(context.Background(), trial)
	defer cancel()
	m := machine{kernel: k, memory: "256", cpus: "1", accelerator: "kvm"}
	out, err := exec.CommandContext(ctx, "qemu-system-x86_64", m.arguments(file.Name())...).CombinedOutput()
	if err == nil && bytes.Contains(out, []byte("VM-END")) {
		return "kvm", nil
	}
	fmt.Fprintf(os.Stderr, "vm: KVM is there and not usable (%v); emulating\n", err)
	return "tcg", nil
}
