package image

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// sectorsPerBlock: device mapper counts in 512 bytes.
const sectorsPerBlock = blockSize / 512

// verify makes a verity device: create, load the table, resume. It is marked for removal at
// once, which the kernel does when the last user closes it. Between the creation and the
// mark a killed process leaves it: Remove, by the name.
func verify(name, table string, blocks uint64) (device, error) {
	control, err := openMapper()
	if err != nil {
		return device{}, err
	}
	defer unix.Close(control)
	made, err := call(control, unix.DM_DEV_CREATE, name, unix.DM_READONLY_FLAG, nil)
	if err != nil {
		return device{}, fmt.Errorf("DM_DEV_CREATE %s: %w", name, err)
	}
	d, err := load(control, name, target{blocks * sectorsPerBlock, "verity", table}, made.number)
	if _, left := call(control, unix.DM_DEV_REMOVE, name, unix.DM_DEFERRED_REMOVE, nil); left != nil && err == nil {
		d.close()
		err = fmt.Errorf("DM_DEV_REMOVE %s: %w", name, left)
	}
	return d, err
}

func load(control int, name string, want target, number uint64) (device, error) {
	_, err := call(control, unix.DM_TABLE_LOAD, name, unix.DM_READONLY_FLAG, &want)
	if errors.Is(err, unix.EINVAL) { // no such target; its own refusals, of a table unlike ours, say the same
		return device{}, fmt.Errorf("DM_TABLE_LOAD %s: %w: %w (CONFIG_DM_VERITY)", name, err, ErrLacking)
	}
	if err != nil {
		return device{}, fmt.Errorf("DM_TABLE_LOAD %s: %w", name, err)
	}
	if _, err := call(control, unix.DM_DEV_SUSPEND, name, 0, nil); err != nil { // without the flag that suspends, it resumes
		return device{}, fmt.Errorf("DM_DEV_SUSPEND %s: %w", name, err)
	}
	// What the kernel says it verifies by, before anything is read through it.
	is, err := call(control, unix.DM_TABLE_STATUS, name, unix.DM_STATUS_TABLE_FLAG, nil)
	if err != nil {
		return device{}, fmt.Errorf("DM_TABLE_STATUS %s: %w", name, err)
	}
	if is.target != want || !is.readOnly || is.number != number {
		return device{}, fmt.Errorf("the device %s is %+v, and %+v was loaded", name, is, want)
	}
	return openDevice(fmt.Sprintf("/dev/dm-%d", unix.Minor(number)), number)
}

// Remove removes a verity device that a killed process has left; one that is mounted when
// its last user is gone. One that is not there is no error.
func Remove(name string) error {
	control, err := openMapper()
	if errors.Is(err, ErrLacking) {
		return nil
	}
	if err != nil {
		return err
	}
	defer unix.Close(control)
	_, err = call(control, unix.DM_DEV_REMOVE, name, unix.DM_DEFERRED_REMOVE, nil)
	if err != nil && !errors.Is(err, unix.ENXIO) {
		return fmt.Errorf("DM_DEV_REMOVE %s: %w", name, err)
	}
	return nil
}
