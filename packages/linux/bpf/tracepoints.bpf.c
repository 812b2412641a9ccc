// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where no program can be called before an act: the tracepoints of system calls and of the scheduler report what has
 * happened. They call the same functions as the hooks, with the objects that they find.
 *
 * Nothing can be held or refused. When a call has succeeded, its act is described from the objects that came of it. An object
 * that will be gone by then is described when the call begins, and put aside.
 */
#include "sensor.bpf.c"
#include "pending-call.h"
#include "descriptors.h"
#include "process-calls.h"
#include "name-calls.h"
#include "socket-calls.h"
#include "started-program.h"

#define CALLS 512

/* When a call is looked at: as it begins, or as it ends. 0: not at all. */
#define BEGIN 1
#define END 2

static const volatile u8 looked_at[CALLS] = {
	[NR_OPEN] = END,
	[NR_CREAT] = END,
	[NR_OPENAT] = END,
	[NR_OPENAT2] = END,
	[NR_OPEN_BY_HANDLE_AT] = END,
	[NR_MMAP] = END,
	[NR_MPROTECT] = END,
	[NR_PKEY_MPROTECT] = END,
	[NR_SHMAT] = END,
	[NR_EXECVE] = BEGIN,
	[NR_EXECVEAT] = BEGIN,
	[NR_SETUID] = BEGIN,
	[NR_SETGID] = BEGIN,
	[NR_SETREUID] = BEGIN,
	[NR_SETREGID] = BEGIN,
	[NR_SETRESUID] = BEGIN,
	[NR_SETRESGID] = BEGIN,
	[NR_SETFSUID] = BEGIN,
	[NR_SETFSGID] = BEGIN,
	[NR_SETGROUPS] = BEGIN,
	[NR_CAPSET] = BEGIN,
	[NR_PRCTL] = BEGIN,
	[NR_CHROOT] = BEGIN,
	[NR_PIVOT_ROOT] = BEGIN,
	[NR_UMOUNT2] = BEGIN,
	[NR_MOUNT] = BEGIN | END,
	[NR_MOVE_MOUNT] = BEGIN,
	[NR_UNSHARE] = BEGIN,
	[NR_SETNS] = BEGIN,
	[NR_CLONE] = BEGIN,
	[NR_CLONE3] = BEGIN,
	[NR_BPF] = BEGIN,
	[NR_PERF_EVENT_OPEN] = BEGIN,
	[NR_FANOTIFY_INIT] = BEGIN,
	[NR_FANOTIFY_MARK] = BEGIN,
	[NR_SETHOSTNAME] = BEGIN,
	[NR_SETDOMAINNAME] = BEGIN,
	[NR_ADD_KEY] = BEGIN,
	[NR_REQUEST_KEY] = BEGIN,
	[NR_KEYCTL] = BEGIN,
	[NR_PRLIMIT64] = BEGIN,
	[NR_SCHED_SETPARAM] = BEGIN,
	[NR_SCHED_SETSCHEDULER] = BEGIN,
	[NR_SCHED_SETAFFINITY] = BEGIN,
	[NR_SCHED_SETATTR] = BEGIN,
	[NR_SETTIMEOFDAY] = BEGIN,
	[NR_CLOCK_SETTIME] = BEGIN,
	[NR_INIT_MODULE] = BEGIN,
	[NR_FINIT_MODULE] = BEGIN,
	[NR_USERFAULTFD] = BEGIN,
	[NR_IO_URING_SETUP] = BEGIN,
	[NR_PTRACE] = BEGIN,
	[NR_PROCESS_VM_READV] = BEGIN,
	[NR_PROCESS_VM_WRITEV] = BEGIN,
	[NR_PIDFD_GETFD] = BEGIN,
	[NR_KILL] = BEGIN | END,
	[NR_TKILL] = BEGIN | END,
	[NR_TGKILL] = BEGIN | END,
	[NR_RT_SIGQUEUEINFO] = BEGIN | END,
	[NR_RT_TGSIGQUEUEINFO] = BEGIN | END,
	[NR_PIDFD_SEND_SIGNAL] = BEGIN | END,
	[NR_UNLINK] = BEGIN | END,
	[NR_UNLINKAT] = BEGIN | END,
	[NR_RMDIR] = BEGIN | END,
	[NR_RENAME] = BEGIN | END,
	[NR_RENAMEAT] = BEGIN | END,
	[NR_RENAMEAT2] = BEGIN | END,
	[NR_LINK] = BEGIN | END,
	[NR_LINKAT] = BEGIN | END,
	[NR_SYMLINK] = BEGIN | END,
	[NR_SYMLINKAT] = BEGIN | END,
	[NR_MKDIR] = BEGIN | END,
	[NR_MKDIRAT] = BEGIN | END,
	[NR_MKNOD] = BEGIN | END,
	[NR_MKNODAT] = BEGIN | END,
	[NR_TRUNCATE] = BEGIN | END,
	[NR_FTRUNCATE] = END,
	[NR_FCNTL] = BEGIN,
	[NR_CHMOD] = BEGIN | END,
	[NR_FCHMOD] = BEGIN | END,
	[NR_FCHMODAT] = BEGIN | END,
	[NR_FCHMODAT2] = BEGIN | END,
	[NR_CHOWN] = BEGIN | END,
	[NR_LCHOWN] = BEGIN | END,
	[NR_FCHOWN] = BEGIN | END,
	[NR_FCHOWNAT] = BEGIN | END,
	[NR_UTIME] = BEGIN | END,
	[NR_UTIMES] = BEGIN | END,
	[NR_FUTIMESAT] = BEGIN | END,
	[NR_UTIMENSAT] = BEGIN | END,
	[NR_SETXATTR] = BEGIN | END,
	[NR_LSETXATTR] = BEGIN | END,
	[NR_FSETXATTR] = BEGIN | END,
	[NR_REMOVEXATTR] = BEGIN | END,
	[NR_LREMOVEXATTR] = BEGIN | END,
	[NR_FREMOVEXATTR] = BEGIN | END,
	[NR_SETXATTRAT] = BEGIN | END,
	[NR_REMOVEXATTRAT] = BEGIN | END,
	[NR_SOCKET] = END,
	[NR_SOCKETPAIR] = END,
	[NR_BIND] = END,
	[NR_CONNECT] = END,
	[NR_SENDTO] = END,
	[NR_SENDMSG] = END,
	[NR_SENDMMSG] = END,
	[NR_LISTEN] = END,
	[NR_ACCEPT] = END,
	[NR_ACCEPT4] = END,
};

