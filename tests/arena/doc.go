// Package arena gives the tests of faults and races a place of their own: workers, each PID
// 1 of a PID namespace with a mount namespace, a /run, a /proc and a cgroup subtree that
// nothing else uses. What a launch leaves behind can be counted exactly there, and several
// workers do not see each other. Their `/` is shared (mount_namespaces(7)), as a host's is
// under systemd: a mount of the container that got out would show.
//
//	main.go    the TestMain of a package that uses it
//	pool.go    the test's side: starts workers, hands out jobs
//	worker.go  the worker's side: its namespaces, its loop
//	launch.go  one launch, traced or not, with a time limit
//	leaks.go   what must be as it was before
//	calls.go   the calls of a launch, as places for faults and races
//	figures.go what comes of many launches
//	attest.go  the probe's report, without what differs from launch to launch
//	stage.go   a policy that uses what the language has, and the files that it names
//
// It imports tests/trace and, for builds, tests/lab.
package arena
