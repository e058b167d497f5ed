// Package compile turns a policy file into a sealed policy: it follows the bases,
// resolves every name, fills in every default, demands a reason for every
// dangerous grant, and has the filters compiled
// and proved.
//
// It guards the meaning of a policy: what leaves here holds no name to look up and
// nothing that was accepted and ignored. A key that is known and not carried to the
// kernel yet is an error that says so. What the result was made from is recorded,
// input by input, with digests.
//
// It must not look at the machine it runs on, which is not the one the policy is
// for, beyond the files it is told to read: the policy, what lies beside it, and
// the passwd and group files. It runs at image build, never at boot.
//
// It imports policy/syntax, policy/base, policy/danger, policy/filter, policy/seccomp, policy/prove,
// policy/replay, internal/exit, internal/sealed, and the
// libraries that know capability names and SELinux contexts.
//
//	source.go   files             extends.go    bases            compile.go   the order of the rooms
//	why.go      reasons           unsupported.go                 names.go user.go size.go   words
//	exec.go rlimit.go root.go mount.go bind.go mask.go namespace.go caps.go seccomp.go
//	lsm.go cgroup.go signal.go waive.go    one section each
package compile

// Version of the compiler; it is an input of every sealed policy.
const Version = "0.1.0"
