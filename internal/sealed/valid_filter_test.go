package sealed

import (
	"bytes"
	"testing"
)

func TestFilters(t *testing.T) {
	filter := func(b []byte) func(*Policy) { return func(p *Policy) { p.Filters[0].Program = b } }
	ret := [4]uint32{bpfRetK, 0, 0, 0x7fff0000}
	ins := func(i ...[4]uint32) func(*Policy) { return filter(program(append(i, ret)...)) }
	refused(t, []refusal{
		{"none", func(p *Policy) { p.Filters = nil }, "no seccomp filter"},
		{"other architecture", func(p *Policy) { p.Filters[0].Arch = 0x40000003 }, "no such architecture"}, // i386
		{"order", func(p *Policy) { p.Filters[0], p.Filters[1] = p.Filters[1], p.Filters[0] }, "ascending"},
		{"twice", func(p *Policy) { p.Filters[1] = p.Filters[0] }, "ascending"},
		{"compiler missing", func(p *Policy) { p.Filters[0].By = "" }, "nobody made it"},
		{"compiler of two lines", func(p *Policy) { p.Filters[1].By = "a\nb" }, "control character"},
		{"empty", filter(nil), "no proper length"},
		{"odd length", filter(deny()[:7]), "no proper length"},
		{"4097 instructions", filter(bytes.Repeat(deny(), 4097)), "no proper length"},
		{"no return", filter(program(ret, [4]uint32{bpfLdAbs, 0, 0, 0})), "does not return"},
		{"jump as the last", filter(program(ret, [4]uint32{bpfJa, 0, 0, 0})), "jumps out"},
		{"ja over the end", ins([4]uint32{bpfJa, 0, 0, 1}), "jumps out"},
		{"ja far over the end", ins([4]uint32{bpfJa, 0, 0, 0xffffffff}), "jumps out"},
		{"true branch over the end", ins([4]uint32{0x15, 1, 0, 0}), "jumps out"},
		{"false branch over the end", ins([4]uint32{0x35, 0, 255, 0}), "jumps out"},
		{"load past the data", ins([4]uint32{bpfLdAbs, 0, 0, 64}), "outside struct seccomp_data"},
		{"load unaligned", ins([4]uint32{bpfLdAbs, 0, 0, 5}), "outside struct seccomp_data"},
		{"half word load", ins([4]uint32{0x28, 0, 0, 0}), "code"},
		{"indirect load", ins([4]uint32{0x40, 0, 0, 0}), "code"},
		{"division", ins([4]uint32{0x34, 0, 0, 0}), "code"},
		{"return of A", filter(program([4]uint32{0x16, 0, 0, 0})), "code"},
		{"high code byte", ins([4]uint32{0x100 | bpfLdAbs, 0, 0, 0}), "code"},
		{"scratch memory", ins([4]uint32{0x60, 0, 0, 16}), "scratch memory"},
		{"scratch store", ins([4]uint32{0x02, 0, 0, 0xffffffff}), "scratch memory"},
		{"shift", ins([4]uint32{0x74, 0, 0, 32}), "shifts"},
	})
	accepted(t, []refusal{
		{name: "one architecture", change: func(p *Policy) { p.Filters = p.Filters[1:] }},
		{name: "4096 instructions", change: filter(long(4096))},
		{name: "jumps to the last", change: ins([4]uint32{bpfJa, 0, 0, 1}, [4]uint32{0x15, 0, 0, 7}, [4]uint32{bpfJa, 0, 0, 0})},
		{name: "last word of the data", change: ins([4]uint32{bpfLdAbs, 0, 0, 60}, [4]uint32{0x54, 0, 0, 0xffff})},
	})
}
