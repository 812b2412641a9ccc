/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From an act to its verdict: describe it, make its key, look the key up; what is not known is told, held or refused.
 */
#ifndef ISOLINE_JUDGE_H
#define ISOLINE_JUDGE_H

#include "hold.h"

/* What cannot be described, or turned out to be another act than was judged: lost, and refused where something is. */
static __always_inline int unseen(struct member *member, u32 operation)
{
	lose(member->space, operation);
	return posture_of(member->space) == MODE_TELL ? 0 : -EPERM;
}

/* The verdict on the act on the desk: 0, -EPERM or -ERESTARTNOINTR. */
__noinline int judge_desk(struct desk *desk, u32 holds)
{
	struct counters *counters;
	struct space *space;
	int verdict;
	u32 id, mode;

	if (!desk)
		return -EPERM;
	id = desk->record.space;
	counters = tally_of(id, desk->record.act.operation);
	/* Some acts come with one. */
	if (!(desk->record.key[0] | desk->record.key[1]))
		make_key(desk);
	if (counters)
		__sync_fetch_and_add(&counters->seen, 1);
	space = bpf_map_lookup_elem(&spaces, &id);
	if (!space)
		return -EPERM;
	if (space->bars && is_barred(id, desk->record.process))
		return refuse(desk, counters, FATE_REFUSED);
	verdict = decided_before(desk);
	if (verdict != 1) {
		if (desk->was_held)
			release(desk);
		return verdict;
	}
	mode = posture_of(id);
	if (mode == MODE_TELL) {
		desk->record.pending = desk->next;
		send(desk);
		return 0;
	}
#ifdef ATTACH_TRACEPOINTS
	/* What has happened cannot be held; and the verifier counts how deep the calls are, and misses arguments. */
	barrier_var(holds);
#else
	if (mode == MODE_HOLD && supervisor_of(id) && holds && can_hold())
		return hold(desk);
#endif
	if (desk->was_held)
		release(desk);
	return refuse(desk, counters, FATE_REFUSED_UNDECIDED);
}

/* Takes a desk for an event of this member; 0 if there is none. */
static __always_inline struct desk *begin_event(struct member *member, u32 operation)
{
	struct desk *desk = take_desk();

	if (desk)
		begin(desk, member, KIND_EVENT, operation);
	return desk;
}

/* A hook may return 0 or an error, and the verifier wants to see that it does. */
static __always_inline int judge(struct desk *desk, bool holds)
{
	int verdict = judge_desk(desk, holds);

	if (verdict == 0)
		return 0;
	return verdict == -ERESTARTNOINTR ? -ERESTARTNOINTR : -EPERM;
}

/* The verdict on a described event; the desk is free afterwards. */
static __always_inline int end_event(struct desk *desk)
{
	int verdict = judge(desk, true);

	leave_desk(desk);
	return verdict;
}

/* Adds an object with its path; `inode` is 0 for a name that is about to be made. */
static __always_inline void add_object(struct desk *desk, struct inode *inode, struct dentry *dentry, u64 mount)
{
	u32 at = desk->record.act.objects & 1;

	desk->record.act.objects = at + 1;
	if (inode)
		describe_inode(&desk->record.act.object[at], inode);
	desk->walk.dentry = (u64)dentry;
	desk->walk.mount = mount;
	append_path_here(desk);
}

/* Appends bytes of the kernel's to the text, up to a string's end or so many. */
static __always_inline void append_bytes(struct desk *desk, const void *from, u32 length)
{
	u32 used = desk->record.act.text_length;

	if (length > PATH_BYTES || used > PATH_BYTES)
		return;
	if (bpf_probe_read_kernel(&desk->text[used & (TEXT_BYTES - 1)], length, from) == 0)
		desk->record.act.text_length = used + length;
}

static __always_inline void append_string(struct desk *desk, const char *from)
{
	u32 used = desk->record.act.text_length;
	long length;

	if (used > PATH_BYTES)
		return;
	length = bpf_probe_read_kernel_str(&desk->text[used & (TEXT_BYTES - 1)], PATH_BYTES, from);
	if (length > 1 && length <= PATH_BYTES)
		desk->record.act.text_length = used + length - 1;
}

static __always_inline u64 system_call(void)
{
	struct pt_regs *regs = (struct pt_regs *)bpf_task_pt_regs(bpf_get_current_task_btf());

	return BPF_CORE_READ(regs, orig_ax);
}

#endif
