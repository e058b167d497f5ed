// Package sys is the kernel as init sees it: system calls that do not go through the
// Go scheduler, and the means to get rid of that scheduler. With internal/child it is
// the only place for unsafe, linkname and assembly of such kind.
//
// It must not decide anything. It imports runtime and syscall only, not golang.org/x/sys/unix;
// internal/child says why.
package sys
