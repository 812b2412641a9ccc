/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From an act to its verdict: describe it, make its key, look the key up; what is not known is told, held or refused.
 */
#ifndef ISOLINE_JUDGE_H
#define ISOLINE_JUDGE_H

#include "describe.h"
#include "foreign.h"
#include "hold.h"

/* What cannot be described, or turned out to be another act than was judged: lost, and refused where something is. */
static __always_inline int unseen(struct member *member, u32 operation)
{
	lose(member->space, operation);
#ifdef ATTACH_TRACEPOINTS
	/* It has happened, and nobody asks. */
	return 0;
#else
	return posture_of(member->space) == MODE_TELL ? 0 : -EPERM;
#endif
}

/* Makes of what is on the desk that a call of another ABI was made, and nothing else. */
static __always_inline void make_foreign(struct act *act)
{
	u64 call = raw_call();

	act->operation = OP_ABI;
	act->arguments[0] = is_compat() ? ARCH_I386 : ARCH_X32;
	act->arguments[1] = (u32)call;
	act->arguments[2] = 0;
	act->arguments[3] = 0;
	act->objects = 0;
	act->text_length = 0;
}

/* The verdict on the act on the desk: 0, -EPERM or -ERESTARTNOINTR. */
__noinline int judge_desk(struct desk *desk, u32 patience)
{
	bool foreign = comes_by_other_abi();
	struct counters *counters;
	struct space *space;
	int verdict;
	u32 id, mode;

	if (!desk)
		return -EPERM;
	id = desk->record.space;
	if (foreign) {
		make_foreign(&desk->record.act);
		desk->record.key[0] = 0;
		desk->record.key[1] = 0;
	}
	counters = tally_of(id, desk->record.act.operation);
	/* Some acts come with one. */
	if (!(desk->record.key[0] | desk->record.key[1]))
		make_key(desk);
	if (counters)
		__sync_fetch_and_add(&counters->seen, 1);
	if (foreign)
		return refuse(desk, counters, FATE_REFUSED);
	space = bpf_map_lookup_elem(&spaces, &id);
	if (!space)
		return -EPERM;
	if (space->bars && is_barred(id, desk->record.process)) {
		/* It was decided about before: that may be what it is barred for, and it asks again only now. */
		verdict = take_ticket(desk);
		if (verdict == 1)
			verdict = refuse(desk, counters, FATE_REFUSED);
	} else {
		verdict = decided_before(desk);
	}
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
	barrier_var(patience);
#else
	if (mode == MODE_HOLD && supervisor_of(id) && patience != AT_ONCE && can_hold())
		return patience == BY_RESTART ? hold(desk) : wait_in_place(desk, patience == IN_PLACE ? LONGEST_WAIT : LONGEST_BRIEF_WAIT);
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
static __always_inline int judge(struct desk *desk, enum patience patience)
{
	int verdict = judge_desk(desk, patience);

	if (verdict == 0)
		return 0;
	return verdict == -ERESTARTNOINTR ? -ERESTARTNOINTR : -EPERM;
}

/* The verdict on a described event; the desk is free afterwards. */
static __always_inline int end_event_by(struct desk *desk, enum patience patience)
{
	int verdict = judge(desk, patience);

	leave_desk(desk);
	return verdict;
}

/* Refuses what is done to the sensor itself, and tells of it; no verdict is waited for. Always -EPERM. */
__noinline int refuse_kept(struct desk *desk)
{
	struct counters *counters;

	if (!desk)
		return -EPERM;
	if (comes_by_other_abi())
		make_foreign(&desk->record.act);
	desk->record.act.is_kept = 1;
	make_key(desk);
	counters = tally_of(desk->record.space, desk->record.act.operation);
	if (counters)
		__sync_fetch_and_add(&counters->seen, 1);
	refuse(desk, counters, FATE_REFUSED);
	if (desk->was_held)
		release(desk);
	return -EPERM;
}

/* The same for what may be done to the sensor itself. By tracepoints that has happened, and is told like any other act. */
static __always_inline int end_kept(struct desk *desk, enum patience patience, bool is_kept)
{
#ifndef ATTACH_TRACEPOINTS
	if (is_kept) {
		refuse_kept(desk);
		leave_desk(desk);
		return -EPERM;
	}
#endif
	return end_event_by(desk, patience);
}

static __always_inline int unseen_kept(struct member *member, u32 operation, bool is_kept)
{
	int verdict = unseen(member, operation);

	return is_kept ? -EPERM : verdict;
}

static __always_inline int end_event(struct desk *desk)
{
	return end_event_by(desk, BY_RESTART);
}

#endif
