package image

import (
	"errors"
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

// device is a block device, held open.
type device struct {
	fd     int
	path   string
	number uint64 // as st_dev has it
}

func (d device) close() { unix.Close(d.fd) }

func (d device) numbers() string {
	return fmt.Sprintf("%d:%d", unix.Major(d.number), unix.Minor(d.number))
}

// openDevice opens a block device by its path, if it has the number.
func openDevice(path string, number uint64) (device, error) {
	fd, err := unix.Openat2(unix.AT_FDCWD, path, &unix.OpenHow{
		Flags: unix.O_RDONLY | unix.O_CLOEXEC, Resolve: unix.RESOLVE_NO_SYMLINKS | unix.RESOLVE_NO_MAGICLINKS,
	})
	if errors.Is(err, unix.ENOENT) {
		return device{}, fmt.Errorf("open %s: %w: %w: /dev is to be a devtmpfs", path, err, ErrLacking)
	}
	if err != nil {
		return device{}, fmt.Errorf("open %s: %w", path, err)
	}
	d := device{fd, path, number}
	var st unix.Stat_t
	if err = unix.Fstat(fd, &st); err == nil && (st.Mode&unix.S_IFMT != unix.S_IFBLK || st.Rdev != number) {
		err = fmt.Errorf("not the block device %s", d.numbers())
	}
	if err != nil {
		d.close()
		return device{}, fmt.Errorf("%s: %w", path, err)
	}
	return d, nil
}

const (
	loopControl = "/dev/loop-control"
	loopMajor   = 7 // Documentation/admin-guide/devices.txt
	loopTries   = 200
)

// attach gives a file a loop device, read-only, that clears itself when nobody has it open
// any more (LO_FLAGS_AUTOCLEAR, loop(4)). The number that is free may be another's by the
// time it is configured, which says EBUSY: LOOP_CONFIGURE (Linux 5.8) takes file and flags
// in one call, so that no device is ever ours in part.
func attach(file int) (device, error) {
	control, err := openControl(loopControl, "CONFIG_BLK_DEV_LOOP")
	if err != nil {
		return device{}, err
	}
	defer unix.Close(control)
	for try := range loopTries {
		d, err := configure(control, file)
		if !errors.Is(err, unix.EBUSY) {
			return d, err
		}
		time.Sleep(time.Duration(try) * 50 * time.Microsecond)
	}
	return device{}, errors.New("every free loop device is taken before it can be used")
}

func configure(control, file int) (device, error) {
	n, err := unix.IoctlRetInt(control, unix.LOOP_CTL_GET_FREE)
	if err != nil {
		return device{}, fmt.Errorf("LOOP_CTL_GET_FREE: %w", err)
	}
	d, err := openDevice(fmt.Sprintf("/dev/loop%d", n), unix.Mkdev(loopMajor, uint32(n)))
	if err != nil {
		return device{}, err
	}
	config := unix.LoopConfig{Fd: uint32(file), Info: unix.LoopInfo64{Flags: unix.LO_FLAGS_READ_ONLY | unix.LO_FLAGS_AUTOCLEAR}}
	if err := unix.IoctlLoopConfigure(d.fd, &config); err != nil {
		d.close()
		return device{}, fmt.Errorf("LOOP_CONFIGURE %s: %w", d.path, err)
	}
	return d, nil
}
