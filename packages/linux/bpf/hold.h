/* SPDX-License-Identifier: GPL-2.0-only */
/* Verdicts that were decided earlier, and the wait for those that were not. */
#ifndef ISOLINE_HOLD_H
#define ISOLINE_HOLD_H

#include "other-abis.h"
#include "send-record.h"

#define EPERM 1
#define ESRCH 3
#define ENOMEM 12
/* Internal to the kernel: the system call is restarted as soon as the task continues (include/linux/errno.h). */
#define ERESTARTNOINTR 513

#define SIGCONT 18
#define SIGSTOP 19
/* A handler above this value is the process's own (asm-generic/signal-defs.h, SIG_IGN). */
#define SIG_IGNORED 1

#define NR_PTRACE 101

#define PF_KTHREAD 0x00200000
#define PF_USER_WORKER 0x00004000

/*
 * Whether the call can be restarted: a task of user space in a system call other than io_uring's. An act of io_uring ends in
 * a completion, even within io_uring_enter, and not in a return value.
 */
static __always_inline bool can_hold(void)
{
	struct task_struct *task = bpf_get_current_task_btf();

	if (task->flags & (PF_KTHREAD | PF_USER_WORKER | PF_IO_WORKER))
		return false;
	return call_number() != NR_IO_URING_ENTER;
}

static __always_inline struct decided *look_up(struct scratch *scratch)
{
	u32 place = place_of(scratch->record.namespace_id);
	u64 key[2] = { scratch->record.key[0], scratch->record.key[1] };
	void *table = bpf_map_lookup_elem(&tables, &place);

	return table ? bpf_map_lookup_elem(table, key) : 0;
}

/*
 * A thread need not make its call again: a signal handler may go on elsewhere. What was permitted is then not kept for later, when the
 * same words may mean something else. In nanoseconds, and longer than any wait in place.
 */
#define LONGEST_PERMISSION 10000000000ULL

/* Takes the verdict for this thread, which is valid once: 0 or -EPERM; 1 if there is none. */
__noinline int take_ticket(struct scratch *scratch)
{
	struct ticket_key key = {};
	struct decided *ticket;
	u32 verdict, next, process;
	u64 given;

	if (!scratch)
		return -EPERM;
	key.namespace_id = scratch->record.namespace_id;
	key.tid = scratch->record.tid;
	key.key[0] = scratch->record.key[0];
	key.key[1] = scratch->record.key[1];
	ticket = bpf_map_lookup_elem(&tickets, &key);
	if (!ticket)
		return 1;
	next = next_of(ticket);
	process = *(const volatile u32 *)&ticket->process;
	given = *(const volatile u64 *)&ticket->times;
	verdict = verdict_of(ticket, ((u64)key.tid << 32 | key.namespace_id) ^ key.key[0] ^ key.key[1]);
	/* A process that has ended left it, and another one has the id of its thread by now. */
	if (!verdict || process != (u32)scratch->record.process)
		return 1;
	if (verdict == VERDICT_ON && scratch->record.time > given + LONGEST_PERMISSION)
		return 1;
	scratch->next = next;
	bpf_map_delete_elem(&tickets, &key);
	return verdict == VERDICT_ON ? 0 : -EPERM;
}

/*
 * Whether a verdict that came too late is left to the next try of the thread: the programs hardly wait for it, and cannot have the call
 * made again (`hardlyWaits` in lasting.ts).
 */
static __always_inline bool is_left_to_next_try(const struct act *act)
{
	return act->operation == OP_PTRACE && (u32)act->arguments[0] != NR_PTRACE;
}

static __always_inline bool is_barred(u32 namespace_id, u64 process)
{
	struct shared_key key = { .namespace_id = namespace_id, .key = { process } };

	return bpf_map_lookup_elem(&barred, &key) != 0;
}

/* Of a process that has ended. */
static __always_inline void forget_barred(u32 namespace_id, u64 process)
{
	struct shared_key key = { .namespace_id = namespace_id, .key = { process } };

	bpf_map_delete_elem(&barred, &key);
}

static __always_inline int refuse(struct scratch *scratch, struct counters *counters, u32 fate)
{
	scratch->record.fate = fate;
	if (counters)
		__sync_fetch_and_add(&counters->refused, 1);
	send(scratch);
	return -EPERM;
}

