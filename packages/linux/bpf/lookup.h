/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Resolves a path in the memory of the acting task without calling the file system: from where the call begins, name after
 * name, in the kernel's dentry cache (fs/namei.c, link_path_walk). When a call has ended, the names that it used are in the
 * cache, and mostly before too. A name that is not there gives MEANS_UNKNOWN or MEANS_NAME.
 *
 * The string belongs to the task: another thread may exchange it before the kernel reads it.
 */
#ifndef ISOLINE_LOOKUP_H
#define ISOLINE_LOOKUP_H

#include "lookup-state.h"

#define AT_FDCWD (-100)
#define S_IFLNK 0120000

#define MOST_NAMES_IN_PATH 256
#define MOST_CHILDREN 65536
#define MOST_MOUNTS 8192
#define MOST_LINKS 8

enum dentry_flags___named {
	DCACHE_MOUNTED___named = 1 << 16,
};

/* A `bpf_loop` callback may only be given a pointer into the stack. */
struct going {
	struct way *way;
};

static __always_inline bool is_same_name(struct way *way, const struct dentry *child)
{
	u32 length = way->length & (NAME_BYTES - 1);

	if (BPF_CORE_READ(child, d_name.len) != length || !BPF_CORE_READ(child, d_hash.pprev))
		return false;
	__builtin_memset(way->other, 0, NAME_BYTES);
	bpf_probe_read_kernel(way->other, length, BPF_CORE_READ(child, d_name.name));
	for (u32 word = 0; word < NAME_BYTES / 8; word++)
		if (((u64 *)way->other)[word] != ((u64 *)way->name)[word])
			return false;
	return true;
}

static long try_child(u32 index, struct going *going)
{
	struct way *way = going->way;
	struct dentry *child;

	if (!way->next)
		return 1;
	child = (struct dentry *)(way->next - bpf_core_field_offset(struct dentry, d_sib));
	if (is_same_name(way, child)) {
		way->child = (u64)child;
		return 1;
	}
	way->next = (u64)BPF_CORE_READ(child, d_sib.next);
	return 0;
}

static long try_mount(u32 index, struct going *going)
{
	struct way *way = going->way;
	struct mount *other;

	if (!way->next || way->next == way->mount + bpf_core_field_offset(struct mount, mnt_mounts))
		return 1;
	other = (struct mount *)(way->next - bpf_core_field_offset(struct mount, mnt_child));
	if ((u64)BPF_CORE_READ(other, mnt_mountpoint) == way->child) {
		way->mounted = (u64)other;
		return 1;
	}
	way->next = (u64)BPF_CORE_READ(other, mnt_child.next);
	return 0;
}

/* A mount on the child hides it, and may be hidden by another mount. */
static long cross_mount(u32 index, struct going *going)
{
	struct way *way = going->way;
	struct dentry *child = (struct dentry *)way->child;
	struct mount *mount = (struct mount *)way->mount;
	u32 mounted = 1 << 16;

	if (bpf_core_enum_value_exists(enum dentry_flags___named, DCACHE_MOUNTED___named))
		mounted = bpf_core_enum_value(enum dentry_flags___named, DCACHE_MOUNTED___named);
	if (!(BPF_CORE_READ(child, d_flags) & mounted))
		return 1;
	way->mounted = 0;
	way->next = (u64)BPF_CORE_READ(mount, mnt_mounts.next);
	bpf_loop(MOST_MOUNTS, try_mount, going, 0);
	if (!way->mounted)
		return 1;
	way->mount = way->mounted;
	mount = (struct mount *)way->mounted;
	way->child = (u64)BPF_CORE_READ(mount, mnt.mnt_root);
	return 0;
}

static __always_inline void go_up(struct way *way)
{
	struct dentry *here;

	for (u32 mounts = 0; mounts < 4; mounts++) {
		struct mount *mount = (struct mount *)way->mount;
		u64 above;

		if (way->dentry == way->root_dentry && way->mount == way->root_mount)
			return;
		if (way->dentry != (u64)BPF_CORE_READ(mount, mnt.mnt_root))
			break;
		above = (u64)BPF_CORE_READ(mount, mnt_parent);
		if (above == way->mount)
			return;
		way->dentry = (u64)BPF_CORE_READ(mount, mnt_mountpoint);
		way->mount = above;
	}
	here = (struct dentry *)way->dentry;
	way->dentry = (u64)BPF_CORE_READ(here, d_parent);
}

