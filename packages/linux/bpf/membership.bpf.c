// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who belongs to a namespace: the children of a launching thread, and all that descend from them. A task that cannot be
 * given its membership is not created, so that nobody gets out by using up memory.
 */
#include "called.h"
#include "hooks.h"

#define CLONE_THREAD 0x00010000

static __always_inline struct invitation *invitation_of(struct task_struct *task)
{
	return bpf_task_storage_get(&invitations, task, 0, 0);
}

/*
 * The namespace that children of this thread begin, or the next one is let into; or 0. A number that was a launching thread's
 * once proves nothing.
 */
static __always_inline u32 launches(void)
{
	struct invitation *invitation = invitation_of(bpf_get_current_task_btf());
	u64 current = bpf_get_current_pid_tgid();
	u32 tid = current;
	u32 *id;

	if (invitation && invitation->space && supervisor_of(invitation->space) == invitation->supervisor)
		return invitation->space;
	id = bpf_map_lookup_elem(&launching, &tid);
	return id && supervisor_of(*id) == current >> 32 ? *id : 0;
}

/* One child is let in, and no other. */
static __always_inline void end_invitation(void)
{
	struct invitation *invitation = invitation_of(bpf_get_current_task_btf());

	if (invitation)
		invitation->space = 0;
}

HOOK(task_alloc)
int BPF_PROG(task_alloc, struct task_struct *task, unsigned long clone_flags)
{
	struct member *parent = current_member();
	struct member child = {};
	struct space *space;

	if (parent) {
		child.space = parent->space;
		child.identity = parent->identity;
		child.process = parent->process;
		child.parent = parent->parent;
		child.by_key = parent->by_key;
		child.root = parent->root;
	} else {
		child.space = clone_flags & CLONE_THREAD ? 0 : launches();
		if (!child.space)
			return 0;
		end_invitation();
	}
	space = bpf_map_lookup_elem(&spaces, &child.space);
	if (!space)
		return -EPERM;
	if (!parent) {
		child.by_key = !space->bars && !space->content;
		if (!space->root)
			space->root = (u64)acting_task()->fs->root.dentry->d_inode;
		child.root = space->root;
	}
	if (!parent || !(clone_flags & CLONE_THREAD)) {
		child.parent = child.process;
		child.process = __sync_fetch_and_add(&space->processes, 1) + 1;
		if (space->bars && parent && is_barred(child.space, child.parent))
			bar(child.space, child.process);
	}
	if (!bpf_task_storage_get(&members, task, &child, BPF_LOCAL_STORAGE_GET_F_CREATE))
		return -ENOMEM;
	return 0;
}

/* include/linux/pid_namespace.h, MAX_PID_NS_LEVEL */
#define MOST_PID_LEVELS 32

/* What a new process is called in every pid namespace below the first: in /proc of its own it goes by that. */
static __noinline int add_numbers(struct desk *desk, struct task_struct *task)
{
	struct pid *pid = BPF_CORE_READ(task, thread_pid);
	u64 upid = (u64)pid + bpf_core_field_offset(struct pid, numbers);
	u32 level = BPF_CORE_READ(pid, level);
	struct number *numbers = (struct number *)desk->text;

	for (u32 at = 0; at < MOST_PID_LEVELS && at < level; at++) {
		upid += bpf_core_type_size(struct upid);
		numbers[at].number = BPF_CORE_READ((struct upid *)upid, nr);
		numbers[at].namespace = BPF_CORE_READ((struct upid *)upid, ns, ns.inum);
		desk->record.act.text_length = (at + 1) * sizeof(struct number);
	}
	return 0;
}

/*
 * Tells what became of a process; the record holds nothing else. Only the first process, and the end of the last, are waited
 * for: what others do is told after their birth anyway.
 */
static __always_inline void tell(struct member *member, struct task_struct *task, u32 kind, bool is_last)
{
	struct desk *desk = take_desk();

	if (!desk) {
		lose(member->space, OP_NONE);
		return;
	}
	begin(desk, member, kind, OP_NONE);
	desk->record.pid = task->tgid;
	desk->record.tid = task->pid;
	desk->record.act.identity = member->identity;
	desk->can_wait = member->process != 1 && !is_last;
	if (kind == KIND_FORK)
		add_numbers(desk, task);
	send(desk);
	leave_desk(desk);
}

/* The child has its number now, and has not run yet (kernel/fork.c, kernel_clone). */
TRACEPOINT(sched_process_fork)
int BPF_PROG(process_forked, struct task_struct *parent, struct task_struct *task)
{
	struct member *member = bpf_task_storage_get(&members, task, 0, 0);
	struct space *space;

	if (!member || task->pid != task->tgid)
		return 0;
	space = bpf_map_lookup_elem(&spaces, &member->space);
	if (space) {
		__sync_fetch_and_add(&space->live, 1);
		__sync_fetch_and_add(&space->born, 1);
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
	/* Called otherwise than was judged: nobody knows what it is. */
	if (!has_judged_words(member, task)) {
		member->identity = PENDING | __sync_fetch_and_add(&execs, 1);
		lose(member->space, OP_EXEC);
	}
	member->words = 0;
	member->images = 0;
	member->may_pass_on = 0;
	tell(member, task, KIND_EXEC, false);
	return 0;
}

/* Whoever decides is gone: nothing that is unknown will be decided any more. */
static long orphan_space(struct bpf_map *map, u32 *id, struct posture *posture, u32 *dead)
{
	if (posture->supervisor == *dead)
		posture->supervisor = 0;
	return 0;
}

/* Threads that end at once each find that none is left (kernel/exit.c counts before it tells): one of them ends the process. */
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
	struct space *space;
	u32 dead = task->tgid;
	bool is_last;

	if (member && member->is_held) {
		struct held_key key = { .space = member->space, .tid = task->pid };

		bpf_map_delete_elem(&holding, &key);
	}
	if (!ends_process(task))
		return 0;
	if (!member) {
		if (bpf_map_lookup_elem(&supervisors, &dead)) {
			bpf_map_delete_elem(&supervisors, &dead);
			bpf_for_each_map_elem(&postures, orphan_space, &dead, 0);
		}
		return 0;
	}
	space = bpf_map_lookup_elem(&spaces, &member->space);
	is_last = space && __sync_fetch_and_add(&space->live, -1) == 1;
	tell(member, task, KIND_EXIT, is_last);
	return 0;
}
