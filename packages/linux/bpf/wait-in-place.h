/* SPDX-License-Identifier: GPL-2.0-only */
/* The wait for a verdict where a task can be neither stopped nor made to call again. */
#ifndef ISOLINE_WAIT_IN_PLACE_H
#define ISOLINE_WAIT_IN_PLACE_H

#include "hold.h"

/* How many tasks of all namespaces wait in place at this moment. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, u32);
} waiting_in_place SEC(".maps");

/* How a program waits for a verdict that has not been decided. */
enum patience {
	/* Not at all: the act is refused. */
	AT_ONCE = 0,
	/* The task is stopped and its call restarted. For hooks whose error is the return value of the call. */
	BY_RESTART = 1,
	/* Busy waiting in the kernel. For hooks whose error the kernel replaces by its own: the call would not be restarted. */
	IN_PLACE = 2,
	/* The same for a shorter time: the kernel may hold a lock that every task needs (tasklist_lock). */
	IN_PLACE_BRIEFLY = 3,
	/*
	 * The task is stopped and its call restarted. A task that cannot be stopped waits no longer than every task does before it is
	 * stopped: the kernel holds a spinlock. Another processor may be waiting for that lock, and be the one that the supervisor needs.
	 */
	UNDER_SPINLOCK = 4,
	/* The same where the kernel replaces the error as well. So that is all the wait; the thread has the verdict when it calls again. */
	IN_PLACE_UNDER_SPINLOCK = 5,
};

/*
 * Longest busy wait for a verdict, in nanoseconds. Meanwhile nothing but interrupts runs on this processor; after twenty
 * seconds the kernel would report a lockup (kernel/watchdog.c). A supervisor answers in less than a millisecond; on a busy
 * emulated machine it can take more than a second.
 */
#define LONGEST_WAIT 8000000000ULL
#define LONGEST_BRIEF_WAIT 1000000000ULL
#define WAIT_ON_LAST_PROCESSOR 10000000ULL
/* The most iterations of one `bpf_loop`, and how many such loops. */
#define MOST_LOOKS_IN_PLACE (1 << 23)
#define MOST_ROUNDS_IN_PLACE 16

static __always_inline bool is_under_spinlock(enum patience patience)
{
	return patience == UNDER_SPINLOCK || patience == IN_PLACE_UNDER_SPINLOCK;
}

static __always_inline u64 longest_wait(enum patience patience)
{
	if (is_under_spinlock(patience))
		return FIRST_WAIT;
	return patience == IN_PLACE ? LONGEST_WAIT : LONGEST_BRIEF_WAIT;
}

/* Whether a verdict may still come: there is time, and the supervisor that was told has not ended. */
static __always_inline bool may_be_decided(const struct waiting *waiting, u32 namespace_id)
{
	return supervisor_of(namespace_id) == waiting->supervisor && bpf_ktime_get_ns() <= waiting->until;
}

static long wait_longer(u32 index, struct waiting *waiting)
{
	struct scratch *scratch = waiting->scratch;
	/* Looked at first: a supervisor may have decided just before its end. */
	bool is_awaited = may_be_decided(waiting, scratch->record.namespace_id);

	waiting->verdict = decided_before(scratch);
	return waiting->verdict != 1 || !is_awaited;
}

/*
 * An act without a verdict in time is refused, and reported again as refused: the supervisor may have decided that it goes
 * ahead. It does not wait for a supervisor that has ended.
 *
 * One processor stays free for the supervisor: tasks that wait on all of them would keep it from deciding. A task that waits on
 * the last one gives it up soon. That is still long enough where the kernel interrupts a program to run another task.
 *
 * What the same call has waited before counts. After a wait in vain it waits no more.
 */
__noinline int wait_in_place(struct scratch *scratch, u64 nanoseconds)
{
	struct waiting waiting = { .scratch = scratch, .verdict = 1 };
	u64 began = bpf_ktime_get_ns();
	u32 first = 0;
	u32 *tasks = bpf_map_lookup_elem(&waiting_in_place, &first);

	if (!scratch || !tasks)
		return -EPERM;
	if (scratch->waited >= nanoseconds)
		return refuse(scratch, tally_of(scratch->record.namespace_id, scratch->record.act.operation), FATE_REFUSED_LATE);
	nanoseconds -= scratch->waited;
	waiting.until = began + nanoseconds;
	/* Before it is told: one that takes over meanwhile hears nothing of this act. */
	waiting.supervisor = supervisor_of(scratch->record.namespace_id);
	scratch->record.fate = FATE_HELD;
	if (send(scratch))
		return -EPERM;
	if (__sync_fetch_and_add(tasks, 1) + 1 >= processors_of(scratch->record.namespace_id) && nanoseconds > WAIT_ON_LAST_PROCESSOR)
		waiting.until = bpf_ktime_get_ns() + WAIT_ON_LAST_PROCESSOR;
	for (u32 round = 0; round < MOST_ROUNDS_IN_PLACE; round++) {
		bpf_loop(MOST_LOOKS_IN_PLACE, wait_longer, &waiting, 0);
		if (waiting.verdict != 1 || !may_be_decided(&waiting, scratch->record.namespace_id))
			break;
	}
	__sync_fetch_and_sub(tasks, 1);
	scratch->waited += bpf_ktime_get_ns() - began;
	if (waiting.verdict == 0 || waiting.verdict == -EPERM)
		return waiting.verdict;
	scratch->waited = LONGEST_WAIT;
	return end_undecided(scratch, tally_of(scratch->record.namespace_id, scratch->record.act.operation), FATE_REFUSED_LATE);
}

#endif
