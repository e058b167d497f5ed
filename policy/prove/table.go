package prove

// triple is a key of a table, never all zero.
type triple [3]uint32

// table finds a ref by a triple: an open hash table, which holds what a proof's time
// goes into. Go's map takes three times as long.
type table struct {
	keys   []triple // a power of two of them; all zero where there is none
	values []ref
	used   int
}

func newTable(size int) table { return table{make([]triple, size), make([]ref, size), 0} }

// slot is where k is, or would be.
func (t *table) slot(k triple) int {
	h := (uint64(k[0])<<32|uint64(k[1]))*0x9e3779b97f4a7c15 + uint64(k[2])*0xc2b2ae3d27d4eb4f
	h = (h ^ h>>32) * 0xd6e8feb86659fd93
	mask := len(t.keys) - 1
	i := int(h>>32) & mask
	for t.keys[i] != k && t.keys[i] != (triple{}) {
		i = (i + 1) & mask
	}
	return i
}

func (t *table) get(k triple) (ref, bool) {
	i := t.slot(k)
	return t.values[i], t.keys[i] == k
}

func (t *table) put(k triple, v ref) {
	if 2*t.used >= len(t.keys) {
		t.grow()
	}
	i := t.slot(k)
	if t.keys[i] != k {
		t.used++
	}
	t.keys[i], t.values[i] = k, v
}

// grow is quick while the table is small, and frugal later.
func (t *table) grow() {
	old, size := *t, 2*len(t.keys)
	if size <= 1<<14 {
		size *= 2
	}
	*t = newTable(size)
	for i, k := range old.keys {
		if k != (triple{}) {
			t.put(k, old.values[i])
		}
	}
}
