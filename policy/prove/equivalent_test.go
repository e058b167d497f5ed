package prove_test

import (
	"encoding/binary"
	"math/bits"
	"slices"
	"testing"

	"casemate/policy/filter"
	"casemate/policy/filtertest"
	"casemate/policy/replay"
)

// Whether two programs are the same function, by trying: every call that either of them
// can tell from another, in the machine of golang.org/x/net. It shares nothing with the
// prover, which it is there to judge, and is thousands of times slower.

// op is a decoded struct sock_filter.
type op struct {
	code   uint16
	jt, jf uint8
	k      uint32
}

func decode(program []byte) []op {
	var list []op
	for b := program; len(b) > 0; b = b[8:] {
		list = append(list, op{binary.LittleEndian.Uint16(b), b[2], b[3], binary.LittleEndian.Uint32(b[4:])})
	}
	return list
}

// question is a comparison of a word, under a mask, with a constant.
type question struct {
	code    uint16
	mask, k uint32
}

func (q question) answer(w uint32) bool {
	switch w &= q.mask; q.code {
	case 0x15:
		return w == q.k
	case 0x25:
		return w > q.k
	case 0x35:
		return w >= q.k
	}
	return w&q.k != 0
}

// place is an instruction with what the accumulator holds there.
type place struct {
	at   int
	word uint32 // 0 to 15; 16 before the first load
	mask uint32
}

// questions lists what a program asks of each word when some words are known, and the
// instructions that it may get to.
func questions(code []op, known map[uint32]uint32) (asked [17][]question, reached map[int]bool) {
	reached = map[int]bool{}
	seen := map[place]bool{}
	todo := []place{{0, 16, 0}}
	for len(todo) > 0 {
		p := todo[len(todo)-1]
		if todo = todo[:len(todo)-1]; seen[p] {
			continue
		}
		seen[p], reached[p.at] = true, true
		in := code[p.at]
		next := place{p.at + 1, p.word, p.mask}
		switch in.code {
		case filtertest.Ret:
			continue
		case filtertest.Load:
			next.word, next.mask = in.k/4, 0xffffffff
		case filtertest.And:
			next.mask &= in.k
		case filtertest.Jump:
			next.at += int(in.k)
		default:
			q := question{in.code, p.mask, in.k}
			yes, no := next, next
			yes.at += int(in.jt)
			no.at += int(in.jf)
			v, isKnown := known[p.word]
			if p.word == 16 {
				v, isKnown = 0, true
			}
			if !isKnown {
				asked[p.word] = append(asked[p.word], q)
				todo = append(todo, no)
				next = yes
			} else if next = no; q.answer(v) {
				next = yes
			}
		}
		todo = append(todo, next)
	}
	return asked, reached
}

// mostBits is how many masked bits of a word are tried in every combination.
const mostBits = 10

// classes gives one word of each set of words that the questions cannot tell apart; all
// of them are there unless it says so.
func classes(asked []question) (list []uint32, all bool) {
	cuts := []uint32{0}
	var masked uint32
	for _, q := range asked {
		switch {
		case q.code == 0x45:
			masked |= q.mask & q.k
		case q.mask != 0xffffffff:
			masked |= q.mask
		case q.code == 0x25 && q.k != 0xffffffff:
			cuts = append(cuts, q.k+1)
		case q.code == 0x35:
			cuts = append(cuts, q.k)
		case q.code == 0x15:
			cuts = append(cuts, q.k)
			if q.k != 0xffffffff {
				cuts = append(cuts, q.k+1)
			}
		}
	}
	slices.Sort(cuts)
	cuts = slices.Compact(cuts)
	all = true
	for bits.OnesCount32(masked) > mostBits {
		masked &= masked - 1
		all = false
	}
	for i, first := range cuts {
		last := uint32(0xffffffff)
		if i+1 < len(cuts) {
			last = cuts[i+1] - 1
		}
		for v, more := uint32(0), true; more; v, more = (v-masked)&masked, (v-masked)&masked != 0 {
			if w, ok := atLeast(first, masked, v); ok && w <= last {
				list = append(list, w)
			}
		}
	}
	return list, all
}

// atLeast gives the smallest w of first and above with w & mask == v.
func atLeast(first, mask, v uint32) (uint32, bool) {
	if first&mask == v {
		return first, true
	}
	for bit := range 32 {
		b := uint32(1) << bit
		above := ^(b<<1 - 1)
		w := first&above | b | v&(b-1)
		if first&b == 0 && w&mask == v {
			return w, true
		}
	}
	return 0, false
}

// trial compares two programs.
type trial struct {
	t     testing.TB
	a, b  replay.Machine
	code  [2][]op
	sites []int
	runs  int
	all   bool
	diff  *filter.Call
}

// same tries all calls that get to one of the instructions of a at which b is another
// program; to any, where none is named. It is complete when all is true.
func same(t testing.TB, a, b []byte, sites ...int) (equal, all bool, runs int) {
	tr := trial{t: t, a: machine(t, a), b: machine(t, b), code: [2][]op{decode(a), decode(b)}, sites: sites, all: true}
	tr.words([]uint32{1, 0}, map[uint32]uint32{})
	return tr.diff == nil, tr.all, tr.runs
}

// words assigns the next word that decides something, in every way.
func (tr *trial) words(order []uint32, known map[uint32]uint32) {
	asked, reached := questions(tr.code[0], known)
	if len(tr.sites) > 0 && !slices.ContainsFunc(tr.sites, func(i int) bool { return reached[i] }) {
		return // on the way that both have in common
	}
	more, _ := questions(tr.code[1], known)
	for w, q := range more {
		asked[w] = append(asked[w], q...)
	}
	next := slices.IndexFunc(order, func(w uint32) bool { return len(asked[w]) > 0 })
	word := uint32(0)
	if next >= 0 {
		word = order[next]
	} else if next = slices.IndexFunc(asked[:16], func(q []question) bool { return len(q) > 0 }); next >= 0 {
		word = uint32(next)
	} else {
		tr.compare(known)
		return
	}
	list, all := classes(asked[word])
	tr.all = tr.all && all
	for _, v := range list {
		if tr.diff == nil {
			known[word] = v
			tr.words(order, known)
		}
	}
	delete(known, word)
}

func (tr *trial) compare(known map[uint32]uint32) {
	c := filter.Call{NR: known[0], Arch: known[1], IP: uint64(known[2]) | uint64(known[3])<<32}
	for i := range c.Args {
		c.Args[i] = uint64(known[uint32(4+2*i)]) | uint64(known[uint32(5+2*i)])<<32
	}
	tr.runs++
	if run(tr.t, tr.a, c) != run(tr.t, tr.b, c) {
		tr.diff = &c
	}
}