/*
 * There is no verdict in time, so the act is refused. But its supervisor may have ended meanwhile, and where a namespace is only watched,
 * what is not known goes ahead without one.
 */
static __always_inline int end_undecided(struct scratch *scratch, struct counters *counters, u32 fate)
{
	return default_action_of(scratch->record.namespace_id) == MODE_TELL ? 0 : refuse(scratch, counters, fate);
}

/* The verdict that was decided earlier: 0 or -EPERM; 1 if there is none. */
__noinline int decided_before(struct scratch *scratch)
{
	struct counters *counters;
	struct decided *known;
	u32 verdict, next;

	if (!scratch)
		return -EPERM;
	counters = tally_of(scratch->record.namespace_id, scratch->record.act.operation);
	known = look_up(scratch);
	if (!known)
		return take_ticket(scratch);
	next = next_of(known);
	verdict = verdict_of(known, scratch->record.key[0] ^ scratch->record.key[1]);
	if (!verdict)
		return take_ticket(scratch);
	if (verdict == VERDICT_ORPHANED) {
		/* What the supervisor has answered this thread counts, also where it has ended since. */
		int given = take_ticket(scratch);

		if (given != 1 || supervisor_of(scratch->record.namespace_id))
			return given;
	}
	if (verdict == VERDICT_OFF)
		return refuse(scratch, counters, FATE_REFUSED);
	__sync_fetch_and_add(&known->times, 1);
	if (counters)
		__sync_fetch_and_add(&counters->decided_here, 1);
	scratch->next = next;
	return 0;
}

/* Removes the acting task from the table of held tasks. */
static __always_inline void release(struct scratch *scratch)
{
	struct held_key key = { .namespace_id = scratch->record.namespace_id, .tid = scratch->record.tid };
	struct member *member = current_member();

	bpf_map_delete_elem(&holding, &key);
	if (member)
		member->is_held = 0;
	scratch->was_held = 0;
}

/* Whether a signal reaches the process's own code: it has a handler, or it is blocked and may be waited for. */
static __always_inline bool hears_of(struct task_struct *task, u32 signal)
{
	u64 actions = (u64)BPF_CORE_READ(task, sighand) + bpf_core_field_offset(struct sighand_struct, action);
	u64 action = actions + (signal - 1) * bpf_core_type_size(struct k_sigaction);
	u64 handler = (u64)BPF_CORE_READ((struct k_sigaction *)action, sa.sa_handler);

	return handler > SIG_IGNORED || (task->blocked.sig[0] >> (signal - 1)) & 1;
}

struct waiting {
	struct scratch *scratch;
	u64 until;
	int verdict;
	/* Who was told of the act; looked at only where the wait is long. */
	u32 supervisor;
};

static long wait_more(u32 index, struct waiting *waiting)
{
	waiting->verdict = decided_before(waiting->scratch);
	return waiting->verdict != 1 || bpf_ktime_get_ns() > waiting->until;
}

#define MOST_LOOKS 4096
/* Nanoseconds: most verdicts arrive in this time, and to stop and wake a task takes as long. */
#define FIRST_WAIT 50000ULL

/* Waits briefly for a verdict, so that the task need not be stopped: most verdicts arrive within microseconds. */
__noinline int wait_for_verdict(struct scratch *scratch, u64 nanoseconds)
{
	struct waiting waiting = { .scratch = scratch, .until = bpf_ktime_get_ns() + nanoseconds, .verdict = 1 };

	bpf_loop(MOST_LOOKS, wait_more, &waiting, 0);
	return waiting.verdict == 0 || waiting.verdict == -EPERM ? waiting.verdict : 1;
}

/* Notes that the acting task is held, since when, and for whose verdict. */
static __always_inline bool note_held(struct scratch *scratch, struct held_key *key, u32 supervisor)
{
	struct member *member = current_member();
	struct held held = {
		.key = { scratch->record.key[0], scratch->record.key[1] },
		.since = scratch->record.time,
		.pid = scratch->record.pid,
		.supervisor = supervisor,
	};

	if (!member || bpf_map_update_elem(&holding, key, &held, BPF_ANY))
		return false;
	member->is_held = 1;
	return true;
}

/*
 * For this long, in nanoseconds, a task with a terminal restarts its call at once and is not left stopped. A shell would
 * notice the stop, and take the terminal back.
 */