/* The numbers of another ABI mean other calls. */
static __always_inline bool is_foreign(u64 call)
{
	struct task_struct *task = bpf_get_current_task_btf();

	return call >= CALLS || task->thread_info.status & TS_COMPAT;
}

/* A descriptor is to stop appending. This is judged before the call, while its file still has the flag. */
static __noinline int begins_writing(u32 descriptor, u64 flags)
{
	u64 file = file_of(descriptor);

	return file ? judge_flags(as_file(file), flags) : 0;
}

static __noinline int cut_short(u32 descriptor)
{
	u64 file = file_of(descriptor);

	return file ? judge_shortening(as_file(file)) : 0;
}

/* An act about names is described now, and judged when the call has succeeded. Other acts are reported at once. */
static __noinline int begins(struct member *member, struct pt_regs *regs)
{
	struct naming naming = {};
	struct scratch *scratch;
	struct way *way;

	if (asks_other(member, regs))
		return 0;
	if (number_of(regs) == NR_FCNTL)
		return (u32)regs->si == F_SETFL ? begins_writing(regs->di, regs->dx) : 0;
	way = take_way();
	if (!way) {
		lose(member->namespace_id, OP_NONE);
		return 0;
	}
	if (name_call(&naming, regs)) {
		scratch = begin_event(member, naming.operation);
		if (scratch) {
			if (describe_naming(scratch, way, &naming))
				put_aside(scratch);
			leave_scratch(scratch);
		}
	} else {
		asks_privilege(member, regs, way);
	}
	leave_way(way);
	return 0;
}

