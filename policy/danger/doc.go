// Package danger knows which grants open a way out of the confinement, and says so in
// words: system calls, capabilities, paths of the host. The compiler demands a reason
// for each, the audit reports them, and explain quotes them; what is dangerous is
// written once.
//
// It judges names alone, holds no policy and imports nothing of ours.
package danger
