/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The canonical path of an object, as the acting task sees it: from the object upwards to the task's root, across mount
 * points (fs/d_path.c, prepend_path).
 *
 * Names are read one after the other. A rename in between can mix the old path with the new one. Each part was true a moment
 * ago, and the object is the right one in any case.
 */
#ifndef ISOLINE_WALK_H
#define ISOLINE_WALK_H

#include "current-task.h"
#include "namespaces.h"

#define MAX_DEPTH 128

/* This much of a dentry is read at once. Its parent and its name must lie within, or the object does not load. */
#define DENTRY_BYTES 96

/* A `bpf_loop` callback may only be given a pointer into the stack. */
struct step {
	struct scratch *scratch;
};

static __always_inline u64 mount_of(const struct vfsmount *mount)
{
	return (u64)mount - bpf_core_field_offset(struct mount, mnt);
}

static __always_inline void enter_mount(struct walk *walk, u64 mount)
{
	struct mount *m = (struct mount *)mount;

	walk->mount = mount;
	walk->mount_root = (u64)BPF_CORE_READ(m, mnt.mnt_root);
}

/* One step upwards. */
static long climb(u32 index, struct step *step)
{
	struct walk *walk = &step->scratch->walk;
	u8 bytes[DENTRY_BYTES];
	u64 parent, name;
	u32 length, at;

	if (walk->dentry == walk->root_dentry && walk->mount == walk->root_mount) {
		walk->done = 1;
		return 1;
	}
	if (walk->dentry == walk->mount_root) {
		struct mount *m = (struct mount *)walk->mount;
		u64 above = (u64)BPF_CORE_READ(m, mnt_parent);

		if (above == walk->mount) {
			walk->standing = STANDING_OUTSIDE;
			walk->done = 1;
			return 1;
		}
		walk->dentry = (u64)BPF_CORE_READ(m, mnt_mountpoint);
		enter_mount(walk, above);
		return 0;
	}
	if (bpf_probe_read_kernel(bytes, sizeof(bytes), (void *)walk->dentry)) {
		walk->standing = STANDING_TOO_LONG;
		walk->done = 1;
		return 1;
	}
	parent = *(u64 *)(bytes + bpf_core_field_offset(struct dentry, d_parent));
	name = *(u64 *)(bytes + bpf_core_field_offset(struct dentry, d_name.name));
	length = *(u32 *)(bytes + bpf_core_field_offset(struct dentry, d_name.len));
	if (parent == walk->dentry) {
		walk->standing = STANDING_PLACELESS;
		walk->done = 1;
	}
	if (length >= NAME_BYTES || walk->at < length + 1) {
		walk->standing = STANDING_TOO_LONG;
		walk->done = 1;
		return 1;
	}
	at = walk->at - length - 1;
	walk->at = at;
	step->scratch->path[at & (PATH_BYTES - 1)] = '/';
	bpf_probe_read_kernel(&step->scratch->path[(at + 1) & (PATH_BYTES - 1)], length & (NAME_BYTES - 1), (void *)name);
	walk->dentry = parent;
	return walk->done ? 1 : 0;
}

/*
 * Whether an object exists and has no name any more (include/linux/dcache.h, d_unlinked). An object that is about to be made
 * has no inode yet.
 */
static __always_inline bool is_removed(struct dentry *dentry)
{
	return !BPF_CORE_READ(dentry, d_hash.pprev) && BPF_CORE_READ(dentry, d_inode) &&
	       BPF_CORE_READ(dentry, d_parent) != dentry;
}

/* Appends the path of the walk to the text. Returns the number of bytes. */
static __always_inline u32 append_climbed(struct scratch *scratch)
{
	struct walk *walk = &scratch->walk;
	u32 used = scratch->record.act.text_length, length = PATH_BYTES - walk->at;

	if (length > PATH_BYTES || used > PATH_BYTES)
		return 0;
	bpf_probe_read_kernel(&scratch->text[used & (TEXT_BYTES - 1)], length, &scratch->path[walk->at & (PATH_BYTES - 1)]);
	scratch->record.act.text_length = used + length;
	return length;
}

/*
 * Appends the place of an object in its file system, from the object to the root of the whole file system (whose name is a
 * slash), and notes which file system that is. The place is the same wherever the file system is mounted.
 */
static __always_inline void append_place(struct scratch *scratch, struct object *object, u64 dentry)
{
	struct step step = { .scratch = scratch };
	struct walk *walk = &scratch->walk;
	struct dentry *start = (struct dentry *)dentry;

	walk->dentry = dentry;
	walk->at = PATH_BYTES;
	walk->done = 0;
	walk->root_dentry = 0;
	walk->root_mount = 0;
	walk->mount_root = 0;
	walk->standing = STANDING_HERE;
	bpf_loop(MAX_DEPTH, climb, &step, 0);
	/* The place is complete only if the walk ended at an object without a parent. */
	if (!walk->done || walk->standing != STANDING_PLACELESS)
		return;
	object->device = BPF_CORE_READ(start, d_sb, s_dev);
	object->place_length = append_climbed(scratch);
}

/* Appends a path to the text, and notes its length and its standing in the object that is being described. */
__noinline int append_path_here(struct scratch *scratch)
{
	struct task_struct *task = acting_task();
	struct step step = { .scratch = scratch };
	struct object *object;
	struct walk *walk;
	u64 dentry;
	u32 at;
	bool removed;

	if (!scratch || scratch->record.act.objects == 0)
		return 0;
	walk = &scratch->walk;
	walk->at = PATH_BYTES;
	walk->standing = STANDING_HERE;
	walk->done = 0;
	walk->root_dentry = (u64)task->fs->root.dentry;
	walk->root_mount = mount_of(task->fs->root.mnt);
	dentry = walk->dentry;
	at = scratch->record.act.objects - 1;
	object = &scratch->record.act.object[at & 1];
	removed = is_removed((struct dentry *)walk->dentry);
	enter_mount(walk, walk->mount);
	bpf_loop(MAX_DEPTH, climb, &step, 0);
	if (!walk->done)
		walk->standing = STANDING_TOO_LONG;
	else if (removed && walk->standing == STANDING_HERE)
		walk->standing = STANDING_REMOVED;
	if (walk->at == PATH_BYTES && walk->standing != STANDING_TOO_LONG) {
		walk->at = PATH_BYTES - 1;
		scratch->path[PATH_BYTES - 1] = '/';
	}
	object->standing = walk->standing;
	object->path_length = append_climbed(scratch);
	if (scratch->tells_places)
		append_place(scratch, object, dentry);
	return 0;
}

#endif
