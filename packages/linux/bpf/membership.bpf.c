// SPDX-License-Identifier: GPL-2.0-only
/*
 * Membership in a namespace: the children of a launching thread, and all their descendants. A task that cannot be given its
 * membership is not created, so that no task leaves a namespace by exhausting memory.
 */
#include "arguments.h"
#include "hooks.h"

#define CLONE_THREAD 0x00010000

static __always_inline struct invitation *invitation_of(struct task_struct *task)
{
	return bpf_task_storage_get(&invitations, task, 0, 0);
}

/* In the place of a namespace: what would enter one, and may not any more, is not created. */
#define NOWHERE (~0U)

/*
 * The namespace that the children of this thread begin, or that its next child enters; 0 if neither. That a thread id once
 * belonged to a launching thread proves nothing. An invitation does: the child of a process that has one is to be inside, so it is
 * not made where nothing decides about it any more.
 */
static __always_inline u32 launches(void)
{
	struct invitation *invitation = invitation_of(bpf_get_current_task_btf());
	u64 current = bpf_get_current_pid_tgid();
	u32 tid = current;
	u32 *id;

	if (invitation && invitation->namespace_id)
		return supervisor_of(invitation->namespace_id) == invitation->supervisor ? invitation->namespace_id : NOWHERE;
	id = bpf_map_lookup_elem(&launching, &tid);
	return id && supervisor_of(*id) == current >> 32 ? *id : 0;
}

/* One child enters the namespace; later ones do not. */
static __always_inline void end_invitation(void)
{
	struct invitation *invitation = invitation_of(bpf_get_current_task_btf());

	if (invitation)
		invitation->namespace_id = 0;
}

HOOK(task_alloc)
int BPF_PROG(task_alloc, struct task_struct *task, unsigned long clone_flags)
{
	struct member *parent = current_member();
	struct member child = {};
	struct namespace_state *state;

	if (parent) {
		child.namespace_id = parent->namespace_id;
		child.identity = parent->identity;
		child.process = parent->process;
		child.parent = parent->parent;
		child.by_key = parent->by_key;
		child.is_barred = parent->is_barred;
		child.root = parent->root;
		child.mounts = parent->mounts;
		child.network = parent->network;
	} else {
		child.namespace_id = clone_flags & CLONE_THREAD ? 0 : launches();
		if (!child.namespace_id)
			return 0;
	}
	state = bpf_map_lookup_elem(&namespace_states, &child.namespace_id);
	if (!state)
		return -EPERM;
	if (!parent) {
		end_invitation();
		child.by_key = !state->bars && !state->content;
		if (!state->root)
			state->root = (u64)acting_task()->fs->root.dentry->d_inode;
		if (!state->group)
			state->group = group_of(acting_task());
		child.root = state->root;
		child.mounts = state->mounts;
		child.network = state->network;
	}
	if (!parent || !(clone_flags & CLONE_THREAD)) {
		child.parent = child.process;
		child.process = __sync_fetch_and_add(&state->processes, 1) + 1;
		if (state->bars && parent && is_barred(child.namespace_id, child.parent))
			child.is_barred = 1;
	}
	if (!bpf_task_storage_get(&members, task, &child, BPF_LOCAL_STORAGE_GET_F_CREATE))
		return -ENOMEM;
	return 0;
}

/* include/linux/pid_namespace.h, MAX_PID_NS_LEVEL */
#define MOST_PID_LEVELS 32

/* Appends the ids of a new process in each pid namespace below the first: the /proc of such a namespace uses them. */
static __noinline int add_numbers(struct scratch *scratch, struct task_struct *task)
{
	struct pid *pid = BPF_CORE_READ(task, thread_pid);
	u64 upid = (u64)pid + bpf_core_field_offset(struct pid, numbers);
	u32 level = BPF_CORE_READ(pid, level);
	struct number *numbers = (struct number *)scratch->text;

	for (u32 at = 0; at < MOST_PID_LEVELS && at < level; at++) {
		upid += bpf_core_type_size(struct upid);
		numbers[at].number = BPF_CORE_READ((struct upid *)upid, nr);
		numbers[at].namespace = BPF_CORE_READ((struct upid *)upid, ns, ns.inum);
		scratch->record.act.text_length = (at + 1) * sizeof(struct number);
	}
	return 0;
}

