//go:build amd64

package faults

import (
	"slices"

	"golang.org/x/sys/unix"
)

// everywhere are the errnos that are tried of every call, whether its page has them or not:
// what a filter, a limit, a signal or a kernel without the call gives.
var everywhere = []unix.Errno{unix.EINTR, unix.ENOMEM, unix.EMFILE, unix.ENOSPC, unix.EAGAIN, unix.ENOSYS, unix.EPERM, unix.EIO}

// errnos are those of a call's manual page, section ERRORS, besides.
var errnos = map[string][]unix.Errno{
	"bpf":                     {unix.E2BIG, unix.EACCES, unix.EBADF, unix.EFAULT, unix.EINVAL, unix.ENOENT, unix.EEXIST},
	"capget":                  {unix.EFAULT, unix.EINVAL, unix.ESRCH},
	"capset":                  {unix.EFAULT, unix.EINVAL, unix.ESRCH},
	"chdir":                   {unix.EACCES, unix.ELOOP, unix.ENAMETOOLONG, unix.ENOENT, unix.ENOTDIR},
	"clock_gettime":           {unix.EFAULT, unix.EINVAL},
	"clone":                   {unix.EINVAL, unix.EUSERS, unix.ERESTART},
	"clone3":                  {unix.EACCES, unix.EBUSY, unix.EEXIST, unix.EINVAL, unix.EOPNOTSUPP, unix.EUSERS},
	"close":                   {unix.EBADF, unix.EDQUOT},
	"close_range":             {unix.EINVAL},
	"connect":                 {unix.EACCES, unix.ECONNREFUSED, unix.ENOENT, unix.EPROTOTYPE},
	"dup3":                    {unix.EBADF, unix.EBUSY, unix.EINVAL},
	"epoll_create1":           {unix.EINVAL, unix.ENFILE},
	"epoll_ctl":               {unix.EBADF, unix.EEXIST, unix.EINVAL, unix.ENOENT},
	"eventfd2":                {unix.EINVAL, unix.ENFILE, unix.ENODEV},
	"execve":                  {unix.E2BIG, unix.EACCES, unix.EINVAL, unix.ELOOP, unix.ENFILE, unix.ENOENT, unix.ENOEXEC, unix.ETXTBSY},
	"execveat":                {unix.E2BIG, unix.EACCES, unix.EBADF, unix.EINVAL, unix.ELOOP, unix.ENFILE, unix.ENOENT, unix.ENOEXEC, unix.ETXTBSY},
	"exit_group":              {},
	"fchdir":                  {unix.EACCES, unix.EBADF, unix.ENOTDIR},
	"fchmod":                  {unix.EBADF, unix.EROFS},
	"fchmodat":                {unix.EACCES, unix.ENOENT, unix.EROFS},
	"fchown":                  {unix.EBADF, unix.EROFS},
	"fchownat":                {unix.EBADF, unix.EROFS, unix.ENOENT},
	"fcntl":                   {unix.EACCES, unix.EBADF, unix.EBUSY, unix.EINVAL},
	"flock":                   {unix.EBADF, unix.EINVAL, unix.ENOLCK, unix.EWOULDBLOCK},
	"fsconfig":                {unix.EACCES, unix.EBADF, unix.EBUSY, unix.EINVAL, unix.ENODEV, unix.EOPNOTSUPP},
	"fsmount":                 {unix.EBUSY, unix.EINVAL, unix.ENFILE},
	"fsopen":                  {unix.EINVAL, unix.ENFILE, unix.ENODEV},
	"fstat":                   {unix.EBADF, unix.EOVERFLOW},
	"fstatfs":                 {unix.EBADF, unix.EOVERFLOW},
	"getdents64":              {unix.EBADF, unix.EINVAL, unix.ENOENT, unix.ENOTDIR},
	"getpid":                  {},
	"getppid":                 {},
	"gettid":                  {},
	"getuid":                  {},
	"geteuid":                 {},
	"getrandom":               {unix.EFAULT, unix.EINVAL},
	"getsid":                  {unix.ESRCH},
	"getsockopt":              {unix.EBADF, unix.EINVAL, unix.ENOPROTOOPT},
	"ioctl":                   {unix.EBADF, unix.EINVAL, unix.ENOTTY, unix.ENODEV},
	"keyctl":                  {unix.EACCES, unix.EDQUOT, unix.EINVAL, unix.ENOKEY, unix.EOPNOTSUPP},
	"kill":                    {unix.EINVAL, unix.ESRCH},
	"lseek":                   {unix.EBADF, unix.EINVAL, unix.ESPIPE},
	"lstat":                   {unix.EACCES, unix.ENOENT},
	"memfd_create":            {unix.EFAULT, unix.EINVAL, unix.ENFILE},
	"mkdirat":                 {unix.EACCES, unix.EBADF, unix.EDQUOT, unix.EEXIST, unix.EMLINK, unix.ENOENT, unix.EROFS},
	"mknodat":                 {unix.EACCES, unix.EBADF, unix.EDQUOT, unix.EEXIST, unix.ENOENT, unix.EROFS},
	"mount":                   {unix.EACCES, unix.EBUSY, unix.EINVAL, unix.ENOENT},
	"mount_setattr":           {unix.EBADF, unix.EBUSY, unix.EINVAL, unix.ENOENT},
	"move_mount":              {unix.EACCES, unix.EBADF, unix.EBUSY, unix.EINVAL, unix.ELOOP, unix.ENOENT, unix.ENOTDIR},
	"nanosleep":               {unix.EINVAL},
	"newfstatat":              {unix.EACCES, unix.EBADF, unix.ELOOP, unix.ENOENT, unix.ENOTDIR},
	"open_tree":               {unix.EACCES, unix.EBADF, unix.EINVAL, unix.ENFILE, unix.ENOENT},
	"openat":                  {unix.EACCES, unix.EBUSY, unix.EINVAL, unix.ELOOP, unix.ENFILE, unix.ENOENT, unix.ENOTDIR, unix.ENXIO, unix.EROFS, unix.ETXTBSY},
	"openat2":                 {unix.E2BIG, unix.EACCES, unix.EBUSY, unix.EINVAL, unix.ELOOP, unix.ENFILE, unix.ENOENT, unix.ENOTDIR, unix.ENXIO, unix.EROFS, unix.EXDEV},
	"pidfd_open":              {unix.EINVAL, unix.ENFILE, unix.ENODEV, unix.ESRCH},
	"pidfd_send_signal":       {unix.EBADF, unix.EINVAL, unix.ESRCH},
	"pipe2":                   {unix.EINVAL, unix.ENFILE, unix.ENOPKG},
	"pivot_root":              {unix.EBUSY, unix.EINVAL, unix.ENOTDIR},
	"poll":                    {unix.EINVAL},
	"ppoll":                   {unix.EINVAL},
	"prctl":                   {unix.EACCES, unix.EBADF, unix.EBUSY, unix.EFAULT, unix.EINVAL, unix.ENODEV, unix.EOPNOTSUPP},
	"pread64":                 {unix.EBADF, unix.EINVAL},
	"accept4":                 {unix.EBADF, unix.ECONNABORTED, unix.EINVAL},
	"copy_file_range":         {unix.EBADF, unix.EINVAL, unix.EXDEV},
	"fadvise64":               {unix.EBADF, unix.EINVAL},
	"fallocate":               {unix.EBADF, unix.EINVAL, unix.EOPNOTSUPP},
	"fgetxattr":               {unix.ENODATA, unix.EOPNOTSUPP},
	"fsetxattr":               {unix.EDQUOT, unix.EOPNOTSUPP},
	"fsync":                   {unix.EBADF, unix.EINVAL},
	"ftruncate":               {unix.EBADF, unix.EINVAL},
	"getpriority":             {unix.EINVAL, unix.ESRCH},
	"kcmp":                    {unix.EBADF, unix.EINVAL, unix.ESRCH},
	"listen":                  {unix.EADDRINUSE, unix.EBADF},
	"listmount":               {unix.EINVAL, unix.ENOENT},
	"personality":             {unix.EINVAL},
	"pidfd_getfd":             {unix.EBADF, unix.EINVAL, unix.ESRCH},
	"process_vm_readv":        {unix.EFAULT, unix.EINVAL, unix.ESRCH},
	"ptrace":                  {unix.EFAULT, unix.EINVAL, unix.ESRCH, unix.EACCES},
	"sched_getaffinity":       {unix.EFAULT, unix.EINVAL, unix.ESRCH},
	"sched_getattr":           {unix.E2BIG, unix.EINVAL, unix.ESRCH},
	"sched_setaffinity":       {unix.EFAULT, unix.EINVAL, unix.ESRCH},
	"sched_setattr":           {unix.E2BIG, unix.EBUSY, unix.EINVAL, unix.ESRCH},
	"setpriority":             {unix.EACCES, unix.EINVAL, unix.ESRCH},
	"statmount":               {unix.EINVAL, unix.ENOENT},
	"prlimit64":               {unix.EFAULT, unix.EINVAL, unix.ESRCH},
	"pwrite64":                {unix.EBADF, unix.EINVAL, unix.EBUSY},
	"read":                    {unix.EBADF, unix.EINVAL, unix.EISDIR, unix.ECONNRESET},
	"readlinkat":              {unix.EACCES, unix.EBADF, unix.EINVAL, unix.ELOOP, unix.ENOENT, unix.ENOTDIR},
	"recvmsg":                 {unix.EBADF, unix.ECONNREFUSED, unix.EINVAL},
	"renameat":                {unix.EACCES, unix.EBUSY, unix.EDQUOT, unix.ENOENT, unix.EROFS},
	"rt_sigaction":            {unix.EFAULT, unix.EINVAL},
	"rt_sigpending":           {unix.EFAULT},
	"rt_sigprocmask":          {unix.EFAULT, unix.EINVAL},
	"rt_sigtimedwait":         {unix.EINVAL},
	"seccomp":                 {unix.EACCES, unix.EBUSY, unix.ECANCELED, unix.EFAULT, unix.EINVAL, unix.EOPNOTSUPP, unix.ESRCH},
	"sendfile":                {unix.EBADF, unix.EINVAL, unix.EOVERFLOW, unix.ESPIPE},
	"sendmsg":                 {unix.EBADF, unix.ECONNREFUSED, unix.ECONNRESET, unix.EMSGSIZE, unix.ENOBUFS, unix.EPIPE},
	"sendto":                  {unix.EBADF, unix.ECONNREFUSED, unix.ECONNRESET, unix.ENOBUFS, unix.EPIPE},
	"setgroups":               {unix.EFAULT, unix.EINVAL},
	"sethostname":             {unix.EFAULT, unix.EINVAL},
	"setns":                   {unix.EBADF, unix.EINVAL, unix.ESRCH},
	"setpgid":                 {unix.EACCES, unix.EINVAL, unix.ESRCH},
	"setresgid":               {unix.EINVAL},
	"setresuid":               {unix.EINVAL},
	"setrlimit":               {unix.EINVAL},
	"setsid":                  {},
	"setsockopt":              {unix.EBADF, unix.EINVAL, unix.ENOPROTOOPT},
	"signalfd4":               {unix.EINVAL, unix.ENFILE, unix.ENODEV},
	"socket":                  {unix.EACCES, unix.EAFNOSUPPORT, unix.ENFILE, unix.ENOBUFS},
	"socketpair":              {unix.EAFNOSUPPORT, unix.ENFILE, unix.EOPNOTSUPP},
	"bind":                    {unix.EACCES, unix.EADDRINUSE, unix.EINVAL, unix.ELOOP, unix.ENOENT, unix.EROFS},
	"statfs":                  {unix.EACCES, unix.ELOOP, unix.ENOENT, unix.ENOTDIR},
	"statx":                   {unix.EACCES, unix.ELOOP, unix.ENOENT, unix.ENOTDIR, unix.EINVAL},
	"symlinkat":               {unix.EACCES, unix.EDQUOT, unix.EEXIST, unix.ENOENT, unix.EROFS},
	"tgkill":                  {unix.EINVAL, unix.ESRCH},
	"umask":                   {},
	"umount2":                 {unix.EBUSY, unix.EINVAL, unix.ENOENT},
	"uname":                   {unix.EFAULT},
	"unlinkat":                {unix.EACCES, unix.EBUSY, unix.EISDIR, unix.ENOENT, unix.ENOTEMPTY, unix.EROFS},
	"unshare":                 {unix.EINVAL, unix.EUSERS},
	"wait4":                   {unix.ECHILD, unix.EINVAL},
	"waitid":                  {unix.ECHILD, unix.EINVAL},
	"write":                   {unix.EACCES, unix.EBADF, unix.EBUSY, unix.EDQUOT, unix.EFBIG, unix.EINVAL, unix.EPIPE},
	"landlock_create_ruleset": {unix.EOPNOTSUPP, unix.EINVAL, unix.E2BIG, unix.EFAULT, unix.ENOMSG},
	"landlock_add_rule":       {unix.EOPNOTSUPP, unix.EINVAL, unix.ENOMSG, unix.EBADF, unix.EBADFD, unix.EFAULT},
	"landlock_restrict_self":  {unix.EOPNOTSUPP, unix.EINVAL, unix.EBADF, unix.EBADFD, unix.E2BIG},
}

