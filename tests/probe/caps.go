package main

import "github.com/syndtr/gocapability/capability"

// Caps are the five sets by name, read by a library that is not ours.
type Caps struct {
	Effective   []string `json:"effective"`
	Permitted   []string `json:"permitted"`
	Inheritable []string `json:"inheritable"`
	Bounding    []string `json:"bounding"`
	Ambient     []string `json:"ambient"`
}

func loadCaps() (Caps, error) {
	c, err := capability.NewPid2(0)
	if err == nil {
		err = c.Load()
	}
	if err != nil {
		return Caps{}, err
	}
	set := func(which capability.CapType) []string {
		names := []string{}
		for n := capability.Cap(0); n <= capability.CAP_LAST_CAP; n++ {
			if c.Get(which, n) {
				names = append(names, n.String())
			}
		}
		return names
	}
	return Caps{
		Effective: set(capability.EFFECTIVE), Permitted: set(capability.PERMITTED), Inheritable: set(capability.INHERITABLE),
		Bounding: set(capability.BOUNDING), Ambient: set(capability.AMBIENT),
	}, nil
}

// raise tries to take a capability into the effective and permitted sets.
func raise(name string) error {
	c, err := capability.NewPid2(0)
	if err == nil {
		err = c.Load()
	}
	if err != nil {
		return err
	}
	for n := capability.Cap(0); n <= capability.CAP_LAST_CAP; n++ {
		if n.String() == name {
			c.Set(capability.CAPS, n)
			return c.Apply(capability.CAPS)
		}
	}
	return errUnknownName
}
