// SPDX-License-Identifier: GPL-2.0-only
/*
 * The attributes of a file: length, mode, owner, extended attributes, times. The hooks for the last two do not get the mount.
 * The kernel takes write access to the mount just before, and the mount is noted then.
 */
#include "appending.h"

/* Pointers from here on are error codes (include/linux/err.h). */
#define HIGHEST_ERROR ((u64)-4095)

#define NR_TRUNCATE 76
#define NR_UTIME 132
#define NR_UTIMES 235
#define NR_FUTIMESAT 261
#define NR_UTIMENSAT 280

/* An open with O_TRUNC comes here too, but is judged as an open. */
HOOK(path_truncate)
int BPF_PROG(truncated, const struct path *path)
{
	u64 call = system_call();

	return call == NR_TRUNCATE || call == FOREIGN_CALL ? judge_path(path, OP_TRUNCATE, 0, 0) : 0;
}

/* The same by a descriptor, also through io_uring. If the file was opened for writing, its open was judged already. */
HOOK(file_truncate)
int BPF_PROG(file_truncated, struct file *file)
{
	u32 flags, mode;

	return current_member() && !asks_for(&flags, &mode) ? judge_shortening(file) : 0;
}

/*
 * Who may enter a directory, and fill it. Of the pins that is root alone: another supervisor believes what it finds there for that reason.
 */
static __always_inline int judge_access(const struct path *path, u32 operation, u64 first, u64 second)
{
	struct member *member = current_member();
	struct scratch *scratch;

	if (!member)
		return 0;
	scratch = begin_event(member, operation);
	if (!scratch)
		return unseen_kept(member, operation, is_pin(path->dentry));
	scratch->record.act.arguments[0] = first;
	scratch->record.act.arguments[1] = second;
	add_object(scratch, path->dentry->d_inode, path->dentry, mount_of(path->mnt));
	return end_kept(scratch, BY_RESTART, is_pin(path->dentry));
}

HOOK(path_chmod)
int BPF_PROG(chmoded, const struct path *path, unsigned short mode)
{
	return judge_access(path, OP_CHMOD, mode & 07777, 0);
}

HOOK(path_chown)
int BPF_PROG(chowned, const struct path *path, u64 uid, u64 gid)
{
	return judge_access(path, OP_CHOWN, (u32)uid, (u32)gid);
}

/* A mount outside of every mount namespace belongs to a file system (a layer of an overlay). The task does not see it. */
static __always_inline int note_mount(struct vfsmount *vfsmount)
{
	struct member *member = current_member();
	struct mount *mount;

	if (!member)
		return 0;
	mount = (struct mount *)mount_of(vfsmount);
	if ((u64)BPF_CORE_READ(mount, mnt_ns) < HIGHEST_ERROR)
		member->place_mount = (u64)mount;
	return 0;
}

ENTRY(mnt_want_write)
int BPF_PROG(mount_wanted, struct vfsmount *mount)
{
	return note_mount(mount);
}

ENTRY(mnt_want_write_file)
int BPF_PROG(file_wanted, struct file *file)
{
	return note_mount(file->f_path.mnt);
}

static __always_inline int judge_dentry(struct dentry *dentry, u32 operation, const char *name)
{
	struct member *member = current_member();
	struct mount *mount;
	struct scratch *scratch;

	if (!member)
		return 0;
	/* If the inode is on another file system than the mount of the call, the file system acts by itself. */
	mount = (struct mount *)member->place_mount;
	if (BPF_CORE_READ(mount, mnt.mnt_sb) != dentry->d_sb)
		return 0;
	scratch = begin_event(member, operation);
	if (!scratch)
		return unseen(member, operation);
	add_object(scratch, dentry->d_inode, dentry, member->place_mount);
	if (name)
		append_string(scratch, name);
	return end_event(scratch);
}

HOOK(inode_setxattr)
int BPF_PROG(xattr_set, void *idmap, struct dentry *dentry, const char *name)
{
	return judge_dentry(dentry, OP_SETXATTR, name);
}

HOOK(inode_removexattr)
int BPF_PROG(xattr_removed, void *idmap, struct dentry *dentry, const char *name)
{
	return judge_dentry(dentry, OP_REMOVEXATTR, name);
}

HOOK(inode_set_acl)
int BPF_PROG(acl_set, void *idmap, struct dentry *dentry, const char *name)
{
	return judge_dentry(dentry, OP_SETXATTR, name);
}

HOOK(inode_remove_acl)
int BPF_PROG(acl_removed, void *idmap, struct dentry *dentry, const char *name)
{
	return judge_dentry(dentry, OP_REMOVEXATTR, name);
}

/* Every change of an inode's attributes comes here. The calls that set times have no other hook. */
HOOK(inode_setattr)
int BPF_PROG(attribute_set, void *idmap, struct dentry *dentry)
{
	switch (system_call()) {
	case NR_UTIME:
	case NR_UTIMES:
	case NR_FUTIMESAT:
	case NR_UTIMENSAT:
	case FOREIGN_CALL:
		return judge_dentry(dentry, OP_UTIMENS, 0);
	}
	return 0;
}
