// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where nobody asks before something happens: the tracepoints of system calls and of the scheduler, which tell what has
 * happened. They call the same functions as the hooks do, with the objects that they find.
 *
 * Nothing can be held or refused. What a call was about is looked for when it has succeeded, at the objects that came of it;
 * what will not be there any more then is described when the call begins, and put aside.
 */
#include "sensor.bpf.c"
#include "aside.h"
#include "descriptors.h"
#include "started.h"

/* The call came in by another ABI, whose numbers mean other calls (arch/x86/include/asm/thread_info.h). */
#define TS_COMPAT 2
#define CALLS 512

/* When a call is looked at: not at all, as it begins, as it ends. */
#define BEGIN 1
#define END 2

static const volatile u8 looked_at[CALLS] = {
	[NR_OPEN] = END,
	[NR_CREAT] = END,
	[NR_OPENAT] = END,
	[NR_OPENAT2] = END,
	[NR_MMAP] = END,
	[NR_MPROTECT] = END,
	[NR_PKEY_MPROTECT] = END,
	[NR_SHMAT] = END,
	[NR_EXECVE] = BEGIN,
	[NR_EXECVEAT] = BEGIN,
};

/* Whether a call is looked at here. Calls of other ABIs are not understood, and lost where a member makes them. */
static __always_inline bool concerns(struct pt_regs *regs, u8 when)
{
	struct task_struct *task = bpf_get_current_task_btf();
	u64 call = regs->orig_ax;

	if (call >= CALLS || task->thread_info.status & TS_COMPAT)
		return true;
	return looked_at[call & (CALLS - 1)] & when;
}

static __always_inline bool is_foreign(u64 call)
{
	struct task_struct *task = bpf_get_current_task_btf();

	return call >= CALLS || task->thread_info.status & TS_COMPAT;
}

SEC("tp_btf/sys_enter")
int call_begins(unsigned long long *ctx)
{
	struct pt_regs *regs = (struct pt_regs *)ctx[0];
	struct member *member;

	if (!concerns(regs, BEGIN))
		return 0;
	member = current_member();
	if (!member)
		return 0;
	switch (regs->orig_ax) {
	case NR_EXECVE:
	case NR_EXECVEAT:
		put_actor_aside();
		break;
	}
	return 0;
}

static __always_inline bool succeeded(s64 result)
{
	return result >= 0 || result < -4095;
}

SEC("tp_btf/sys_exit")
int call_ends(unsigned long long *ctx)
{
	struct pt_regs *regs = (struct pt_regs *)ctx[0];
	s64 result = ctx[1];
	struct member *member;
	u64 call = regs->orig_ax;

	if (!concerns(regs, END) || !succeeded(result))
		return 0;
	member = current_member();
	if (!member)
		return 0;
	if (is_foreign(call)) {
		lose(member->space, OP_NONE);
		return 0;
	}
	switch (call) {
	case NR_OPEN:
	case NR_CREAT:
	case NR_OPENAT:
	case NR_OPENAT2:
		return opened(member, result);
	case NR_MMAP:
		return regs->dx & PROT_EXEC ? map_made(member, result, regs->dx) : 0;
	case NR_MPROTECT:
	case NR_PKEY_MPROTECT:
		return regs->dx & PROT_EXEC ? judge_memory(OP_PROTECT, regs->dx & PROT_WRITE) : 0;
	case NR_SHMAT:
		return regs->dx & SHM_EXEC ? judge_memory(OP_MAP_ANONYMOUS, 1) : 0;
	}
	return 0;
}

/* The child has not run yet. One that cannot be given its membership is lost sight of, and that is said. */
SEC("tp_btf/sched_process_fork")
int child_made(unsigned long long *ctx)
{
	struct task_struct *parent = (struct task_struct *)ctx[0];
	struct task_struct *child = (struct task_struct *)ctx[1];
	struct member *member = current_member();

	if (!member && !launches())
		return 0;
	if (task_alloc(ctx, child, child->tgid == parent->tgid ? CLONE_THREAD : 0)) {
		if (member)
			lose(member->space, OP_NONE);
		return 0;
	}
	return process_forked(ctx, parent, child);
}

SEC("tp_btf/sched_process_exec")
int program_started(unsigned long long *ctx)
{
	struct task_struct *task = (struct task_struct *)ctx[0];
	struct linux_binprm *bprm = (struct linux_binprm *)ctx[2];
	struct member *member = current_member();

	if (!member)
		return 0;
	started(member, task, bprm);
	return process_executed(ctx, task);
}

SEC("tp_btf/sched_process_exit")
int task_ended(unsigned long long *ctx)
{
	return process_ended(ctx, (struct task_struct *)ctx[0]);
}
