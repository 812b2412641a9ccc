/* SPDX-License-Identifier: GPL-2.0-only */
/* Describes objects and texts in a scratch buffer. */
#ifndef ISOLINE_DESCRIBE_H
#define ISOLINE_DESCRIBE_H

#include "walk.h"

#define OVERLAYFS_SUPER_MAGIC 0x794c7630
/* include/linux/fs.h */
#define FMODE_WRITE 0x2

static __always_inline void describe_inode(struct object *object, struct inode *inode)
{
	object->mode = inode->i_mode;
	object->uid = inode->i_uid.val;
	object->gid = inode->i_gid.val;
	object->magic = inode->i_sb->s_magic;
}

/* The fields that change whenever the content may have changed, and those that locate the file. */
static __always_inline void describe_version(struct object *object, struct inode *inode)
{
	object->inode = inode->i_ino;
	object->device = inode->i_sb->s_dev;
	object->size = inode->i_size;
	if (bpf_core_field_exists(inode->i_ctime_sec)) {
		object->changed_seconds = BPF_CORE_READ(inode, i_ctime_sec);
		/* The highest bit says that the time was queried (I_CTIME_QUERIED, since 6.13). */
		object->changed_nanoseconds = BPF_CORE_READ(inode, i_ctime_nsec) & 0x7fffffff;
	} else if (bpf_core_field_exists(inode->__i_ctime)) {
		object->changed_seconds = BPF_CORE_READ(inode, __i_ctime.tv_sec);
		object->changed_nanoseconds = BPF_CORE_READ(inode, __i_ctime.tv_nsec);
	} else {
		object->changed_seconds = BPF_CORE_READ(inode, i_ctime.tv_sec);
		object->changed_nanoseconds = BPF_CORE_READ(inode, i_ctime.tv_nsec);
	}
}

static __always_inline bool is_on_overlay(struct inode *inode)
{
	return inode->i_sb->s_magic == OVERLAYFS_SUPER_MAGIC;
}

/* The version of the file that is the first object of an act, as far as it proves the content. */
static __always_inline void describe_content(struct scratch *scratch, struct inode *inode)
{
	struct object *object = &scratch->record.act.object[0];
	struct namespace_state *state;

	describe_version(object, inode);
	if (!is_on_overlay(inode))
		return;
	state = bpf_map_lookup_elem(&namespace_states, &scratch->record.namespace_id);
	object->may_be_mapped = !state || state->maps_overlay;
}

/* Adds an object with its path. `inode` is 0 for a name that is about to be made. */
static __always_inline void add_object(struct scratch *scratch, struct inode *inode, struct dentry *dentry, u64 mount)
{
	u32 at = scratch->record.act.objects & 1;

	scratch->record.act.objects = at + 1;
	if (inode)
		describe_inode(&scratch->record.act.object[at], inode);
	scratch->walk.dentry = (u64)dentry;
	scratch->walk.mount = mount;
	append_path_here(scratch);
}

/* Appends `length` bytes of kernel memory to the text. */
static __always_inline void append_bytes(struct scratch *scratch, const void *from, u32 length)
{
	u32 used = scratch->record.act.text_length;

	if (length > PATH_BYTES || used > PATH_BYTES)
		return;
	if (bpf_probe_read_kernel(&scratch->text[used & (TEXT_BYTES - 1)], length, from) == 0)
		scratch->record.act.text_length = used + length;
}

static __always_inline void append_string(struct scratch *scratch, const char *from)
{
	u32 used = scratch->record.act.text_length;
	long length;

	if (used > PATH_BYTES)
		return;
	length = bpf_probe_read_kernel_str(&scratch->text[used & (TEXT_BYTES - 1)], PATH_BYTES, from);
	if (length > 1 && length <= PATH_BYTES)
		scratch->record.act.text_length = used + length - 1;
}

#endif
