/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is mounted, and where. Told whatever becomes of it, but only when it has: a runtime mounts on what nobody has looked at
 * before, and when the call has ended its path is known. The call may have failed because there is nothing.
 */
#ifndef ISOLINE_MOUNTING_H
#define ISOLINE_MOUNTING_H

#include "aside.h"
#include "lookup.h"

#define NR_MOUNT 165

/* A path that leads nowhere, as it was given. */
static __always_inline bool add_unresolved(struct desk *desk, u64 string)
{
	struct object *object = &desk->record.act.object[0];

	desk->record.act.objects = 1;
	object->standing = STANDING_UNRESOLVED;
	if (!append_user_string(desk, string))
		return false;
	object->path_length = desk->record.act.text_length;
	return true;
}

/* Source, type and options follow the path, each with an end; a NULL is told apart from an empty one by the arguments. */
static __always_inline bool describe_mount(struct desk *desk, struct way *way, struct pt_regs *regs, bool has_ended)
{
	u64 source = regs->di, type = regs->dx, options = regs->r8;

	desk->record.act.arguments[0] = (u32)regs->r10;
	desk->record.act.arguments[1] = source != 0;
	desk->record.act.arguments[2] = (type ? HAS_TYPE : 0) | (options ? HAS_OPTIONS : 0);
	if (find(way, AT_FDCWD, regs->si, true) == MEANS_OBJECT)
		add_found(desk, way, false);
	else if (!has_ended || !add_unresolved(desk, regs->si))
		return false;
	if (source && !append_user_string(desk, source))
		return false;
	append_bytes(desk, "", 1);
	if (type && !append_user_string(desk, type))
		return false;
	append_bytes(desk, "", 1);
	if (options && !append_user_string(desk, options))
		desk->record.act.arguments[2] |= OPTIONS_UNTOLD;
	return true;
}

static __always_inline int begin_mount(struct member *member, struct way *way, struct pt_regs *regs)
{
	struct desk *desk = begin_event(member, OP_MOUNT);

	if (!desk)
		return 0;
	if (describe_mount(desk, way, regs, false))
		put_aside(desk);
	leave_desk(desk);
	return 0;
}

/* What could not be described when it began is now. */
static __noinline int mount_ends(struct member *member, struct pt_regs *regs)
{
	struct way *way;
	struct desk *desk;

	if (take_up(true))
		return 0;
	way = take_way();
	if (!way)
		return unseen(member, OP_MOUNT);
	desk = begin_event(member, OP_MOUNT);
	if (desk && describe_mount(desk, way, regs, true)) {
		end_event(desk);
	} else {
		unseen(member, OP_MOUNT);
		if (desk)
			leave_desk(desk);
	}
	leave_way(way);
	return 0;
}

#endif
