package filter

import (
	"slices"
	"strings"
	"sync"
)

// constant is a symbolic value. Its values may differ between architectures: the
// O_* of arm64 are not those of amd64.
type constant struct {
	name  string
	on    uint8 // bit n: arches[n] has it
	value [len(arches)]int64
}

const (
	onAMD64 = 1 << iota
	onARM64
	onBoth = onAMD64 | onARM64
)

var constantTable = sync.OnceValue(func() map[string]constant {
	t := make(map[string]constant, len(generatedConstants)+len(writtenConstants))
	for _, c := range slices.Concat(generatedConstants[:], writtenConstants[:]) {
		t[c.name] = c
	}
	return t
})

var constantNames = sync.OnceValue(func() []string {
	names := []string{namespaceGroup}
	for name := range constantTable() {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
})

// namespaceGroup stands for every flag that asks for a new namespace: the one
// question that policies put to clone(2) and unshare(2).
const namespaceGroup = "@CLONE_NEW"

// lookup gives a constant or group by name.
func lookup(name string) (constant, bool) {
	if name != namespaceGroup {
		c, ok := constantTable()[name]
		return c, ok
	}
	group := constant{name: name, on: onBoth}
	for _, c := range generatedConstants {
		if !strings.HasPrefix(c.name, "CLONE_NEW") {
			continue
		}
		for i, v := range c.value {
			group.value[i] |= v
		}
	}
	return group, true
}

// Constant is a symbolic value on one architecture.
type Constant struct {
	Name  string
	Value uint64
}

// Constants lists those of arch whose names begin with a prefix, in the order of the
// table, to name values with.
func Constants(arch Arch, prefix string) []Constant {
	var found []Constant
	for _, c := range slices.Concat(writtenConstants[:], generatedConstants[:]) {
		if i := arch.column(); i >= 0 && c.on>>i&1 != 0 && strings.HasPrefix(c.name, prefix) {
			found = append(found, Constant{c.name, uint64(c.value[i])})
		}
	}
	return found
}

// ConstantValue gives the value of a constant on arch, those that the headers write negative
// sign-extended; false where the headers of arch do not have it.
func ConstantValue(arch Arch, name string) (uint64, bool) {
	c, ok := lookup(name)
	i := arch.column()
	if !ok || i < 0 || c.on>>i&1 == 0 {
		return 0, false
	}
	return uint64(c.value[i]), true
}
