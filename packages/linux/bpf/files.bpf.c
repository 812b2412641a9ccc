// SPDX-License-Identifier: GPL-2.0-only
/* Opens, and files that are created by an open. */
#include "hooks.h"
#include "short-key.h"
#include "supervisors.h"

#define O_ACCMODE 03
#define O_RDONLY 0
#define O_WRONLY 01
#define O_CREAT 0100
#define O_EXCL 0200
#define O_TRUNC 01000
#define O_APPEND 02000
#define O_DIRECTORY 0200000
#define O_NOFOLLOW 0400000
#define O_TMPFILE 020000000
#define O_PATH 010000000
/* In the place of the flags of a name that is made by no such call. */
#define BY_RING (~0U)
#define CREATE_FLAGS (O_ACCMODE | O_APPEND | O_EXCL)
#define KEY_FLAGS (O_ACCMODE | O_APPEND | O_TRUNC | O_CREAT | O_EXCL | O_DIRECTORY | O_NOFOLLOW)

/* include/linux/fs.h: created by this open; the file of a layer that an overlay opens by itself. */
#define FMODE_CREATED 0x100000
#define FMODE_NOACCOUNT 0x20000000

#define S_IFSOCK 0140000
/* linux/magic.h */
#define NSFS_MAGIC 0x6e736673
#define PID_FS_MAGIC 0x50494446

/* arch/x86/entry/syscalls/syscall_64.tbl */
#define NR_OPEN 2
#define NR_CREAT 85
#define NR_OPENAT 257
#define NR_OPENAT2 437
#define NR_ACCT 163
#define NR_SWAPON 167
#define NR_SWAPOFF 168

/*
 * The flags and mode of an open, from registers that no other thread can change. openat2 has them in memory, so there they
 * are compared later.
 */
static __always_inline bool asks_for(u32 *flags, u32 *mode)
{
	struct pt_regs *regs = (struct pt_regs *)bpf_task_pt_regs(bpf_get_current_task_btf());
	u64 how[2];

	switch (raw_call()) {
	case NR_OPEN:
		*flags = BPF_CORE_READ(regs, si);
		*mode = BPF_CORE_READ(regs, dx);
		return true;
	case NR_CREAT:
		*flags = O_CREAT | O_WRONLY | O_TRUNC;
		*mode = BPF_CORE_READ(regs, si);
		return true;
	case NR_OPENAT:
		*flags = BPF_CORE_READ(regs, dx);
		*mode = BPF_CORE_READ(regs, r10);
		return true;
	case NR_OPENAT2:
		if (bpf_probe_read_user(how, sizeof(how), (void *)BPF_CORE_READ(regs, dx)))
			return false;
		*flags = how[0];
		*mode = how[1];
		return true;
	}
	return false;
}

/* As `is_removed`, for a file whose fields can be read directly. */
static __always_inline bool has_no_name(struct file *file)
{
	struct dentry *dentry = file->f_path.dentry;

	return !dentry->d_hash.pprev && dentry->d_inode && dentry->d_parent != dentry;
}

/* fs/mount.h: MNT_NS_INTERNAL */
#define INTERNAL_MOUNT ((void *)-22L)

/*
 * Whether an overlay opens a file of its layers, to copy a file up or to list a directory. It does so on private mounts that
 * no path leads to. A memfd and the like are on such mounts as well, but have no parent directory.
 */
static __always_inline bool is_of_layer(struct file *file)
{
	struct mount *mount = (struct mount *)mount_of(file->f_path.mnt);
	struct dentry *dentry = file->f_path.dentry;

	if (BPF_CORE_READ(mount, mnt_ns) != INTERNAL_MOUNT)
		return false;
	return BPF_CORE_READ(dentry, d_parent) != dentry || BPF_CORE_READ(mount, mnt.mnt_root) == dentry;
}

#define NR_READ 0
#define NR_PREAD64 17
#define NR_READV 19
#define NR_PREADV 295
#define NR_PREADV2 327

/*
 * How an open waits for its verdict. A read of a fanotify group opens a file, and hides the hook's error from its caller: the
 * pending permission question would be answered with no, and the open never retried (fs/notify/fanotify/fanotify_user.c,
 * fanotify_read). 9p and SMB have opened a file that may be made before they ask, and tell their server when that fails. On one processor
 * the supervisor could not decide meanwhile.
 */
static __always_inline enum patience patience_for(struct member *member, struct file *file, u64 call)
{
	if (file->f_flags & O_CREAT && forgets_signals(file->f_inode->i_sb) && processors_of(member->namespace_id) > 1)
		return IN_PLACE;
	switch (call) {
	case NR_READ:
	case NR_PREAD64:
	case NR_READV:
	case NR_PREADV:
	case NR_PREADV2:
		return IN_PLACE;
	}
	return BY_RESTART;
}

/* Whether the file belongs to a supervisor and no workload may open it. By tracepoints it is open already. */
static __always_inline bool is_kept_open(struct file *file)
{
#ifdef ATTACH_TRACEPOINTS
	return false;
#else
	switch (file->f_inode->i_sb->s_magic) {
	case PROC_SUPER_MAGIC:
		return is_kept_entry(file);
	case CGROUP_SUPER_MAGIC:
	case CGROUP2_SUPER_MAGIC:
		return file->f_mode & FMODE_WRITE && is_of_own_group(file);
	}
	return false;
#endif
}

