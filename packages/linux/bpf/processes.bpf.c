// SPDX-License-Identifier: GPL-2.0-only
/*
 * What one process does to another. Who is meant is told by the numbers that never come twice; a process outside of the
 * namespace has none. Processes that decide are out of reach for whoever is decided about, whatever the contour says, and
 * whichever namespace it is.
 */
#include "hooks.h"

#define NR_KILL 62
#define NR_PTRACE 101

/* Whether this is a process that decides, about whichever namespace. */
static __always_inline bool is_supervisor(struct task_struct *task)
{
	u32 process = task->tgid;

	return bpf_map_lookup_elem(&supervisors, &process) != 0;
}

/*
 * Somebody acts on a process of a namespace that is not their own. Nobody decides about that, since it is not the behaviour
 * of whoever it is done to; it is counted, unless it is a supervisor that wakes, stops or ends one.
 */
static __always_inline void count_reach(struct member *actor, struct task_struct *task)
{
	struct member *target = bpf_task_storage_get(&members, task, 0, 0);
	struct counters *counters;

	if (!target || (actor && actor->space == target->space) || is_supervisor(bpf_get_current_task_btf()))
		return;
	counters = tally_of(target->space, OP_REACHED);
	if (counters)
		__sync_fetch_and_add(&counters->seen, 1);
}

/* The process that is meant: its number, its pid, and its identity. */
static __always_inline void add_target(struct desk *desk, struct member *member, struct task_struct *task)
{
	struct member *target = bpf_task_storage_get(&members, task, 0, 0);

	if (target && target->space == member->space) {
		desk->record.act.arguments[1] |= target->identity;
		desk->record.act.arguments[2] = target->process;
	} else {
		desk->record.act.arguments[3] = task->tgid;
	}
}

/*
 * A signal to one process, or to each of a group: then the group is what is meant, and its number stands for it. The number
 * is the caller's word, from a register.
 */
HOOK(task_kill)
int BPF_PROG(signalled, struct task_struct *task, void *info, int signal)
{
	struct member *member = current_member();
	struct pt_regs *regs;
	struct desk *desk;
	int number;
	u64 call;

	if (signal == 0)
		return 0;
	count_reach(member, task);
	if (!member)
		return 0;
	if (is_supervisor(task))
		return -EPERM;
	regs = (struct pt_regs *)bpf_task_pt_regs(bpf_get_current_task_btf());
	call = BPF_CORE_READ(regs, orig_ax);
	number = BPF_CORE_READ(regs, di);
	/* A process that signals itself exchanges nothing. */
	if (!(call == NR_KILL && number <= 0) && task->tgid == (int)(bpf_get_current_pid_tgid() >> 32))
		return 0;
	desk = begin_event(member, OP_KILL);
	if (!desk)
		return unseen(member, OP_KILL);
	desk->record.act.arguments[0] = signal;
	if (call == NR_KILL && number <= 0)
		desk->record.act.arguments[1] = 1ULL << 32 | (u32)-number;
	else
		add_target(desk, member, task);
	return end_event(desk);
}

#define NR_PROCESS_VM_READV 310
#define NR_PROCESS_VM_WRITEV 311
#define NR_PIDFD_GETFD 438

/* To look into a process: by ptrace, by its memory, by its descriptors. What /proc shows is asked about here as well. */
HOOK(ptrace_access_check)
int BPF_PROG(looked_into, struct task_struct *task, unsigned int mode)
{
	struct member *member = current_member();
	struct pt_regs *regs;
	struct desk *desk;
	u64 call;

	if (member && is_supervisor(task))
		return -EPERM;
	regs = (struct pt_regs *)bpf_task_pt_regs(bpf_get_current_task_btf());
	call = BPF_CORE_READ(regs, orig_ax);
	if (call != NR_PTRACE && call != NR_PROCESS_VM_READV && call != NR_PROCESS_VM_WRITEV && call != NR_PIDFD_GETFD)
		return 0;
	count_reach(member, task);
	if (!member)
		return 0;
	if (task->tgid == (int)(bpf_get_current_pid_tgid() >> 32))
		return 0;
	desk = begin_event(member, OP_PTRACE);
	if (!desk)
		return unseen(member, OP_PTRACE);
	desk->record.act.arguments[0] = call;
	if (call == NR_PTRACE)
		desk->record.act.arguments[0] |= (u64)BPF_CORE_READ(regs, di) << 32;
	add_target(desk, member, task);
	return end_event(desk);
}

HOOK(ptrace_traceme)
int BPF_PROG(traced, struct task_struct *parent)
{
	struct member *member = current_member();
	struct desk *desk;

	if (!member)
		return 0;
	desk = begin_event(member, OP_PTRACE);
	if (!desk)
		return unseen(member, OP_PTRACE);
	desk->record.act.arguments[0] = NR_PTRACE;
	add_target(desk, member, parent);
	return end_event(desk);
}