#define LONGEST_ROUND 1000000000ULL

static __always_inline bool goes_round(struct scratch *scratch, u64 since)
{
	struct task_struct *task = bpf_get_current_task_btf();

	return task->signal->tty && scratch->record.time - since < LONGEST_ROUND && !hears_of(task, SIGCONT);
}

/*
 * Stops the acting task; not 0 if that fails. The supervisor wakes it with SIGCONT, which may reach the task's own code. An
 * init, or a container's runtime, forwards every signal to its child. If that were held, the task would be woken, forward
 * SIGCONT, be held again, and so on without end. So as many forwarded SIGCONT pass as the task was woken with.
 */
static __always_inline long stop(void)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct member *first = first_thread(task);

	if (first && hears_of(task, SIGCONT))
		__sync_fetch_and_add(&first->may_pass_on, 1);
	return bpf_send_signal_thread(SIGSTOP);
}

/* Whether the acting process may send SIGCONT to a process of its own namespace, because it was itself woken with SIGCONT. */
static __always_inline bool passes_on(struct member *member, struct member *target)
{
	struct member *first = first_thread(bpf_get_current_task_btf());
	u64 times = first ? first->may_pass_on : 0;

	return times > 0 && target && target->namespace_id == member->namespace_id &&
	       __sync_bool_compare_and_swap(&first->may_pass_on, times, times - 1);
}

/*
 * Reports the act, and stops the task until it is decided. 0, -EPERM or -ERESTARTNOINTR.
 *
 * The signal is sent to the thread. Of two signals to the process, the kernel would discard the second while the first is
 * pending; and a thread without a pending signal would return the kernel's internal error to its program.
 *
 * The supervisor writes the verdict first, and then looks in `holding` for the tasks to wake. The task is first entered in
 * `holding`, then stops itself, and then looks for a verdict once more. So at least one of the two finds the other. The end
 * of the supervisor is ordered in the same way: it is noted before any process that waits for it can be notified
 * (kernel/exit.c, do_exit).
 *
 * A supervisor that takes over has none of the earlier records. It is noted first, and then wakes every task in `holding`; a
 * task looks once more, after it has stopped itself, who decides now. So no task waits for a supervisor that was not told.
 */
__noinline int hold(struct scratch *scratch)
{
	struct counters *counters;
	struct held_key key;
	struct held *held;
	struct namespace_state *state;
	u64 since;
	u32 id, supervisor, now;
	int verdict;

	if (!scratch)
		return -EPERM;
	id = scratch->record.namespace_id;
	supervisor = supervisor_of(id);
	since = scratch->record.time;
	counters = tally_of(id, scratch->record.act.operation);
	state = bpf_map_lookup_elem(&namespace_states, &id);
	if (!state)
		return -EPERM;
	key.namespace_id = id;
	key.tid = scratch->record.tid;
	held = bpf_map_lookup_elem(&holding, &key);
	if (held && held->supervisor == supervisor && held->key[0] == scratch->record.key[0] && held->key[1] == scratch->record.key[1]) {
		since = held->since;
		if (scratch->record.time - since > state->deadline) {
			release(scratch);
			return refuse(scratch, counters, FATE_REFUSED_LATE);
		}
	} else {
		scratch->record.fate = FATE_HELD;
		if (send(scratch))
			return -EPERM;
		verdict = processors_of(id) > 1 ? wait_for_verdict(scratch, FIRST_WAIT) : 1;
		if (verdict != 1)
			return verdict;
		if (!note_held(scratch, &key, supervisor))
			return refuse(scratch, counters, FATE_REFUSED_LATE);
	}
	if (stop()) {
		release(scratch);
		return refuse(scratch, counters, FATE_REFUSED_LATE);
	}
	verdict = decided_before(scratch);
	now = supervisor_of(id);
	if (verdict == 1 && now) {
		/*
		 * SIGCONT cancels the stop, but the signal stays marked as pending, so the call is restarted
		 * (kernel/signal.c, prepare_signal).
		 */
		if (now != supervisor || goes_round(scratch, since))
			bpf_send_signal(SIGCONT);
		return -ERESTARTNOINTR;
	}
	bpf_send_signal(SIGCONT);
	release(scratch);
	return verdict == 1 ? end_undecided(scratch, counters, FATE_REFUSED_LATE) : verdict;
}

#endif
