// Command shell boots one of the machines of tests/vm with a shell in place of its tests:
// what is tested lies in /casemate.
package main

import (
	"fmt"
	"os"

	"casemate/tests/vm"
)

func main() {
	name := "cgroup2"
	if len(os.Args) > 1 {
		name = os.Args[1]
	}
	if err := vm.Shell(name); err != nil {
		fmt.Fprintln(os.Stderr, "vm-shell:", err)
		os.Exit(1)
	}
}
