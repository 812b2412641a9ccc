/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A descriptor that was opened for appending permits nothing else. An act that removes what such a file already holds
 * (F_SETFL without O_APPEND, `ftruncate`, the older requests that free parts of a file) is an `open` for writing or a
 * `truncate`, as in the seccomp sensor (seccomp/calls/appending.ts). Not observed: `fallocate` and RWF_NOAPPEND. Their only
 * hook is file_permission, which runs for every read and write of the machine.
 */
#ifndef ISOLINE_APPENDING_H
#define ISOLINE_APPENDING_H

#include "hooks.h"

#define F_SETFL 4
#define NR_FTRUNCATE 77
#define NR_FCNTL 72

/* Whether this is a regular file that is open for appending only. */
static __always_inline bool only_appends(struct file *file)
{
	u32 flags = file->f_flags;

	return flags & O_APPEND && (flags & O_ACCMODE) != O_RDONLY && (file->f_inode->i_mode & S_IFMT) == S_IFREG;
}

/* The verdict on an act that writes through a descriptor at a position of its choice. */
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
