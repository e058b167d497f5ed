// Command appliance builds a bootable image with two confined services and boots it in
// QEMU until a page is served: `make appliance`. It is an example of an image build, with
// what an image of one's own takes: see README.md beside it.
package main

import (
	"context"
	"fmt"
	"os"

	"casemate/tests/vm"
)

func main() {
	if err := show("bin/appliance"); err != nil {
		fmt.Fprintln(os.Stderr, "appliance:", err)
		os.Exit(1)
	}
}

func show(dir string) error {
	a, err := vm.BuildAppliance(dir)
	if err != nil {
		return err
	}
	fmt.Printf("built %s, %s, %s\nroot hash %s\n\n", a.Root, a.Hashes, a.Initrd, a.RootHash)
	var page string
	_, err = a.Boot(os.Stdout, func(ctx context.Context, address string) error {
		var err error
		page, err = vm.Page(ctx, address)
		return err
	})
	if err == nil {
		fmt.Printf("\nport 8080 serves:\n\n%s\n", page)
	}
	return err
}
