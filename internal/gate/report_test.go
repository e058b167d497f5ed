package gate

import "testing"

func TestReportKeepsItsBits(t *testing.T) {
	for _, r := range []Report{{}, {Securebits: 0xeb, DeathSignal: 9}, {0xffff, 0xff, 15, 3}, {0, 0, 1, 0}, {1, 0, 0, 0}, {0, 1, 0, 0}, {0, 0, 0, 1}} {
		if got, ok := ReportOf(r.Value()); !ok || got != r {
			t.Errorf("%+v became %+v, %v", r, got, ok)
		}
	}
	if v := (Report{Securebits: 0x1234, DeathSignal: 9, Dumpable: 2, MDWE: 1}).Value(); v != 0x12340924 {
		t.Errorf("%#x", v)
	}
}

func TestAnythingElseIsNoReport(t *testing.T) {
	for _, v := range []uint32{1, 2, 0x12340921} {
		if r, ok := ReportOf(v); ok {
			t.Errorf("%#x is %+v", v, r)
		}
	}
}
