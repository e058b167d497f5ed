package filter

import (
	"crypto/sha256"
	"encoding/binary"
	"maps"
	"slices"
	"sync"
)

// numbered is one row of a generated system call table.
type numbered struct {
	nr   int
	name string
}

// table is one architecture's system calls, both ways.
type table struct {
	byName map[string]int
	byNr   map[int]string
	nrs    []int // ascending
}

var tables = sync.OnceValue(func() map[Arch]*table {
	return map[Arch]*table{AMD64: newTable(amd64Syscalls[:]), ARM64: newTable(arm64Syscalls[:])}
})

func newTable(rows []numbered) *table {
	t := &table{make(map[string]int, len(rows)), make(map[int]string, len(rows)), nil}
	for _, r := range rows {
		t.byName[r.name] = r.nr
		t.byNr[r.nr] = r.name
	}
	t.nrs = slices.Sorted(maps.Keys(t.byNr))
	return t
}

// Number gives the number of a system call on arch.
func Number(arch Arch, name string) (int, bool) {
	t := tables()[arch]
	if t == nil {
		return 0, false
	}
	nr, ok := t.byName[name]
	return nr, ok
}

// Name gives the name of a system call number on arch.
func Name(arch Arch, nr int) (string, bool) {
	t := tables()[arch]
	if t == nil {
		return "", false
	}
	name, ok := t.byNr[nr]
	return name, ok
}

// Known reports whether any architecture has a system call of this name.
func Known(name string) bool {
	for _, arch := range arches {
		if _, ok := Number(arch, name); ok {
			return true
		}
	}
	return false
}

// Names lists the system calls of all architectures, ascending.
func Names() []string {
	all := make(map[string]bool)
	for _, t := range tables() {
		for name := range t.byName {
			all[name] = true
		}
	}
	return slices.Sorted(maps.Keys(all))
}

// TableDigest is a SHA-256 over everything that the meaning of a policy's names
// rests on: the numbers, the constants and the prototypes.
func TableDigest() [32]byte {
	h := sha256.New()
	text := func(s string) {
		h.Write(binary.LittleEndian.AppendUint64(nil, uint64(len(s))))
		h.Write([]byte(s))
	}
	number := func(v int64) { h.Write(binary.LittleEndian.AppendUint64(nil, uint64(v))) }

	text(TableVersion)
	for _, arch := range arches {
		text(string(arch))
		for _, nr := range tables()[arch].nrs {
			number(int64(nr))
			text(tables()[arch].byNr[nr])
		}
	}
	for _, c := range slices.Concat(generatedConstants[:], writtenConstants[:]) {
		text(c.name)
		number(int64(c.on))
		for _, v := range c.value {
			number(v)
		}
	}
	text(prototypeText)
	return [32]byte(h.Sum(nil))
}

// Numbers lists the numbers of the system calls of arch, ascending. The list belongs to the table and
// must not be changed.
func Numbers(arch Arch) []int {
	if t := tables()[arch]; t != nil {
		return t.nrs
	}
	return nil
}