/*
 * Reports a fork, an exec or an exit; the record holds nothing else. The reader is woken only for the first process and for
 * the end of the last. The other records can wait, because the events of a process follow its fork record.
 */
static __always_inline void tell(struct member *member, struct task_struct *task, u32 kind, bool is_last)
{
	struct scratch *scratch = take_scratch();

	if (!scratch) {
		lose(member->namespace_id, OP_NONE);
		return;
	}
	begin(scratch, member, kind, OP_NONE);
	scratch->record.pid = task->tgid;
	scratch->record.tid = task->pid;
	scratch->record.act.identity = member->identity;
	scratch->can_wait = member->process != 1 && !is_last;
	if (kind == KIND_FORK)
		add_numbers(scratch, task);
	send(scratch);
	leave_scratch(scratch);
}

/* The child has its process id now, and has not run yet (kernel/fork.c, kernel_clone). */
TRACEPOINT(sched_process_fork)
int BPF_PROG(process_forked, struct task_struct *parent, struct task_struct *task)
{
	struct member *member = bpf_task_storage_get(&members, task, 0, 0);
	struct namespace_state *state;
	u32 number = task->pid;

	if (task->pid != task->tgid)
		return 0;
	if (bpf_map_lookup_elem(&founded, &number))
		bpf_map_delete_elem(&founded, &number);
	if (!member)
		return 0;
	state = bpf_map_lookup_elem(&namespace_states, &member->namespace_id);
	if (state) {
		__sync_fetch_and_add(&state->live, 1);
		__sync_fetch_and_add(&state->born, 1);
	}
	tell(member, task, KIND_FORK, false);
	return 0;
}

TRACEPOINT(sched_process_exec)
int BPF_PROG(process_executed, struct task_struct *task)
{
	struct member *member = bpf_task_storage_get(&members, task, 0, 0);

	if (!member)
		return 0;
	member->identity = member->next;
	/* The arguments differ from those that were judged, so the identity of the program is unknown. */
	if (!has_judged_words(member, task)) {
		member->identity = new_pending(member);
		lose(member->namespace_id, OP_EXEC);
	}
	member->words_stand = WORDS_NOWHERE;
	member->images = 0;
	member->may_pass_on = 0;
	tell(member, task, KIND_EXEC, false);
	return 0;
}

/* A supervisor has ended: acts of its namespaces that are not known yet will not be decided. */
static long orphan_namespace(struct bpf_map *map, u32 *place, struct default_action *default_action, u32 *dead)
{
	if (default_action->supervisor == *dead)
		default_action->supervisor = 0;
	return 0;
}

/*
 * Threads that end at the same moment may each see that none is left (kernel/exit.c decrements the count before the
 * tracepoint). Only the first of them reports the end of the process.
 */
static __always_inline bool ends_process(struct task_struct *task)
{
	struct member *first;

	if (task->signal->live.counter != 0)
		return false;
	first = first_thread(task);
	return !first || !__sync_lock_test_and_set(&first->has_ended, 1);
}

TRACEPOINT(sched_process_exit)
int BPF_PROG(process_ended, struct task_struct *task)
{
	struct member *member = bpf_task_storage_get(&members, task, 0, 0);
	struct namespace_state *state;
	u32 dead = task->tgid;
	bool is_last;

	if (member && member->is_held) {
		struct held_key key = { .namespace_id = member->namespace_id, .tid = task->pid };

		bpf_map_delete_elem(&holding, &key);
	}
	if (!ends_process(task))
		return 0;
	if (!member) {
		if (bpf_map_lookup_elem(&supervisors, &dead)) {
			bpf_map_delete_elem(&supervisors, &dead);
			bpf_for_each_map_elem(&default_actions, orphan_namespace, &dead, 0);
		}
		return 0;
	}
	state = bpf_map_lookup_elem(&namespace_states, &member->namespace_id);
	/* Noted as ended by now (`ends_process`): a supervisor that bars it only afterwards finds it so, and removes the entry. */
	if (state && state->bars)
		forget_barred(member->namespace_id, member->process);
	is_last = state && __sync_fetch_and_add(&state->live, -1) == 1;
	tell(member, task, KIND_EXIT, is_last);
	return 0;
}
