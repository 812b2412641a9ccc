/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Opening for appending permits no more than that. What takes from such a file what it held (F_SETFL without O_APPEND,
 * `ftruncate`, the older requests that free parts of it) is an `open` for writing or a `truncate`, as for the seccomp sensor
 * (seccomp/calls/appending.ts). Not seen: `fallocate`, and RWF_NOAPPEND. They come by file_permission alone, which every read and
 * write of the machine comes by.
 */
#ifndef ISOLINE_APPENDING_H
#define ISOLINE_APPENDING_H

#include "hooks.h"

#define F_SETFL 4
#define NR_FTRUNCATE 77
#define NR_FCNTL 72

/* A regular file that is open for appending, and for nothing else that would let it be written. */
static __always_inline bool only_appends(struct file *file)
{
	u32 flags = file->f_flags;

	return flags & O_APPEND && (flags & O_ACCMODE) != O_RDONLY && (file->f_inode->i_mode & S_IFMT) == S_IFREG;
}

/* An act through a descriptor that writes where it wants to. */
static __always_inline int judge_rewriting(struct file *file)
{
	struct member *member = current_member();

	return member && only_appends(file) ? judge_open(member, file, O_WRONLY, system_call() == FOREIGN_CALL) : 0;
}

static __always_inline int judge_flags(struct file *file, u64 flags)
{
	return flags & O_APPEND ? 0 : judge_rewriting(file);
}

static __always_inline int judge_shortening(struct file *file)
{
	return only_appends(file) ? judge_path(&file->f_path, OP_TRUNCATE, 0, 0) : 0;
}

#endif