/* The content of a symbolic link takes the place of its name. */
static __always_inline long follow_link(struct way *way, struct inode *inode)
{
	const char *content = BPF_CORE_READ(inode, i_link);
	long length;

	if (!content || ++way->links > MOST_LINKS)
		return 1;
	length = bpf_probe_read_kernel_str(way->spliced, PATH_BYTES, content);
	if (length <= 1 || length >= PATH_BYTES)
		return 1;
	way->spliced[(length - 1) & (PATH_BYTES - 1)] = '/';
	if (bpf_probe_read_kernel_str(&way->spliced[length & (PATH_BYTES - 1)], PATH_BYTES,
				      &way->string[way->at & (PATH_BYTES - 1)]) < 0)
		return 1;
	if (bpf_probe_read_kernel_str(way->string, PATH_BYTES, way->spliced) >= PATH_BYTES)
		return 1;
	way->at = 0;
	if (way->string[0] == '/') {
		way->dentry = way->root_dentry;
		way->mount = way->root_mount;
	}
	return 0;
}

static long read_character(u32 index, struct going *going)
{
	struct way *way = going->way;
	u8 character = way->string[way->at & (PATH_BYTES - 1)];

	if (character == 0 || character == '/')
		return 1;
	way->name[way->length & (NAME_BYTES - 1)] = character;
	way->length += 1;
	way->at += 1;
	return 0;
}

static long skip_slash(u32 index, struct going *going)
{
	struct way *way = going->way;

	if (way->string[way->at & (PATH_BYTES - 1)] != '/')
		return 1;
	way->at += 1;
	return 0;
}

/* One name further. Returns 1 when the walk ends; then `meaning` holds the result. */
static long go(u32 index, struct going *going)
{
	struct way *way = going->way;
	struct dentry *here, *child;
	struct inode *inode;
	bool is_last;

	way->length = 0;
	__builtin_memset(way->name, 0, NAME_BYTES);
	bpf_loop(PATH_BYTES, skip_slash, going, 0);
	bpf_loop(NAME_BYTES, read_character, going, 0);
	if (way->length == 0) {
		way->meaning = MEANS_OBJECT;
		return 1;
	}
	if (way->length >= NAME_BYTES)
		return 1;
	if (way->name[0] == '.' && way->length == 1)
		return 0;
	if (way->name[0] == '.' && way->name[1] == '.' && way->length == 2) {
		go_up(way);
		return 0;
	}
	is_last = way->string[way->at & (PATH_BYTES - 1)] == 0;
	if (!is_last) {
		bpf_loop(PATH_BYTES, skip_slash, going, 0);
		is_last = way->string[way->at & (PATH_BYTES - 1)] == 0;
		/* A slash after the last name follows it. */
		if (is_last)
			way->follow = 1;
		else if (go_to_descriptor(way))
			return 1;
	}
	way->child = 0;
	here = (struct dentry *)way->dentry;
	way->next = (u64)BPF_CORE_READ(here, d_children.first);
	bpf_loop(MOST_CHILDREN, try_child, going, 0);
	child = (struct dentry *)way->child;
	if (!child || !BPF_CORE_READ(child, d_inode)) {
		if (is_last)
			way->meaning = MEANS_NAME;
		return 1;
	}
	bpf_loop(4, cross_mount, going, 0);
	child = (struct dentry *)way->child;
	inode = BPF_CORE_READ(child, d_inode);
	if ((BPF_CORE_READ(inode, i_mode) & S_IFMT) == S_IFLNK && (!is_last || way->follow))
		return follow_link(way, inode);
	way->dentry = way->child;
	if (is_last)
		way->meaning = MEANS_OBJECT;
	return is_last;
}

static __always_inline bool begin_at(struct way *way, struct task_struct *task)
{
	u64 file;

	if (way->string[0] == '/') {
		way->dentry = way->root_dentry;
		way->mount = way->root_mount;
	} else if (way->directory == AT_FDCWD) {
		way->dentry = (u64)task->fs->pwd.dentry;
		way->mount = mount_of(task->fs->pwd.mnt);
	} else {
		file = file_of(way->directory);
		if (!file)
			return false;
		way->dentry = (u64)as_file(file)->f_path.dentry;
		way->mount = mount_of(as_file(file)->f_path.mnt);
	}
	return true;
}

