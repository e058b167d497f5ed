package vm

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os/exec"
)

// decompressors by the first bytes of what they take. All are Debian packages that
// tests/setup.sh installs.
var decompressors = []struct {
	magic string
	argv  []string
}{
	{"\xfd7zXZ\x00", []string{"xz", "-dc", "--single-stream"}},
	{"\x1f\x8b", []string{"gzip", "-dc"}},
	{"\x28\xb5\x2f\xfd", []string{"zstd", "-dc"}},
	{"\x02\x21\x4c\x18", []string{"lz4", "-dc"}},
	{"\x04\x22\x4d\x18", []string{"lz4", "-dc"}},
}

const elf = "\x7fELF"

// carve takes the kernel's ELF image out of a bzImage, by the fields of its setup
// header (Linux, Documentation/arch/x86/boot.rst). QEMU starts it through its PVH note,
// and the guest need not decompress itself under emulation.
func carve(bzImage []byte) ([]byte, error) {
	if len(bzImage) < 0x260 || string(bzImage[0x202:0x206]) != "HdrS" {
		return nil, errors.New("not a bzImage")
	}
	sectors := int(bzImage[0x1f1])
	if sectors == 0 {
		sectors = 4
	}
	offset := (sectors+1)*512 + int(binary.LittleEndian.Uint32(bzImage[0x248:]))
	length := int(binary.LittleEndian.Uint32(bzImage[0x24c:]))
	if offset < 0 || length < 4 || offset+length > len(bzImage) {
		return nil, errors.New("bzImage: its payload lies outside of it")
	}
	payload := bzImage[offset : offset+length]
	if bytes.HasPrefix(payload, []byte(elf)) {
		return payload, nil
	}
	for _, d := range decompressors {
		if bytes.HasPrefix(payload, []byte(d.magic)) {
			return decompress(d.argv, payload)
		}
	}
	return nil, fmt.Errorf("bzImage: compressed in an unknown way: %x", payload[:4])
}

// decompress ignores the exit status: behind the stream stands its length, which some
// decompressors complain about. What comes out must be a kernel.
func decompress(argv []string, payload []byte) ([]byte, error) {
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Stdin = bytes.NewReader(payload)
	out, err := cmd.Output()
	if !bytes.HasPrefix(out, []byte(elf)) {
		return nil, fmt.Errorf("%s: no ELF came out: %w", argv[0], err)
	}
	return out, nil
}
