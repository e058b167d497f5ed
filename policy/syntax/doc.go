// Package syntax reads policy text: TOML in, a typed File out, with the place of
// every key and value kept so that each later complaint can name a line.
//
// It guards the door of the build: an unknown key, a wrong type, a duplicate, a
// value out of range, a control character or an oversized file is an error with
// a position, never a default. It says nothing about meaning: names of syscalls,
// users and files are the business of policy/compile.
//
// One set of Go types (file.go, confine.go) with their tags is the only
// description of the language. The reader checks text against it, Schema prints
// it for editors, and Merge builds a File with its bases merged in.
//
// It imports go-toml and the standard library, and is never linked into the shim
// or init.
package syntax
