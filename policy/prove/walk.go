package prove

import "casemate/policy/filter"

// maxVisits bounds the boxes of one walk and the work between them.
const maxVisits = 1 << 21

// Walk visits the calls of in by what the program says of them: boxes that do not meet,
// that together are in, each with the one verdict on all its calls. The words are taken
// in the order arch, nr, arguments (high word first), ip; values of a word after which
// all goes on alike share a box, and boxes come in the order of their smallest values.
// visit returns false to end the walk. The error is ErrComplex, and then not all was
// visited.
func (p *Program) Walk(in Box, visit func(Box, filter.Action) bool) error {
	d, err := p.diagram()
	if err != nil {
		return err
	}
	return d.walk(in, func(b Box, v uint64) bool { return visit(b, filter.Action(v)) })
}

// Walk visits the calls of in by what the rules say of them, as that of a Program does.
func (d *Declared) Walk(in Box, visit func(Box, filter.Action) bool) error {
	return diagram{space: d.space, root: d.root}.walk(in, func(b Box, v uint64) bool { return visit(b, filter.Action(v)) })
}

// Pair visits the calls of in by what two programs say of them, as Walk does: a is p's
// verdict and b is q's.
func Pair(p, q *Program, in Box, visit func(at Box, a, b filter.Action) bool) error {
	d := diagram{space: newSpace()}
	err := d.space.within(func() {
		f, _ := p.in(d.space)
		g, _ := q.in(d.space)
		d.root = d.space.join(f, g, func(a, b ref) ref { return d.space.leaf(d.space.value(a)<<32 | d.space.value(b)) })
	})
	if err != nil {
		return err
	}
	return d.walk(in, func(at Box, v uint64) bool { return visit(at, filter.Action(v>>32), filter.Action(uint32(v))) })
}

// walker visits the boxes of a diagram.
type walker struct {
	space *space
	in    [Words]ref
	box   Box
	visit func(Box, uint64) bool
	left  int // of maxVisits
	known map[[2]ref][]way
}

// way leads out of a word: the words of set go on at the ref.
type way struct{ to, set ref }

func (d diagram) walk(in Box, visit func(Box, uint64) bool) error {
	if in.Empty() {
		return nil
	}
	w := walker{space: d.space, visit: visit, left: maxVisits, known: map[[2]ref][]way{}}
	for i, s := range in {
		w.in[i] = d.space.take(s)
		w.box[i] = Set{d.space, w.in[i]}
	}
	w.from(0, d.root)
	if w.left < 0 {
		return ErrComplex
	}
	return nil
}

// from visits what is below r, which the words before position i lead to. It is false
// when the walk is over.
func (w *walker) from(i int, r ref) bool {
	if w.left--; w.left < 0 {
		return false
	}
	if !r.isInner() {
		return w.visit(w.box, w.space.leafValue(r))
	}
	word := order[i]
	for _, out := range w.ways(i, r, w.in[word]) {
		w.box[word] = Set{w.space, out.set}
		if !w.from(i+1, out.to) {
			return false
		}
	}
	w.box[word] = Set{w.space, w.in[word]}
	return true
}

func (s *space) leafValue(r ref) uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.value(r)
}

// ways lists where r leads over the word at position i, for the words of set.
func (w *walker) ways(i int, r, set ref) []way {
	w.space.mu.Lock()
	defer w.space.mu.Unlock()
	return w.outOf(32*uint32(i), r, set)
}

// outOf lists the ways out of a word whose highest bit is at level top. Sets have
// their highest bit at level 0.
func (w *walker) outOf(top uint32, r, set ref) []way {
	s := w.space
	if set == no {
		return nil
	}
	if s.level(r) >= top+32 {
		return []way{{r, set}}
	}
	if known, ok := w.known[[2]ref{r, set}]; ok {
		return known
	}
	if w.left < 0 {
		return nil // from ends the walk
	}
	level := min(s.level(r)-top, s.level(set))
	r0, r1 := s.split(r, top+level)
	s0, s1 := s.split(set, level)
	list := w.joined(level, w.outOf(top, r0, s0), w.outOf(top, r1, s1))
	w.known[[2]ref{r, set}] = list
	w.left -= len(list)
	return list
}

// joined is the ways over the bit at level: those where it is 0 and those where it is 1.
func (w *walker) joined(level uint32, low, high []way) []way {
	list := make([]way, 0, len(low)+len(high))
	at := make(map[ref]int, len(low))
	for _, l := range low {
		at[l.to] = len(list)
		list = append(list, way{l.to, w.space.node(level, l.set, no)})
	}
	for _, h := range high {
		if i, ok := at[h.to]; ok {
			list[i].set = w.space.node(level, low[i].set, h.set)
		} else {
			list = append(list, way{h.to, w.space.node(level, no, h.set)})
		}
	}
	return list
}
