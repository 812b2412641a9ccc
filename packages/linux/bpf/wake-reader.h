/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Whether a record wakes the reader of the ring. A wake-up interrupts another processor, and costs the acting task more than
 * the rest of an act. So it is done only if a task waits for the record:
 *
 *   at once   a task is held; a file's content is read before it changes; a program has no number yet
 *   soon      other acts: only if the reader sleeps. While acts come, it looks again by itself after a moment
 *   some time forks, execs and exits: read with the next of those, or when the reader looks by itself
 *
 * The reader announces that it will sleep, and then looks once more (sensor/bpf/rest.ts). The program commits its record, and then
 * looks whether the reader sleeps. A full barrier stands between the two steps on each side, so at least one of them sees the
 * other.
 */
#ifndef ISOLINE_WAKE_READER_H
#define ISOLINE_WAKE_READER_H

#include "namespaces.h"

enum urgency {
	AT_ONCE_READ = 0,
	SOON_READ = 1,
	SOME_TIME_READ = 2,
};

/* For each namespace, by its index: whether its reader sleeps until it is woken. The readers map this memory. */
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

/* Flags for adding a record to the ring. If the ring is a quarter full, the reader is woken at once. */
static __always_inline u64 waking(void *ring, enum urgency urgency)
{
	if (urgency == AT_ONCE_READ)
		return BPF_RB_FORCE_WAKEUP;
	return bpf_ringbuf_query(ring, BPF_RB_AVAIL_DATA) < bpf_ringbuf_query(ring, BPF_RB_RING_SIZE) / 4
		       ? BPF_RB_NO_WAKEUP
		       : BPF_RB_FORCE_WAKEUP;
}

/* Called after the record is committed. Discarding an empty record wakes the reader too. */
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
