package filter

// writtenConstants are those that golang.org/x/sys does not have, with the header
// of the kernel's user-space interface that defines them. All are frozen interface.
var writtenConstants = [...]constant{
	// linux/futex.h
	{"FUTEX_WAIT", onBoth, [...]int64{0, 0}},
	{"FUTEX_WAKE", onBoth, [...]int64{1, 1}},
	{"FUTEX_FD", onBoth, [...]int64{2, 2}},
	{"FUTEX_REQUEUE", onBoth, [...]int64{3, 3}},
	{"FUTEX_CMP_REQUEUE", onBoth, [...]int64{4, 4}},
	{"FUTEX_WAKE_OP", onBoth, [...]int64{5, 5}},
	{"FUTEX_LOCK_PI", onBoth, [...]int64{6, 6}},
	{"FUTEX_UNLOCK_PI", onBoth, [...]int64{7, 7}},
	{"FUTEX_TRYLOCK_PI", onBoth, [...]int64{8, 8}},
	{"FUTEX_WAIT_BITSET", onBoth, [...]int64{9, 9}},
	{"FUTEX_WAKE_BITSET", onBoth, [...]int64{10, 10}},
	{"FUTEX_WAIT_REQUEUE_PI", onBoth, [...]int64{11, 11}},
	{"FUTEX_CMP_REQUEUE_PI", onBoth, [...]int64{12, 12}},
	{"FUTEX_LOCK_PI2", onBoth, [...]int64{13, 13}},
	{"FUTEX_PRIVATE_FLAG", onBoth, [...]int64{0x80, 0x80}},
	{"FUTEX_CLOCK_REALTIME", onBoth, [...]int64{0x100, 0x100}},

	// linux/personality.h
	{"PER_LINUX", onBoth, [...]int64{0, 0}},
	{"PER_LINUX32", onBoth, [...]int64{8, 8}},
	{"UNAME26", onBoth, [...]int64{0x20000, 0x20000}},
	{"ADDR_NO_RANDOMIZE", onBoth, [...]int64{0x40000, 0x40000}},
	{"FDPIC_FUNCPTRS", onBoth, [...]int64{0x80000, 0x80000}},
	{"MMAP_PAGE_ZERO", onBoth, [...]int64{0x100000, 0x100000}},
	{"ADDR_COMPAT_LAYOUT", onBoth, [...]int64{0x200000, 0x200000}},
	{"READ_IMPLIES_EXEC", onBoth, [...]int64{0x400000, 0x400000}},
	{"ADDR_LIMIT_32BIT", onBoth, [...]int64{0x800000, 0x800000}},
	{"SHORT_INODE", onBoth, [...]int64{0x1000000, 0x1000000}},
	{"WHOLE_SECONDS", onBoth, [...]int64{0x2000000, 0x2000000}},
	{"STICKY_TIMEOUTS", onBoth, [...]int64{0x4000000, 0x4000000}},
	{"ADDR_LIMIT_3GB", onBoth, [...]int64{0x8000000, 0x8000000}},

	// asm-generic/ioctls.h
	{"FIONREAD", onBoth, [...]int64{0x541b, 0x541b}},
	{"FIONBIO", onBoth, [...]int64{0x5421, 0x5421}},
	{"FIONCLEX", onBoth, [...]int64{0x5450, 0x5450}},
	{"FIOCLEX", onBoth, [...]int64{0x5451, 0x5451}},
	{"FIOASYNC", onBoth, [...]int64{0x5452, 0x5452}},
	{"FIOQSIZE", onBoth, [...]int64{0x5460, 0x5460}},

	// linux/ipc.h, linux/shm.h, linux/sem.h
	{"IPC_INFO", onBoth, [...]int64{3, 3}},
	{"SHM_LOCK", onBoth, [...]int64{11, 11}},
	{"SHM_UNLOCK", onBoth, [...]int64{12, 12}},
	{"SHM_STAT", onBoth, [...]int64{13, 13}},
	{"SHM_INFO", onBoth, [...]int64{14, 14}},
	{"SHM_HUGETLB", onBoth, [...]int64{0x800, 0x800}},
	{"SHM_NORESERVE", onBoth, [...]int64{0x1000, 0x1000}},
	{"SHM_REMAP", onBoth, [...]int64{0x4000, 0x4000}},
	{"SHM_EXEC", onBoth, [...]int64{0x8000, 0x8000}},
	{"GETPID", onBoth, [...]int64{11, 11}},
	{"GETVAL", onBoth, [...]int64{12, 12}},
	{"GETALL", onBoth, [...]int64{13, 13}},
	{"GETNCNT", onBoth, [...]int64{14, 14}},
	{"GETZCNT", onBoth, [...]int64{15, 15}},
	{"SETVAL", onBoth, [...]int64{16, 16}},
	{"SETALL", onBoth, [...]int64{17, 17}},

	// asm/prctl.h, x86 only
	{"ARCH_SET_GS", onAMD64, [...]int64{0x1001, 0}},
	{"ARCH_SET_FS", onAMD64, [...]int64{0x1002, 0}},
	{"ARCH_GET_FS", onAMD64, [...]int64{0x1003, 0}},
	{"ARCH_GET_GS", onAMD64, [...]int64{0x1004, 0}},
	{"ARCH_GET_CPUID", onAMD64, [...]int64{0x1011, 0}},
	{"ARCH_SET_CPUID", onAMD64, [...]int64{0x1012, 0}},
	{"ARCH_GET_XCOMP_SUPP", onAMD64, [...]int64{0x1021, 0}},
	{"ARCH_GET_XCOMP_PERM", onAMD64, [...]int64{0x1022, 0}},
	{"ARCH_REQ_XCOMP_PERM", onAMD64, [...]int64{0x1023, 0}},

	// linux/membarrier.h
	{"MEMBARRIER_CMD_QUERY", onBoth, [...]int64{0, 0}},
	{"MEMBARRIER_CMD_GLOBAL", onBoth, [...]int64{1, 1}},
	{"MEMBARRIER_CMD_GLOBAL_EXPEDITED", onBoth, [...]int64{2, 2}},
	{"MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED", onBoth, [...]int64{4, 4}},
	{"MEMBARRIER_CMD_PRIVATE_EXPEDITED", onBoth, [...]int64{8, 8}},
	{"MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED", onBoth, [...]int64{16, 16}},
	{"MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE", onBoth, [...]int64{32, 32}},
	{"MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE", onBoth, [...]int64{64, 64}},
	{"MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ", onBoth, [...]int64{128, 128}},
	{"MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ", onBoth, [...]int64{256, 256}},

	// linux/fadvise.h, linux/userfaultfd.h, linux/ioprio.h
	{"POSIX_FADV_NORMAL", onBoth, [...]int64{0, 0}},
	{"POSIX_FADV_RANDOM", onBoth, [...]int64{1, 1}},
	{"POSIX_FADV_SEQUENTIAL", onBoth, [...]int64{2, 2}},
	{"POSIX_FADV_WILLNEED", onBoth, [...]int64{3, 3}},
	{"POSIX_FADV_DONTNEED", onBoth, [...]int64{4, 4}},
	{"POSIX_FADV_NOREUSE", onBoth, [...]int64{5, 5}},
	{"UFFD_USER_MODE_ONLY", onBoth, [...]int64{1, 1}},
	{"IOPRIO_WHO_PROCESS", onBoth, [...]int64{1, 1}},
	{"IOPRIO_WHO_PGRP", onBoth, [...]int64{2, 2}},
	{"IOPRIO_WHO_USER", onBoth, [...]int64{3, 3}},

	// access(2); F_OK is in the other table
	{"X_OK", onBoth, [...]int64{1, 1}},
	{"W_OK", onBoth, [...]int64{2, 2}},
	{"R_OK", onBoth, [...]int64{4, 4}},
}