/* Walks the path that `directory`, `string_at` and `follow` describe. */
__noinline int find_way(struct way *way)
{
	struct task_struct *task = acting_task();
	struct going going = { .way = way };
	long length;

	if (!way)
		return 0;
	way->meaning = MEANS_UNKNOWN;
	way->links = 0;
	way->at = 0;
	length = way->is_safe ? bpf_probe_read_kernel_str(way->string, PATH_BYTES, (void *)way->string_at)
			      : bpf_probe_read_user_str(way->string, PATH_BYTES, (void *)way->string_at);
	if (length <= 1 || length >= PATH_BYTES)
		return 0;
	way->root_dentry = (u64)task->fs->root.dentry;
	way->root_mount = mount_of(task->fs->root.mnt);
	if (begin_at(way, task))
		bpf_loop(MOST_NAMES_IN_PATH, go, &going, 0);
	return 0;
}

/* The open file of a descriptor, as if a path had led to it. */
static __always_inline void find_descriptor(struct way *way, u32 descriptor)
{
	u64 file = file_of(descriptor);

	way->meaning = MEANS_UNKNOWN;
	if (!file)
		return;
	way->dentry = (u64)as_file(file)->f_path.dentry;
	way->mount = mount_of(as_file(file)->f_path.mnt);
	way->meaning = MEANS_OBJECT;
}

static __always_inline u32 find(struct way *way, s32 directory, u64 string, bool follow)
{
	way->directory = directory;
	way->string_at = string;
	way->follow = follow;
	way->is_safe = false;
	find_way(way);
	return way->meaning;
}

/* Resolves a string that the kernel has already copied. */
static __always_inline u32 find_copied(struct way *way, const char *string)
{
	way->directory = AT_FDCWD;
	way->string_at = (u64)string;
	way->follow = true;
	way->is_safe = true;
	find_way(way);
	return way->meaning;
}

/* Appends the last name, after a slash if the text does not end with one (only a root does). Returns the number of bytes. */
static __always_inline u32 append_name(struct scratch *scratch, struct way *way, bool may_follow_slash)
{
	u32 used = scratch->record.act.text_length, start = used, name = way->length & (NAME_BYTES - 1);

	if (used == 0 || used > PATH_BYTES)
		return 0;
	if (!may_follow_slash || scratch->text[(used - 1) & (TEXT_BYTES - 1)] != '/') {
		scratch->text[used & (TEXT_BYTES - 1)] = '/';
		used += 1;
	}
	bpf_probe_read_kernel(&scratch->text[used & (TEXT_BYTES - 1)], name, way->name);
	scratch->record.act.text_length = used + name;
	return used + name - start;
}

/* Adds the object that was found, with its description if `describe`; or the name that will be made, which has none. */
__noinline int add_found(struct scratch *scratch, struct way *way, bool describe)
{
	struct object *object;
	struct dentry *dentry;
	u32 tells_places;

	if (!scratch || !way)
		return 0;
	object = &scratch->record.act.object[scratch->record.act.objects & 1];
	dentry = as_dentry(way->dentry);
	tells_places = scratch->tells_places;
	/* The place in the file system is appended after the name. */
	if (way->meaning == MEANS_NAME)
		scratch->tells_places = 0;
	add_object(scratch, describe ? dentry->d_inode : 0, dentry, way->mount);
	if (way->meaning != MEANS_NAME)
		return 0;
	object->path_length += append_name(scratch, way, true);
	scratch->tells_places = tells_places;
	if (!tells_places)
		return 0;
	append_place(scratch, object, (u64)dentry);
	if (object->place_length)
		object->place_length += append_name(scratch, way, false);
	return 0;
}

/* Appends a string of the task's memory to the text. */
static __always_inline bool append_user_string(struct scratch *scratch, u64 from)
{
	u32 used = scratch->record.act.text_length;
	long length;

	if (used > PATH_BYTES)
		return false;
	length = bpf_probe_read_user_str(&scratch->text[used & (TEXT_BYTES - 1)], PATH_BYTES, (void *)from);
	if (length <= 0 || length >= PATH_BYTES)
		return false;
	scratch->record.act.text_length = used + length - 1;
	return true;
}

#endif