/* Judges an open. `flags` may hold flags that the file itself no longer keeps; `foreign`: by a call of another ABI. */
static __always_inline int judge_open(struct member *member, struct file *file, u32 flags, bool foreign)
{
	struct inode *inode = file->f_inode;
	bool is_kept = is_kept_open(file);
	u64 process = inode->i_sb->s_magic == PROC_SUPER_MAGIC ? member->process : 0, key[2] = {};
	struct namespace_state *state;
	struct scratch *scratch;

	flags &= KEY_FLAGS | O_PATH;
	/* A task that was held asks again with the same key, and is released where the full verdict is made. */
	if (!is_kept && member->by_key && !foreign && !has_no_name(file) && make_short_key(member, file, flags, process, key) &&
	    !member->is_held && is_known(member, OP_OPEN, key))
		return 0;
	if (is_of_layer(file))
		return 0;
	scratch = begin_event(member, OP_OPEN);
	if (!scratch)
		return unseen_kept(member, OP_OPEN, is_kept);
	scratch->record.key[0] = key[0];
	scratch->record.key[1] = key[1];
	scratch->record.act.arguments[0] = flags;
	/* The meaning of a path in /proc depends on the process that opens it. */
	scratch->record.act.arguments[1] = process;
	add_object(scratch, inode, file->f_path.dentry, mount_of(file->f_path.mnt));
	state = bpf_map_lookup_elem(&namespace_states, &member->namespace_id);
	if (state && state->content && (inode->i_mode & S_IFMT) == S_IFREG && !(flags & O_PATH) &&
	    ((flags & O_ACCMODE) != O_WRONLY || state->content == VERSIONS_OPENED))
		describe_content(scratch, inode);
	/* The kind of the kernel namespace. Its number is the only name of such a file. */
	if (inode->i_sb->s_magic == NSFS_MAGIC) {
		struct ns_common *namespace = BPF_CORE_READ(inode, i_private);

		append_string(scratch, BPF_CORE_READ(namespace, ops, name));
	}
	return end_kept(scratch, patience_for(member, file, system_call()), is_kept);
}

/* A file without a name (O_TMPFILE), in a directory. */
static __always_inline int judge_unnamed(struct member *member, struct file *file)
{
	struct scratch *scratch = begin_event(member, OP_CREATE);
	u32 flags = 0, asked = 0;

	if (!scratch)
		return unseen(member, OP_CREATE);
	/* The file is there already: a ring's mode is its own, and that of openat2 may have been changed in memory. */
	if (!asks_for(&flags, &asked) || file->f_inode->i_mode & 07777 & ~asked)
		asked = file->f_inode->i_mode;
	scratch->record.act.arguments[0] = file->f_flags & KEY_FLAGS;
	scratch->record.act.arguments[1] = asked & 07777;
	scratch->record.act.arguments[2] = 1;
	add_object(scratch, 0, file->f_path.dentry->d_parent, mount_of(file->f_path.mnt));
	return end_event(scratch);
}

/* A file that the kernel opens by itself, for swap or for process accounting. The act is the call. */
static __always_inline int judge_use(struct member *member, struct file *file, u32 operation, u64 call)
{
	struct scratch *scratch = begin_event(member, operation);

	if (!scratch)
		return unseen(member, operation);
	scratch->record.act.arguments[0] = call;
	add_object(scratch, file->f_inode, file->f_path.dentry, mount_of(file->f_path.mnt));
	return end_event(scratch);
}

/* Whether this is not an open by name: a pidfd opens without one, and a socket cannot be opened at all. */
static __always_inline bool is_no_opening(struct file *file)
{
	u32 flags, mode;

	if ((file->f_inode->i_mode & S_IFMT) == S_IFSOCK)
		return true;
	return file->f_inode->i_sb->s_magic == PID_FS_MAGIC && !asks_for(&flags, &mode);
}

HOOK(file_open)
int BPF_PROG(file_opened, struct file *file)
{
	struct member *member = current_member();
	u64 call;

	if (!member || file->f_mode & FMODE_NOACCOUNT || is_no_opening(file))
		return 0;
	call = system_call();
	if (call == NR_SWAPON || call == NR_SWAPOFF)
		return judge_use(member, file, OP_SWAP, call);
	if (call == NR_ACCT)
		return judge_use(member, file, OP_ADMIN, call);
	if (file->f_flags & FMODE_EXEC) {
		if (member->images > 0)
			add_image(member, file, true);
		return 0;
	}
	/*
	 * A file that this open created was judged when it was created. To hold the open now would find the file existing
	 * when the call is restarted. If another thread changed the flags of openat2 in memory, the judged flags were not the
	 * real ones. What a ring opens was judged as a name only.
	 */
	if (file->f_mode & FMODE_CREATED && member->created_with != BY_RING)
		return (file->f_flags & CREATE_FLAGS) == member->created_with ? 0 : unseen(member, OP_CREATE);
	if ((file->f_flags & (O_TMPFILE | O_DIRECTORY)) == (O_TMPFILE | O_DIRECTORY))
		return judge_unnamed(member, file);
	return judge_open(member, file, file->f_flags, call == FOREIGN_CALL);
}
