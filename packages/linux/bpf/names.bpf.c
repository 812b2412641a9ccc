// SPDX-License-Identifier: GPL-2.0-only
/*
 * Names that are made, moved and removed. Each has two hooks. The hook of the path comes early and knows the mount. The hook
 * of the inode comes after the kernel's own checks; what those refuse is an attempt, not an event.
 *
 * None of these acts is answered from the table while there is a supervisor: its lens must see every name that changes. What it stores
 * of them holds once it has ended (VERDICT_ORPHANED).
 */
#include "hooks.h"

#define BPF_FS_MAGIC 0xcafe4a11
#define RENAME_EXCHANGE 2
#define ENOTEMPTY 39
#define ESTALE 116
#define NR_MKNOD 133
#define NR_MKNODAT 259
/* Negative entries count as well: names that are cached as not existing. */
#define MOST_ENTRIES 4096

/* Notes which name the call is about, and on which mount. */
static __always_inline int note_place(const struct path *directory, struct dentry *dentry, u32 flags)
{
	struct member *member = current_member();

	if (!member)
		return 0;
	member->place = (u64)dentry;
	member->place_mount = mount_of(directory->mnt);
	member->place_flags = flags;
	return 0;
}

/* The member whose call is about this very name; 0 for the names that a file system changes by itself during the call. */
static __always_inline struct member *at_place(struct dentry *dentry)
{
	struct member *member = current_member();

	return member && member->place == (u64)dentry ? member : 0;
}

/*
 * Whether the dentry cache of this file system shows what a directory holds, and no entry disappears with the directory, as a
 * control group's files do.
 */
static __always_inline bool remembers_truly(u64 magic)
{
	switch (magic) {
	case 0x01021994: /* TMPFS_MAGIC */
	case 0xef53: /* EXT4_SUPER_MAGIC */
	case 0x58465342: /* XFS_SUPER_MAGIC */
	case 0x9123683e: /* BTRFS_SUPER_MAGIC */
	case 0xf2f52010: /* F2FS_SUPER_MAGIC */
	case 0x794c7630: /* OVERLAYFS_SUPER_MAGIC */
		return true;
	}
	return false;
}

/* A `bpf_loop` callback may only be given a pointer into the stack. */
struct searched {
	u64 next;
	bool found;
};

static long try_entry(u32 index, struct searched *searched)
{
	struct dentry *child;

	if (!searched->next)
		return 1;
	child = (struct dentry *)(searched->next - bpf_core_field_offset(struct dentry, d_sib));
	if (BPF_CORE_READ(child, d_inode) && BPF_CORE_READ(child, d_hash.pprev)) {
		searched->found = true;
		return 1;
	}
	searched->next = (u64)BPF_CORE_READ(child, d_sib.next);
	return 0;
}

/*
 * Whether a directory has an entry, so that rmdir fails. The kernel finds out only after the hook (vfs_rmdir), and a call
 * that it refuses is no event. The hook itself then returns the error, so the result does not depend on the entry remaining.
 */
static __always_inline bool holds_something(struct dentry *directory)
{
	struct searched searched = {};

	if (!bpf_core_field_exists(directory->d_children) || !remembers_truly(BPF_CORE_READ(directory, d_sb, s_magic)))
		return false;
	searched.next = (u64)BPF_CORE_READ(directory, d_children.first);
	bpf_loop(MOST_ENTRIES, try_entry, &searched, 0);
	return searched.found;
}

/*
 * Whether a name is a pin. Pins keep the programs loaded after their supervisor has ended, so no workload may remove one,
 * whatever the contour says.
 */
static __always_inline bool is_pin(struct dentry *dentry)
{
	return BPF_CORE_READ(dentry, d_sb, s_magic) == BPF_FS_MAGIC;
}

static __always_inline int judge_removal(struct dentry *dentry, u32 operation)
{
	struct member *member = at_place(dentry);
	struct scratch *scratch;

	if (!member)
		return 0;
	scratch = begin_event(member, operation);
	if (!scratch)
		return unseen_kept(member, operation, is_pin(dentry));
	add_object(scratch, dentry->d_inode, dentry, member->place_mount);
	return end_kept(scratch, BY_RESTART, is_pin(dentry));
}

static __always_inline struct scratch *begin_making(struct member *member, struct dentry *dentry, u32 operation)
{
	struct scratch *scratch = begin_event(member, operation);

	if (scratch)
		add_object(scratch, 0, dentry, member->place_mount);
	return scratch;
}

HOOK(path_unlink)
int BPF_PROG(unlink_at, const struct path *dir, struct dentry *dentry)
{
	return note_place(dir, dentry, 0);
}