// unfailing always succeed, their pages say. A result that is an errno would be one of theirs: a
// process number, a mask. They are not made to fail.
var unfailing = []string{"getpid", "getppid", "gettid", "getuid", "geteuid", "umask", "exit_group"}

// answers are errnos that say how things are, and that a launch has to believe: that there
// is no such file to mask or to remove, that init has closed its end, that a process is
// gone, that there is no child, that nobody has given init orders, or something else.
var answers = map[string][]unix.Errno{
	"shim newfstatat": {unix.ENOENT}, "shim read": {unix.ECONNRESET}, "shim unlinkat": {unix.ENOENT}, "shim pidfd_send_signal": {unix.ESRCH},
	"init wait4": {unix.ECHILD}, "init fcntl": {unix.EBADF, unix.EINVAL},
}

// errnosOf are the errnos to try of a call; nil and false of one that the table lacks.
func errnosOf(role, name string) ([]unix.Errno, bool) {
	if slices.Contains(unfailing, name) {
		return nil, true
	}
	own, known := errnos[name]
	all := slices.Concat(everywhere, own)
	slices.Sort(all)
	all = slices.Compact(all)
	return slices.DeleteFunc(all, func(e unix.Errno) bool { return slices.Contains(answers[role+" "+name], e) }), known
}
