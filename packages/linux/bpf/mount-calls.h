/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Mounts: what is mounted, and where. They are reported whether or not they succeed, but only when the call has ended. A
 * container runtime mounts on paths that no lookup has cached before; after the call the path is in the cache. If the path
 * does not exist, the call has failed.
 */
#ifndef ISOLINE_MOUNT_CALLS_H
#define ISOLINE_MOUNT_CALLS_H

#include "pending-call.h"
#include "lookup.h"

#define NR_MOUNT 165

/* Adds a path that leads nowhere, as the task gave it. */
static __always_inline bool add_unresolved(struct scratch *scratch, u64 string)
{
	struct object *object = &scratch->record.act.object[0];

	scratch->record.act.objects = 1;
	object->standing = STANDING_UNRESOLVED;
	if (!append_user_string(scratch, string))
		return false;
	object->path_length = scratch->record.act.text_length;
	return true;
}

/* Source, type and options follow the paths, each with a NUL. The arguments tell a NULL apart from an empty string. */
static __always_inline bool describe_mount(struct scratch *scratch, struct way *way, struct pt_regs *regs, bool has_ended)
{
	u64 source = regs->di, type = regs->dx, options = regs->r8;

	scratch->record.act.arguments[0] = (u32)regs->r10;
	scratch->record.act.arguments[1] = source != 0;
	scratch->record.act.arguments[2] = (type ? HAS_TYPE : 0) | (options ? HAS_OPTIONS : 0);
	if (find(way, AT_FDCWD, regs->si, true) == MEANS_OBJECT)
		add_found(scratch, way, false);
	else if (!has_ended || !add_unresolved(scratch, regs->si))
		return false;
	add_directory(scratch);
	if (source && !append_user_string(scratch, source))
		return false;
	append_bytes(scratch, "", 1);
	if (type && !append_user_string(scratch, type))
		return false;
	append_bytes(scratch, "", 1);
	if (options && !append_user_string(scratch, options))
		scratch->record.act.arguments[2] |= OPTIONS_UNTOLD;
	return true;
}

static __always_inline int begin_mount(struct member *member, struct way *way, struct pt_regs *regs)
{
	struct scratch *scratch = begin_event(member, OP_MOUNT);

	if (!scratch)
		return 0;
	if (describe_mount(scratch, way, regs, false))
		put_aside(scratch);
	leave_scratch(scratch);
	return 0;
}

/* A mount that could not be described when the call began is described now. */
static __noinline int mount_ends(struct member *member, struct pt_regs *regs)
{
	struct way *way;
	struct scratch *scratch;

	if (take_up(true))
		return 0;
	way = take_way();
	if (!way)
		return unseen(member, OP_MOUNT);
	scratch = begin_event(member, OP_MOUNT);
	if (scratch && describe_mount(scratch, way, regs, true)) {
		end_event(scratch);
	} else {
		unseen(member, OP_MOUNT);
		if (scratch)
			leave_scratch(scratch);
	}
	leave_way(way);
	return 0;
}

#endif