HOOK(inode_unlink)
int BPF_PROG(unlinked, struct inode *dir, struct dentry *dentry)
{
	return judge_removal(dentry, OP_UNLINK);
}

HOOK(path_rmdir)
int BPF_PROG(rmdir_at, const struct path *dir, struct dentry *dentry)
{
	return note_place(dir, dentry, 0);
}

HOOK(inode_rmdir)
int BPF_PROG(rmdired, struct inode *dir, struct dentry *dentry)
{
	if (at_place(dentry) && holds_something(dentry))
		return -ENOTEMPTY;
	return judge_removal(dentry, OP_RMDIR);
}

HOOK(path_rename)
int BPF_PROG(rename_at, const struct path *old_dir, struct dentry *old, const struct path *new_dir, struct dentry *new,
	     unsigned int flags)
{
	return note_place(old_dir, old, flags);
}

HOOK(inode_rename)
int BPF_PROG(renamed, struct inode *old_dir, struct dentry *old, struct inode *new_dir, struct dentry *new)
{
	struct member *member = at_place(old);
	struct scratch *scratch;

	if (!member)
		return 0;
	scratch = begin_event(member, OP_RENAME);
	if (!scratch)
		return unseen_kept(member, OP_RENAME, is_pin(old));
	scratch->record.act.arguments[0] = member->place_flags & RENAME_EXCHANGE;
	/* The verifier assumes that the inode is never NULL, and would remove a comparison with it. */
	scratch->record.act.arguments[1] = BPF_CORE_READ(new, d_inode) != 0;
#ifndef ATTACH_TRACEPOINTS
	/* The file system may refuse it. */
	scratch->record.act.arguments[2] = 1;
#endif
	add_object(scratch, old->d_inode, old, member->place_mount);
	add_object(scratch, 0, new, member->place_mount);
	/* The kernel calls the hook twice for an exchange, the second time with the names swapped. */
	member->place = 0;
	return end_kept(scratch, BY_RESTART, is_pin(old));
}

HOOK(path_link)
int BPF_PROG(link_at, struct dentry *old, const struct path *dir, struct dentry *dentry)
{
	return note_place(dir, dentry, 0);
}

HOOK(inode_link)
int BPF_PROG(linked, struct dentry *old, struct inode *dir, struct dentry *dentry)
{
	struct member *member = at_place(dentry);
	struct scratch *scratch;

	if (!member)
		return 0;
	scratch = begin_event(member, OP_LINK);
	if (!scratch)
		return unseen(member, OP_LINK);
	/* A link and its file are on one mount. */
	add_object(scratch, old->d_inode, old, member->place_mount);
	add_object(scratch, 0, dentry, member->place_mount);
	return end_event(scratch);
}

HOOK(path_symlink)
int BPF_PROG(symlink_at, const struct path *dir, struct dentry *dentry)
{
	return note_place(dir, dentry, 0);
}

HOOK(inode_symlink)
int BPF_PROG(symlinked, struct inode *dir, struct dentry *dentry, const char *content)
{
	struct member *member = at_place(dentry);
	struct scratch *scratch;

	if (!member)
		return 0;
	scratch = begin_making(member, dentry, OP_SYMLINK);
	if (!scratch)
		return unseen(member, OP_SYMLINK);
	append_string(scratch, content);
	return end_event(scratch);
}

HOOK(path_mkdir)
int BPF_PROG(mkdir_at, const struct path *dir, struct dentry *dentry)
{
	return note_place(dir, dentry, 0);
}

HOOK(inode_mkdir)
int BPF_PROG(mkdired, struct inode *dir, struct dentry *dentry, unsigned short mode)
{
	struct member *member = at_place(dentry);
	struct scratch *scratch;

	if (!member)
		return 0;
	scratch = begin_making(member, dentry, OP_MKDIR);
	if (!scratch)
		return unseen(member, OP_MKDIR);
	scratch->record.act.arguments[0] = mode;
	return end_event(scratch);
}

HOOK(path_mknod)
int BPF_PROG(mknod_at, const struct path *dir, struct dentry *dentry)
{
	return note_place(dir, dentry, 0);
}

/* The walk to the path of an open is in its last attempt, which trusts no memory (include/linux/namei.h). */
#define LOOKUP_REVAL 0x20

static __always_inline bool is_last_attempt(struct nameidata *walk)
{
	return BPF_CORE_READ(walk, flags) & LOOKUP_REVAL;
}

/*
 * Whether the file system looks a name up and makes it in one step, as one on a network does. For an open that may make a file it
 * leaves in place what the kernel remembers as missing, and may find the file all the same (fs/nfs/dir.c, nfs_neg_need_reval).
 */
