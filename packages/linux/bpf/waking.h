/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Whether a record wakes whoever reads the ring. To wake it costs the acting task more than all else that is done about an
 * act (it interrupts another processor), so it is done only for what somebody waits for:
 *
 *   at once   who is held; a file whose content is read before it changes; a program that has no number yet
 *   soon      other acts: only if the reader sleeps. While acts come it looks again by itself after a moment
 *   some time what becomes of processes: read with the next of those, or when the reader looks by itself
 *
 * Who reads says that it will sleep, and then looks once more (waking.ts); who tells commits its record, and then looks
 * whether the reader sleeps. Between both stands a full barrier on either side, so that one of both finds the other.
 */
#ifndef ISOLINE_WAKING_H
#define ISOLINE_WAKING_H

#include "maps.h"

enum urgency {
	AT_ONCE_READ = 0,
	SOON_READ = 1,
	SOME_TIME_READ = 2,
};

/* Of each namespace, in its place, whether its reader sleeps until it is woken. In memory that the readers share. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, MOST_NAMESPACES);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, u32);
	__type(value, u64);
} sleepers SEC(".maps");

static __always_inline enum urgency urgency_of(struct scratch *scratch)
{
	struct act *act = &scratch->record.act;

	if (scratch->can_wait)
		return SOME_TIME_READ;
	if (scratch->record.kind != KIND_EVENT || scratch->record.fate == FATE_HELD || act->operation == OP_EXEC)
		return AT_ONCE_READ;
	return act->object[0].inode ? AT_ONCE_READ : SOON_READ;
}

/* Flags for a record's way into the ring. One that is a quarter full waits for nothing. */
static __always_inline u64 waking(void *ring, enum urgency urgency)
{
	if (urgency == AT_ONCE_READ)
		return BPF_RB_FORCE_WAKEUP;
	return bpf_ringbuf_query(ring, BPF_RB_AVAIL_DATA) < bpf_ringbuf_query(ring, BPF_RB_RING_SIZE) / 4
		       ? BPF_RB_NO_WAKEUP
		       : BPF_RB_FORCE_WAKEUP;
}

/* After the record is committed. An empty one that is thrown away wakes, too. */
static __always_inline void wake_sleeper(void *ring, u32 place)
{
	u64 *sleeps = bpf_map_lookup_elem(&sleepers, &place);
	void *nothing;

	if (!sleeps || !*(volatile u64 *)sleeps || !__sync_lock_test_and_set(sleeps, 0))
		return;
	nothing = bpf_ringbuf_reserve(ring, 8, 0);
	if (nothing)
		bpf_ringbuf_discard(nothing, BPF_RB_FORCE_WAKEUP);
}

#endif
