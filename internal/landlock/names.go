package landlock

import (
	"casemate/internal/plan"
	"casemate/internal/sealed"

	"golang.org/x/sys/unix"
)

// The names of rights in plans, those of linux/landlock.h without their prefix.
var (
	FileNames = plan.Names{
		{Bit: sealed.FileExecute, Name: "EXECUTE"}, {Bit: sealed.FileWrite, Name: "WRITE_FILE"}, {Bit: sealed.FileRead, Name: "READ_FILE"},
		{Bit: sealed.DirRead, Name: "READ_DIR"}, {Bit: sealed.DirRemove, Name: "REMOVE_DIR"}, {Bit: sealed.FileRemove, Name: "REMOVE_FILE"},
		{Bit: sealed.MakeChar, Name: "MAKE_CHAR"}, {Bit: sealed.MakeDir, Name: "MAKE_DIR"}, {Bit: sealed.MakeReg, Name: "MAKE_REG"},
		{Bit: sealed.MakeSock, Name: "MAKE_SOCK"}, {Bit: sealed.MakeFifo, Name: "MAKE_FIFO"}, {Bit: sealed.MakeBlock, Name: "MAKE_BLOCK"},
		{Bit: sealed.MakeSym, Name: "MAKE_SYM"}, {Bit: sealed.FileRefer, Name: "REFER"}, {Bit: sealed.FileTruncate, Name: "TRUNCATE"},
		{Bit: sealed.FileIoctl, Name: "IOCTL_DEV"},
	}
	PortNames  = plan.Names{{Bit: sealed.PortBind, Name: "BIND_TCP"}, {Bit: sealed.PortConnect, Name: "CONNECT_TCP"}}
	ScopeNames = plan.Names{{Bit: sealed.ScopeAbstract, Name: "ABSTRACT_UNIX_SOCKET"}, {Bit: sealed.ScopeSignals, Name: "SIGNAL"}}

	logNames = plan.Names{
		{Bit: unix.LANDLOCK_RESTRICT_SELF_LOG_NEW_EXEC_ON, Name: "LOG_NEW_EXEC_ON"},
		{Bit: unix.LANDLOCK_RESTRICT_SELF_LOG_SUBDOMAINS_OFF, Name: "LOG_SUBDOMAINS_OFF"},
	}
)
