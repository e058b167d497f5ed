// Package importer turns confinement that was written for others into the text of a
// policy: seccomp profiles of OCI runtimes, their config.json, minijail's policies and
// configuration files, and the sandboxing options of systemd units.
//
// It guards one promise: nothing of the source is dropped silently. Every item of a
// source is carried over, holds by default already, or stands in the text as a comment
// with the reason why it does not. Where a source cannot be said exactly, the text says
// less than the source grants, or says that it confines less.
//
// It is pure: bytes in, bytes out. It never opens a file; what a text needs to be
// accepted is the compiler's to say, who is asked through Judge. It imports
// policy/syntax for the language, policy/base for the groups and policy/filter for the
// tables.
//
//	text -> JSON tree, lines  ->  draft  -> settle (asks the judge) -> write -> text
//	        (items)                └ notes
package importer
