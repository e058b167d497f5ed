package beneath

import (
	"strings"

	"casemate/internal/sealed"
)

// words in the order of printing: the usual sets first, then what is left, each by the
// name that landlock(7) has for it.
var words = []struct {
	rights uint64
	word   string
}{
	{Read, "read"}, {writeWord, "write"}, {sealed.FileExecute, "execute"},
	{sealed.FileRead, "read_file"}, {sealed.DirRead, "read_dir"}, {sealed.FileWrite, "write_file"}, {sealed.FileTruncate, "truncate"},
	{sealed.FileRefer, "refer"}, {sealed.DirRemove, "remove_dir"}, {sealed.FileRemove, "remove_file"},
	{sealed.MakeChar, "make_char"}, {sealed.MakeDir, "make_dir"}, {sealed.MakeReg, "make_reg"}, {sealed.MakeSock, "make_sock"},
	{sealed.MakeFifo, "make_fifo"}, {sealed.MakeBlock, "make_block"}, {sealed.MakeSym, "make_sym"}, {sealed.FileIoctl, "ioctl_dev"},
}

// writeWord is what a writable directory has beyond reading.
const writeWord = sealed.FileWrite | sealed.FileTruncate | sealed.FileRefer | sealed.DirRemove | sealed.FileRemove |
	sealed.MakeDir | sealed.MakeReg | sealed.MakeSock | sealed.MakeFifo | sealed.MakeSym

// Words lists rights for people; "none" for none.
func Words(rights uint64) string {
	var list []string
	for _, w := range words {
		if rights&w.rights == w.rights {
			list = append(list, w.word)
			rights &^= w.rights
		}
	}
	if len(list) == 0 {
		return "none"
	}
	return strings.Join(list, ", ")
}