/* An object that could not be described when the call began can be described now, if it still exists. */
static __noinline int describe_late(struct member *member, struct pt_regs *regs)
{
	struct naming naming = {};
	struct scratch *scratch;
	struct way *way;

	if (!name_call(&naming, regs))
		return 0;
	way = outlasts(naming.operation) ? take_way() : 0;
	if (!way)
		return unseen(member, naming.operation);
	scratch = begin_event(member, naming.operation);
	if (scratch && describe_naming(scratch, way, &naming)) {
		end_event(scratch);
	} else {
		unseen(member, naming.operation);
		if (scratch)
			leave_scratch(scratch);
	}
	leave_way(way);
	return 0;
}

SEC("tp_btf/sys_enter")
int call_begins(unsigned long long *ctx)
{
	struct pt_regs *regs = (struct pt_regs *)ctx[0];
	struct member *member;

	if (!is_foreign(number_of(regs)) && !(looked_at[number_of(regs) & (CALLS - 1)] & BEGIN))
		return 0;
	member = current_member();
	if (!member)
		return 0;
	if (is_foreign(number_of(regs)))
		lose(member->namespace_id, OP_NONE);
	else if (number_of(regs) == NR_EXECVE || number_of(regs) == NR_EXECVEAT)
		put_actor_aside();
	else
		begins(member, regs);
	return 0;
}

/* An address may have the highest bit set; errors are only the last 4095 numbers. */
static __always_inline bool succeeded(s64 result)
{
	return result >= 0 || result < -4095;
}

static __always_inline int ends(struct member *member, struct pt_regs *regs, s64 result)
{
	switch (number_of(regs)) {
	case NR_MOUNT:
		return mount_ends(member, regs);
	case NR_MMAP:
		return succeeded(result) && regs->dx & PROT_EXEC ? map_made(member, result, regs->dx, regs->r10) : 0;
	case NR_MPROTECT:
	case NR_PKEY_MPROTECT:
		return result == 0 && regs->dx & PROT_EXEC ? judge_memory(OP_PROTECT, regs->dx & PROT_WRITE) : 0;
	case NR_FTRUNCATE:
		return result == 0 ? cut_short(regs->di) : 0;
	case NR_SHMAT:
		return succeeded(result) && attaches_code(regs->dx) ? judge_memory(OP_MAP_ANONYMOUS, 1) : 0;
	}
	if (looked_at[number_of(regs) & (CALLS - 1)] & BEGIN) {
		if (!take_up(result == 0) && result == 0)
			describe_late(member, regs);
		return 0;
	}
	return reached(member, regs, result);
}

SEC("tp_btf/sys_exit")
int call_ends(unsigned long long *ctx)
{
	struct pt_regs *regs = (struct pt_regs *)ctx[0];
	s64 result = ctx[1];
	struct member *member;

	/* The return from a signal handler is not a call any more (-1). */
	if (is_foreign(number_of(regs)) || !(looked_at[number_of(regs) & (CALLS - 1)] & END))
		return 0;
	member = current_member();
	if (!member)
		return 0;
	switch (number_of(regs)) {
	case NR_OPEN:
	case NR_CREAT:
	case NR_OPENAT:
	case NR_OPENAT2:
	case NR_OPEN_BY_HANDLE_AT:
		return result >= 0 ? opened(member, regs, result) : 0;
	}
	return ends(member, regs, result);
}

/* The child has not run yet. One that cannot be given its membership escapes observation, and is counted as lost. */
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
			lose(member->namespace_id, OP_NONE);
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
