// Package systemd holds the tests that need systemd as PID 1: they run in the virtual
// machine "systemd" of tests/vm, whose image has the units of dist/ and the policies that
// are named here.
package systemd
