/* SPDX-License-Identifier: GPL-2.0-only */
/* Calls whose arguments are structures or marks: groups, capabilities, fanotify. They are reported when they begin. */
#ifndef ISOLINE_STRUCTURE_CALLS_H
#define ISOLINE_STRUCTURE_CALLS_H

#include "descriptors.h"
#include "lookup.h"

#define FAN_MARK_DONT_FOLLOW 4

/* linux/limits.h: the kernel takes no more. */
#define NGROUPS_MAX 65536

/* The text holds all groups. More than it has room for are not told. */
static __always_inline int set_groups(struct member *member, u32 count, u64 list)
{
	struct scratch *scratch;
	u32 bytes = count * sizeof(u32);

	if (count > NGROUPS_MAX)
		return 0;
	scratch = count > MOST_GROUPS ? 0 : begin_event(member, OP_SETID);
	if (!scratch)
		return unseen(member, OP_SETID);
	scratch->record.act.arguments[0] = NR_SETGROUPS;
	scratch->record.act.arguments[1] = count;
	/* The verifier must see this bound here, where the compiler finds it redundant and would drop it. */
	barrier_var(bytes);
	if (bpf_probe_read_user(scratch->text, bytes & (2 * PATH_BYTES - 1), (void *)list)) {
		leave_scratch(scratch);
		return unseen(member, OP_SETID);
	}
	scratch->record.act.text_length = bytes;
	return end_event(scratch);
}

#define ONE_BLOCK 0x19980330

/*
 * Effective, permitted, inheritable: one block of three words for each 32 capabilities. The version in the header gives the
 * number of blocks (linux/capability.h).
 */
static __always_inline int set_capabilities(struct member *member, u64 header, u64 data)
{
	struct scratch *scratch = begin_event(member, OP_CAPSET);
	u32 words[6] = {}, version = 0;

	if (!scratch)
		return unseen(member, OP_CAPSET);
	if (bpf_probe_read_user(&version, sizeof(version), (void *)header) ||
	    bpf_probe_read_user(words, 12, (void *)data) ||
	    (version != ONE_BLOCK && bpf_probe_read_user(&words[3], 12, (void *)(data + 12)))) {
		leave_scratch(scratch);
		return unseen(member, OP_CAPSET);
	}
	for (u32 index = 0; index < 3; index++)
		scratch->record.act.arguments[index] = words[index] | (u64)words[index + 3] << 32;
	return end_event(scratch);
}

/* Reported when the call begins, whether or not it succeeds. The object is found by its path, or is that of the descriptor. */
static __always_inline int judge_mark_call(struct member *member, struct way *way, struct pt_regs *regs)
{
	u64 file = regs->r8 ? 0 : file_of(regs->r10);
	struct scratch *scratch;

	if (!(regs->si & FAN_MARK_ADD) || !(regs->r8 || file))
		return 0;
	scratch = begin_event(member, OP_FANOTIFY_MARK);
	if (!scratch)
		return unseen(member, OP_FANOTIFY_MARK);
	add_mark(scratch, regs, regs->dx);
	if (file) {
		add_object(scratch, as_file(file)->f_inode, as_file(file)->f_path.dentry, mount_of(as_file(file)->f_path.mnt));
		return end_event(scratch);
	}
	if (find(way, regs->r10, regs->r8, !(regs->si & FAN_MARK_DONT_FOLLOW)) == MEANS_OBJECT) {
		add_found(scratch, way, true);
		return end_event(scratch);
	}
	leave_scratch(scratch);
	return unseen(member, OP_FANOTIFY_MARK);
}

static __always_inline int judge_group_call(struct member *member, struct pt_regs *regs)
{
	struct scratch *scratch = begin_event(member, OP_FANOTIFY);

	if (!scratch)
		return unseen(member, OP_FANOTIFY);
	scratch->record.act.arguments[0] = (u32)regs->di;
	scratch->record.act.arguments[1] = (u32)regs->si;
	return end_event(scratch);
}

#endif