static __always_inline bool opens_by_itself(struct inode *dir)
{
	return BPF_CORE_READ(dir, i_op, atomic_open) != 0;
}

/*
 * Whether the kernel knows that there is no such file. An open that may make one asks before the name is looked up, unless the kernel
 * remembers that it is missing (fs/namei.c, lookup_open). A dentry that is still to be looked up is in no table. Of the file systems in
 * memory there is no file that the kernel does not remember. mknod has looked the name up, and walks no path any more.
 */
static __always_inline bool is_missing(struct inode *dir, struct dentry *dentry, struct nameidata *walk)
{
	if (!walk)
		return true;
	if (BPF_CORE_READ(dentry, d_hash.pprev))
		return !opens_by_itself(dir) || is_last_attempt(walk);
	switch (BPF_CORE_READ(dentry, d_sb, s_magic)) {
	case 0x01021994: /* TMPFS_MAGIC */
	case 0x858458f6: /* RAMFS_MAGIC */
	case 0x958458f6: /* HUGETLBFS_MAGIC */
		return true;
	}
	return false;
}

/* In the place of a number that such an act does not have: the file may have been there before. */
#define UNPROVEN 2

/* How a name is about to be made. */
struct making {
	u32 standing;
	enum patience patience;
};

static __always_inline int judge_node(struct member *member, struct dentry *dentry, u32 mode, u32 device, struct making making)
{
	u32 operation = (mode & S_IFMT) == S_IFSOCK && member->socket_type ? OP_BIND : OP_MKNOD;
	struct scratch *scratch = begin_making(member, dentry, operation);

	if (!scratch)
		return unseen(member, operation);
	scratch->record.act.arguments[0] = operation == OP_BIND ? member->socket_type : mode;
	scratch->record.act.arguments[1] = operation == OP_BIND ? 1 : device;
	scratch->record.act.arguments[2] = making.standing;
	return end_event_by(scratch, making.patience);
}

/* A device, a pipe or a socket: bind makes the name of a socket as any other name is made. */
HOOK(inode_mknod)
int BPF_PROG(mknoded, struct inode *dir, struct dentry *dentry, unsigned short mode, unsigned int device)
{
	struct member *member = at_place(dentry);

	return member ? judge_node(member, dentry, mode, device, (struct making){ .patience = BY_RESTART }) : 0;
}

/* A regular file, made by an open or by mknod. */
HOOK(inode_create)
int BPF_PROG(created, struct inode *dir, struct dentry *dentry, unsigned short mode)
{
	struct member *member = at_place(dentry);
	struct making making = { .patience = BY_RESTART };
	u32 flags, asked;
	struct scratch *scratch;

	if (!member)
		return 0;
#ifndef ATTACH_TRACEPOINTS
	struct nameidata *walk = BPF_CORE_READ(bpf_get_current_task_btf(), nameidata);

	/*
	 * Has the kernel look the name up first. Where the file is there, the kernel drops the error, and the call is an open like any other.
	 * Where it is not, ESTALE makes the kernel try once more at once, and it remembers by then that the name is missing (fs/namei.c,
	 * do_filp_open). Where the file system keeps no such memory, this last attempt is judged.
	 */
	if (!is_missing(dir, dentry, walk)) {
		if (!is_last_attempt(walk))
			return -ESTALE;
		making.standing = UNPROVEN;
	}
	/*
	 * Where the file is there, the kernel drops the error, and the call goes on. A task that was stopped for it stops once its call is over,
	 * until the verdict is there. On one processor it has to.
	 */
	if ((making.standing == UNPROVEN || (walk && opens_by_itself(dir))) && processors_of(member->namespace_id) > 1)
		making.patience = IN_PLACE;
	if (walk && forgets_signals(BPF_CORE_READ(dentry, d_sb)))
		making.patience = IN_PLACE;
#endif
	if (!asks_for(&flags, &asked)) {
		member->created_with = BY_RING;
		return judge_node(member, dentry, (mode & 07777) | S_IFREG, 0, making);
	}
	/* The kernel takes bits away from the mode (umask), and adds none: it was another one in the memory of openat2. */
	if (mode & 07777 & ~asked)
		asked = mode;
	member->created_with = flags & CREATE_FLAGS;
	scratch = begin_making(member, dentry, OP_CREATE);
	if (!scratch)
		return unseen(member, OP_CREATE);
	scratch->record.act.arguments[0] = flags & KEY_FLAGS;
	scratch->record.act.arguments[1] = asked & 07777;
	scratch->record.act.arguments[2] = making.standing;
	return end_event_by(scratch, making.patience);
}
