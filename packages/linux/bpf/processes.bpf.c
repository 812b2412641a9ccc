// SPDX-License-Identifier: GPL-2.0-only
/*
 * Acts of one process on another. The target is reported by its process number, which is never used twice; a process outside
 * of the namespace has none. No workload of any namespace may act on a supervisor, whatever the contour says.
 */
#include "hooks.h"
#include "supervisors.h"

#define NR_KILL 62
#define NR_PIDFD_SEND_SIGNAL 424

extern struct task_struct *bpf_task_from_pid(s32 pid) __ksym __weak;
/* Since 6.15: finds a task by its id in the caller's pid namespace. */
extern struct task_struct *bpf_task_from_vpid(s32 number) __ksym __weak;
extern void bpf_task_release(struct task_struct *task) __ksym __weak;

static __always_inline u32 own_level(void)
{
	struct task_struct *task = bpf_get_current_task_btf();

	return BPF_CORE_READ(task, thread_pid, level);
}

/*
 * A process acts on a process of a namespace that is not its own. No supervisor decides about that, because it is not the
 * behaviour of the target. It is counted, unless the actor is a supervisor that wakes, stops or ends a process.
 */
static __always_inline void count_reach(struct member *actor, struct task_struct *task)
{
	struct member *target = bpf_task_storage_get(&members, task, 0, 0);
	struct counters *counters;

	if (!target || (actor && actor->namespace_id == target->namespace_id) || is_supervisor(bpf_get_current_task_btf()))
		return;
	counters = tally_of(target->namespace_id, OP_REACHED);
	if (counters)
		__sync_fetch_and_add(&counters->seen, 1);
}

/* In the place of a process number. */
#define THE_SUPERVISOR (~0ULL)

/* Adds the target process: its process number, its process id and its identity. */
static __always_inline void add_target(struct scratch *scratch, struct member *member, struct task_struct *task)
{
	struct member *target = bpf_task_storage_get(&members, task, 0, 0);

	if (target && target->namespace_id == member->namespace_id) {
		scratch->record.act.arguments[1] |= target->identity;
		scratch->record.act.arguments[2] = target->process;
	} else if (is_supervisor(task)) {
		scratch->record.act.arguments[2] = THE_SUPERVISOR;
	} else {
		scratch->record.act.arguments[3] = task->tgid;
	}
}

/* Index of the process group in `pids` of a task's signals (include/linux/pid_types.h). */
#define PIDFD_SIGNAL_PROCESS_GROUP 4
#define MEANS_GROUP (1ULL << 32)
#define OWN_GROUP 0
#define EVERYONE 1

/* Whether a signal is for a group, and for which: by the group's id in the first pid namespace. */
static __always_inline u64 group_meant(struct task_struct *task)
{
	struct pt_regs *regs = (struct pt_regs *)bpf_task_pt_regs(bpf_get_current_task_btf());
	u64 call = system_call();
	int number = BPF_CORE_READ(regs, di);

	if (call == NR_PIDFD_SEND_SIGNAL) {
		if (!(BPF_CORE_READ(regs, r10) & PIDFD_SIGNAL_PROCESS_GROUP))
			return 0;
	} else {
		if (call != NR_KILL || number > 0)
			return 0;
		if (number == 0)
			return MEANS_GROUP | OWN_GROUP;
		if (number == -1)
			return MEANS_GROUP | EVERYONE;
	}
	number = group_of(task);
	return MEANS_GROUP | (number == group_of(bpf_get_current_task_btf()) ? OWN_GROUP : number);
}

/*
 * A signal to one process, or to each process of a group: then the group is the target. The kernel calls the hook for each
 * process of a group, and drops the error if another process was reached. So the program waits for the verdict in place.
 */
HOOK(task_kill)
int BPF_PROG(signalled, struct task_struct *task, void *info, int signal)
{
	struct member *member = current_member();
	struct scratch *scratch;
	/* The tracepoints only see signals that a process sent. */
	u64 sent = 1, group;
	bool reaches_supervisor, is_kept;
	int verdict;

	if (signal == 0)
		return 0;
	count_reach(member, task);
#ifndef ATTACH_TRACEPOINTS
	/* A signal of the kernel (from a terminal, at a parent's death) has SEND_SIG_NOINFO, which is 0. */
	bpf_probe_read_kernel(&sent, sizeof(sent), (void *)&ctx[1]);
#endif
	if (!member || !sent)
		return 0;
	reaches_supervisor = is_supervisor(task);
	group = group_meant(task);
	is_kept = reaches_supervisor && (!group || is_deadly(signal));
	/* A process that signals itself exchanges nothing. */
	if (!group && task->tgid == (int)(bpf_get_current_pid_tgid() >> 32))
		return 0;
	if (signal == SIGCONT && !group && passes_on(member, bpf_task_storage_get(&members, task, 0, 0)))
		return 0;
	scratch = begin_event(member, OP_KILL);
	if (!scratch)
		return unseen_kept(member, OP_KILL, is_kept);
	scratch->record.act.arguments[0] = signal;
	if (!group) {
		add_target(scratch, member, task);
		return end_kept(scratch, BY_RESTART, is_kept);
	}
	scratch->record.act.arguments[1] = group;
	verdict = end_each(scratch, member, (u64)task, IN_PLACE_BRIEFLY, is_kept);
	/*
	 * A signal that a supervisor can handle goes to the rest of the group, by the group's verdict, and not to the
	 * supervisor.
	 */
	return reaches_supervisor ? -EPERM : verdict;
}

