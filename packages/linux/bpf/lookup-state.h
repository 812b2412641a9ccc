/* SPDX-License-Identifier: GPL-2.0-only */
/* The state of a path lookup, and the short cut to a descriptor of the task's own. */
#ifndef ISOLINE_LOOKUP_STATE_H
#define ISOLINE_LOOKUP_STATE_H

#include "descriptors.h"

enum meaning {
	/* Not in the dentry cache, or the string cannot be read. */
	MEANS_UNKNOWN = 0,
	MEANS_OBJECT = 1,
	/* A name in a directory that has no such entry, as far as the dentry cache shows. */
	MEANS_NAME = 2,
};

struct way {
	u32 taken;
	u32 meaning;
	/* Input: the start directory, the string, and whether a link as the last name is followed. */
	s32 directory;
	u32 follow;
	u64 string_at;
	u64 dentry, mount, root_dentry, root_mount;
	/* The child that is looked for, and the state of the search for it. */
	u64 child, next, mounted;
	u32 at, length, links;
	/* The string is in kernel memory. */
	u32 is_safe;
	u8 name[2 * NAME_BYTES];
	u8 other[2 * NAME_BYTES];
	u8 string[2 * PATH_BYTES];
	u8 spliced[3 * PATH_BYTES];
};

#define WAYS 4

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, WAYS);
	__type(key, u32);
	__type(value, struct way);
} ways SEC(".maps");

static __always_inline struct way *take_way(void)
{
	for (u32 place = 0; place < WAYS; place++) {
		u32 key = place;
		struct way *way = bpf_map_lookup_elem(&ways, &key);

		if (way && __sync_lock_test_and_set(&way->taken, 1) == 0)
			return way;
	}
	return 0;
}

static __always_inline void leave_way(struct way *way)
{
	__sync_lock_test_and_set(&way->taken, 0);
}

#define PROC_SELF_LENGTH 4
#define PROC_THREAD_LENGTH 11
#define MOST_DIGITS 10

/* The descriptor that the rest of a path in /proc/self names, `fd/N`; -1 if it names anything else. */
static __always_inline s32 rest_as_descriptor(struct way *way)
{
	u32 at = way->at, number = 0, digit;

	if (way->string[at & (PATH_BYTES - 1)] != 'f' || way->string[(at + 1) & (PATH_BYTES - 1)] != 'd' ||
	    way->string[(at + 2) & (PATH_BYTES - 1)] != '/')
		return -1;
	at += 3;
	for (u32 digits = 0; digits < MOST_DIGITS; digits++) {
		digit = way->string[at & (PATH_BYTES - 1)] - '0';
		if (digit > 9)
			break;
		number = 10 * number + digit;
		at += 1;
	}
	if (way->string[at & (PATH_BYTES - 1)] || at == way->at + 3 || number > 1 << 30)
		return -1;
	return number;
}

/*
 * `self` and `thread-self` of a proc mount are links whose content is made when they are read. A path that goes on to a
 * descriptor means one of the task's own, and leads to the open file itself. False if this is not such a path.
 */
static __always_inline bool go_to_descriptor(struct way *way)
{
	struct dentry *here = (struct dentry *)way->dentry;
	u64 name = *(u64 *)way->name, file;
	s32 descriptor;

	if (!((way->length == PROC_SELF_LENGTH && (u32)name == 0x666c6573) ||
	      (way->length == PROC_THREAD_LENGTH && name == 0x732d646165726874)))
		return false;
	if (BPF_CORE_READ(here, d_parent) != here || BPF_CORE_READ(here, d_sb, s_magic) != PROC_SUPER_MAGIC)
		return false;
	descriptor = rest_as_descriptor(way);
	file = descriptor < 0 || !way->follow ? 0 : file_of(descriptor);
	if (!file)
		return false;
	way->dentry = (u64)as_file(file)->f_path.dentry;
	way->mount = mount_of(as_file(file)->f_path.mnt);
	way->meaning = MEANS_OBJECT;
	return true;
}

#endif
