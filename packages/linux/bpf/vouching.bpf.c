// SPDX-License-Identifier: GPL-2.0-only
/* Has the kernel's IMA compute the digest of a program that is about to run (kernel-digests.h). */
#include "hooks.h"
#include "kernel-digests.h"

/* include/uapi/linux/hash_info.h */
#define HASH_ALGO_SHA256 4
/* include/linux/fs.h: for a file with fs-verity, IMA may keep that digest instead of the content's. */
#define S_VERITY (1 << 16)
/* linux/magic.h: a process serves the content of such a file, and may serve other content at the next read. */
#define FUSE_SUPER_MAGIC 0x65735546
/* A file in memory may be written to through a mapping, and no time of it changes; a mapping of an overlay's is one of the file beneath. */
#define TMPFS_MAGIC 0x01021994
#define RAMFS_MAGIC 0x858458f6
/* Files of different subvolumes have the same number and device, so a version may be that of several files. */
#define BTRFS_SUPER_MAGIC 0x9123683e
#define BCACHEFS_STATFS_MAGIC 0xca451a4e

#ifdef ATTACH_LSM
/* More than a tick of the coarsest clock (20 ms), and than TAI is ahead of the clock that files have their times of (a minute), in ns. */
#define SETTLED 60020000000ULL

/*
 * Whether the last change is so old that the next one will have another time. A digest is kept for such a version only: after another one,
 * other content could follow with the same times.
 */
static __always_inline bool is_settled(const struct object *object)
{
	u64 changed = (u64)object->changed_seconds * 1000000000ULL + object->changed_nanoseconds;

	return bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_ktime_get_tai_ns) &&
	       changed + SETTLED < bpf_ktime_get_tai_ns();
}

/*
 * Runs before `exec_looks`: of several programs at one hook the kernel runs the most recently attached one first
 * (kernel/bpf/trampoline.c). In the other order, a file would only be vouched for from its second exec on.
 */
SEC("lsm.s/bprm_check_security")
int BPF_PROG(exec_vouched, struct linux_binprm *bprm)
{
	struct inode *inode = bprm->file->f_inode;
	struct object before = {}, after = {};
	struct version version;
	struct digest digest = {};

	if (!bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_ima_file_hash) || !current_member())
		return 0;
	if (inode->i_flags & S_VERITY || is_on_overlay(inode))
		return 0;
	switch (inode->i_sb->s_magic) {
	case FUSE_SUPER_MAGIC:
	case TMPFS_MAGIC:
	case RAMFS_MAGIC:
	case BTRFS_SUPER_MAGIC:
	case BCACHEFS_STATFS_MAGIC:
		return 0;
	}
	describe_version(&before, inode);
	if (!is_settled(&before))
		return 0;
	version_in(&version, &before);
	if (bpf_map_lookup_elem(&vouched, &version))
		return 0;
	if (bpf_ima_file_hash(bprm->file, &digest, sizeof(digest)) != HASH_ALGO_SHA256)
		return 0;
	describe_version(&after, inode);
	if (after.size == before.size && after.changed_seconds == before.changed_seconds &&
	    after.changed_nanoseconds == before.changed_nanoseconds)
		bpf_map_update_elem(&vouched, &version, &digest, BPF_ANY);
	return 0;
}
#endif