#define NR_SETPGID 109

/* The namespace, and the group: the kernel gives the entry of a group that was removed to another one at once. */
static __always_inline u64 founded_by(struct member *member, u32 group)
{
	return (u64)member->namespace_id << 32 | group;
}

/* Whether a group is of the namespace: by its leader, or if that has ended, because it was founded inside. */
static __always_inline bool is_group_within(struct member *member, struct namespace_state *state, u32 group)
{
	struct task_struct *leader = 0;
	struct member *led_by;
	u64 *founder;
	bool is_within;

	if (group == state->group)
		return true;
	if (bpf_ksym_exists(bpf_task_from_pid))
		leader = bpf_task_from_pid(group);
	if (!leader) {
		founder = bpf_map_lookup_elem(&founded, &group);
		return founder && *founder == founded_by(member, group);
	}
	led_by = bpf_task_storage_get(&members, leader, 0, 0);
	is_within = led_by && led_by->namespace_id == member->namespace_id;
	bpf_task_release(leader);
	return is_within;
}

/*
 * A signal to the own group is an act that does not name the group. So no task comes into a group of processes outside without an act. In a
 * pid namespace of its own, a task sees only groups that are inside.
 */
HOOK(task_setpgid)
int BPF_PROG(group_changed, struct task_struct *task, int group)
{
	struct member *member = current_member();
	struct namespace_state *state;
	struct scratch *scratch;
	u32 number = group;
	u64 founder;

	if (!member || own_level())
		return 0;
	if (group == task->tgid) {
		founder = founded_by(member, number);
		bpf_map_update_elem(&founded, &number, &founder, BPF_ANY);
		return 0;
	}
	state = bpf_map_lookup_elem(&namespace_states, &member->namespace_id);
	if (state && is_group_within(member, state, group))
		return 0;
	scratch = begin_event(member, OP_ADJUST);
	if (!scratch)
		return unseen(member, OP_ADJUST);
	scratch->record.act.arguments[0] = NR_SETPGID;
	scratch->record.act.arguments[1] = MEANS_GROUP | (u32)group;
	return end_event(scratch);
}

/* A signal that is sent for a descriptor, at any time and for any process. A supervisor gets none. */
HOOK(file_send_sigiotask)
int BPF_PROG(signalled_by_file, struct task_struct *task)
{
	if (is_supervisor(task))
		return -EPERM;
	return 0;
}

#define NR_MIGRATE_PAGES 256
#define NR_MOVE_PAGES 279
#define NR_PROCESS_VM_READV 310
#define NR_PROCESS_VM_WRITEV 311
#define NR_PIDFD_GETFD 438
#define NR_PROCESS_MADVISE 440

/*
 * Access to another process: by ptrace, by its memory, by its descriptors. The kernel calls this hook for files of /proc as
 * well.
 */
HOOK(ptrace_access_check)
int BPF_PROG(looked_into, struct task_struct *task, unsigned int mode)
{
	struct member *member = current_member();
	/*
	 * For the other calls the kernel only takes a yes or a no, and returns an error of its own. It has locked the target meanwhile
	 * (kernel/ptrace.c, task_lock): the supervisor, and what else reads of the target in /proc, waits for that lock.
	 */
	enum patience patience = IN_PLACE_UNDER_SPINLOCK;
	bool is_kept = member && is_supervisor(task);
	u32 operation = OP_PTRACE;
	u64 call = call_number();
	struct scratch *scratch;

	switch (call) {
	case NR_PTRACE:
		patience = BY_RESTART;
		break;
	case NR_PROCESS_VM_READV:
	case NR_PROCESS_VM_WRITEV:
	case NR_PIDFD_GETFD:
	case NR_PROCESS_MADVISE:
		break;
	/* If the target is not a supervisor, the hooks after this one judge these calls. */
	case NR_MIGRATE_PAGES:
	case NR_MOVE_PAGES:
		if (!is_kept)
			return 0;
		operation = OP_ADJUST;
		break;
	default:
		/* An access by a file of /proc: its open came first, and is the event. */
		if (is_kept)
			return -EPERM;
		if (!comes_by_other_abi())
			return 0;
	}
	count_reach(member, task);
	if (!member)
		return 0;
	if (task->tgid == (int)(bpf_get_current_pid_tgid() >> 32))
		return 0;
	scratch = begin_event(member, operation);
	if (!scratch)
		return unseen_kept(member, operation, is_kept);
	scratch->record.act.arguments[0] = call;
	if (call == NR_PTRACE)
		scratch->record.act.arguments[0] |= first_argument() << 32;
	/* So the key has both processes, by numbers that are never used again: a verdict may last, where the call is not made again. */
	else if (operation == OP_PTRACE)
		scratch->record.act.arguments[0] |= member->process << 32;
	add_target(scratch, member, task);
	return end_kept(scratch, patience, is_kept);
}

HOOK(ptrace_traceme)
int BPF_PROG(traced, struct task_struct *parent)
{
	struct member *member = current_member();
	struct scratch *scratch;
	bool is_kept;

	if (!member)
		return 0;
	is_kept = is_supervisor(parent);
	scratch = begin_event(member, OP_PTRACE);
	if (!scratch)
		return unseen_kept(member, OP_PTRACE, is_kept);
	scratch->record.act.arguments[0] = NR_PTRACE;
	add_target(scratch, member, parent);
	return end_kept(scratch, BY_RESTART, is_kept);
}
