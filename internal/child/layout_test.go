package child

import (
	"reflect"
	"testing"

	"golang.org/x/sys/unix"
)

// struct clone_args as include/uapi/linux/sched.h has it; x/sys has no such type.
func TestCloneArgsAreTheKernels(t *testing.T) {
	want := []struct {
		name   string
		offset uintptr
	}{
		{"flags", 0}, {"pidfd", 8}, {"childTID", 16}, {"parentTID", 24}, {"exitSignal", 32}, {"stack", 40},
		{"stackSize", 48}, {"tls", 56}, {"setTID", 64}, {"setTIDSize", 72}, {"cgroup", 80}, {"result", 88},
	}
	args := reflect.TypeFor[cloneArgs]()
	if args.NumField() != len(want) {
		t.Errorf("%d fields", args.NumField())
	}
	for i, w := range want {
		if f := args.Field(i); f.Name != w.name || f.Offset != w.offset {
			t.Errorf("field %d is %s at %d, not %s at %d", i, f.Name, f.Offset, w.name, w.offset)
		}
	}
	if cloneArgsSize != 88 { // CLONE_ARGS_SIZE_VER2
		t.Errorf("the kernel reads %d bytes", cloneArgsSize)
	}
	if sysClone3 != unix.SYS_CLONE3 {
		t.Errorf("clone3 is number %d", sysClone3)
	}
}

// struct sock_fprog as x/sys has it.
func TestFilterHeaderIsTheKernels(t *testing.T) {
	ours, kernels := reflect.TypeFor[filterHeader](), reflect.TypeFor[unix.SockFprog]()
	if ours.Size() != kernels.Size() {
		t.Errorf("%d bytes, not %d", ours.Size(), kernels.Size())
	}
	for _, f := range []struct{ ours, kernels string }{{"length", "Len"}, {"filter", "Filter"}} {
		a, _ := ours.FieldByName(f.ours)
		b, _ := kernels.FieldByName(f.kernels)
		if a.Offset != b.Offset || a.Type.Size() != b.Type.Size() {
			t.Errorf("%s at %d of %d bytes, not at %d of %d", f.ours, a.Offset, a.Type.Size(), b.Offset, b.Type.Size())
		}
	}
	if instructionSize := reflect.TypeFor[unix.SockFilter]().Size(); instructionSize != 8 {
		t.Errorf("an instruction of %d bytes", instructionSize)
	}
}
