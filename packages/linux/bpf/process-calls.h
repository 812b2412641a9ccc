/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Calls about other processes, and calls that change the credentials or the namespaces of a process. The latter are reported
 * when they begin, whether or not they succeed: a reviewer wants to know that a program tried.
 */
#ifndef ISOLINE_PROCESS_CALLS_H
#define ISOLINE_PROCESS_CALLS_H

#include "pending-call.h"
#include "lookup.h"
#include "mount-calls.h"
#include "structure-calls.h"

#define NR_CLONE 56
#define NR_SETGID 106
#define NR_SETREUID 113
#define NR_SETREGID 114
#define NR_SETRESUID 117
#define NR_CAPSET 126
#define NR_RT_SIGQUEUEINFO 129
#define NR_PIVOT_ROOT 155
#define NR_PRCTL 157
#define NR_CHROOT 161
#define NR_SCHED_SETPARAM 142
#define NR_SCHED_SETSCHEDULER 144
#define NR_SETTIMEOFDAY 164
#define NR_UMOUNT2 166
#define NR_INIT_MODULE 175
#define NR_TKILL 200
#define NR_SCHED_SETAFFINITY 203
#define NR_CLOCK_SETTIME 227
#define NR_TGKILL 234
#define NR_UNSHARE 272
#define NR_RT_TGSIGQUEUEINFO 297
#define NR_PERF_EVENT_OPEN 298
#define NR_PRLIMIT64 302
#define NR_SETNS 308
#define NR_SCHED_SETATTR 314
#define NR_BPF 321
#define NR_USERFAULTFD 323
#define NR_PIDFD_SEND_SIGNAL 424
#define NR_IO_URING_SETUP 425
#define NR_MOVE_MOUNT 429
#define NR_CLONE3 435

/* linux/sched.h: flags of new namespaces. CLONE_NEWTIME is a bit of the exit signal in calls that have one. */
#define CLONE_NAMESPACES 0x7e020000
#define CLONE_NEWTIME 0x80
#define PID_FS_MAGIC 0x50494446

#define PTRACE_TRACEME 0
#define PTRACE_ATTACH 16
#define PTRACE_SEIZE 0x4206

/*
 * The task that a process id means in the caller's pid namespace; 0 if there is none. On kernels that cannot resolve the id,
 * the event is counted as lost.
 */
static __always_inline struct task_struct *called(struct member *member, s32 number, u32 operation)
{
	if (own_level() == 0)
		return bpf_task_from_pid(number);
	if (bpf_ksym_exists(bpf_task_from_vpid))
		return bpf_task_from_vpid(number);
	unseen(member, operation);
	return 0;
}

/* The process group id of the acting task, in its own pid namespace. */
static __always_inline s32 own_group(void)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct pid *group = BPF_CORE_READ(task, signal, pids[GROUP_PID]);
	u64 numbers = (u64)group + bpf_core_field_offset(struct pid, numbers);

	return BPF_CORE_READ((struct upid *)(numbers + own_level() * bpf_core_type_size(struct upid)), nr);
}

/* The process id, in the first pid namespace, of the process that a pidfd refers to; 0 if the descriptor is not open. */
static __always_inline s32 number_behind(u32 descriptor)
{
	u64 address = file_of(descriptor);
	struct pid *pid;

	if (!address)
		return 0;
	/* Since 6.9 a pidfd is a file of a file system of its own (pidfs). */
	if (BPF_CORE_READ((struct file *)address, f_inode, i_sb, s_magic) == PID_FS_MAGIC)
		pid = BPF_CORE_READ((struct file *)address, f_inode, i_private);
	else
		pid = BPF_CORE_READ((struct file *)address, private_data);
	return BPF_CORE_READ(pid, numbers[0].nr);
}

/* Puts a signal aside as the act OP_KILL. `target` is 0 for a signal to a group, which `meant` names. */
static __always_inline void put_signal_aside(struct member *member, struct task_struct *target, u64 meant, u32 signal)
{
	struct scratch *scratch = begin_event(member, OP_KILL);

	if (!scratch) {
		unseen(member, OP_KILL);
		return;
	}
	scratch->record.act.arguments[0] = signal;
	if (target)
		add_target(scratch, member, target);
	else
		scratch->record.act.arguments[1] = meant;
	if (!put_aside(scratch))
		unseen(member, OP_KILL);
	leave_scratch(scratch);
}

/*
 * A signal to one process. A process that does not exist or is out of reach gives no event; nor does a signal to the caller
 * itself.
 */
static __always_inline void signal_process(struct member *member, struct task_struct *target, u32 signal)
{
	if (!target)
		return;
	if (signal && target->tgid != (int)(bpf_get_current_pid_tgid() >> 32))
		put_signal_aside(member, target, 0, signal);
	bpf_task_release(target);
}

/* A signal to a process group, by its id: 0 is the caller's own group, -1 every process. */
static __always_inline void signal_group(struct member *member, s32 number, u32 signal)
{
	u32 group = -number;

	if (!signal)
		return;
	if (group != EVERYONE && group == (u32)own_group())
		group = OWN_GROUP;
	put_signal_aside(member, 0, MEANS_GROUP | group, signal);
}

static __always_inline void look_call(struct task_struct *target)
{
	if (!target)
		return;
	looked_into((void *)0, target, 0);
	bpf_task_release(target);
}

/* A process id of 0 means the caller itself, which may change how it runs. */
static __always_inline void adjust_call(struct member *member, s32 number)
{
	struct task_struct *target = number > 0 ? called(member, number, OP_ADJUST) : 0;

	if (!target)
		return;
	judge_adjustment(target);
	bpf_task_release(target);
}

/* Whether the signal is the third argument, after a process and one of its threads. */
static __always_inline bool names_thread(u64 call)
{
	return call == NR_TGKILL || call == NR_RT_TGSIGQUEUEINFO;
}

/* Signals, and access to another process: the target is looked up before the call is carried out. False if the call is neither. */
static __always_inline bool asks_other(struct member *member, struct pt_regs *regs)
{
	u64 di = regs->di, si = regs->si;

	switch (number_of(regs)) {
	case NR_KILL:
	case NR_TKILL:
	case NR_RT_SIGQUEUEINFO:
	case NR_TGKILL:
	case NR_RT_TGSIGQUEUEINFO:
		if (number_of(regs) == NR_KILL && (s32)di <= 0)
			signal_group(member, di, si);
		else
			signal_process(member, called(member, di, OP_KILL), names_thread(number_of(regs)) ? regs->dx : si);
		return true;
	case NR_PIDFD_SEND_SIGNAL:
		signal_process(member, bpf_task_from_pid(number_behind(di)), si);
		return true;
	case NR_PTRACE:
		if (di == PTRACE_TRACEME)
			traced((void *)0, ((struct task_struct *)bpf_get_current_task_btf())->real_parent);
		if (di != PTRACE_ATTACH && di != PTRACE_SEIZE)
			return true;
		/* fallthrough */
	case NR_PROCESS_VM_READV:
	case NR_PROCESS_VM_WRITEV:
		look_call(called(member, number_of(regs) == NR_PTRACE ? si : di, OP_PTRACE));
		return true;
	case NR_PIDFD_GETFD:
		look_call(bpf_task_from_pid(number_behind(di)));
		return true;
	case NR_PRLIMIT64:
		/* Without new limits the call only reads. */
		if (!regs->dx)
			return true;
		/* fallthrough */
	case NR_SCHED_SETPARAM:
	case NR_SCHED_SETSCHEDULER:
	case NR_SCHED_SETAFFINITY:
	case NR_SCHED_SETATTR:
		adjust_call(member, di);
		return true;
	}
	return false;
}

static __always_inline int make_namespaces(struct member *member, u64 call, u64 flags)
{
	struct scratch *scratch = begin_event(member, OP_NAMESPACE);

	if (!scratch)
		return unseen(member, OP_NAMESPACE);
	scratch->record.act.arguments[0] = call;
	scratch->record.act.arguments[1] = flags;
	return end_event(scratch);
}

/* A change of root or of mounts, named by one path or two. */
static __always_inline int judge_places(struct member *member, struct way *way, u32 operation, u64 first, u64 second,
					u64 flags)
{
	struct scratch *scratch = begin_event(member, operation);
	bool is_found;

	if (!scratch)
		return unseen(member, operation);
	scratch->record.act.arguments[0] = flags;
	is_found = find(way, AT_FDCWD, first, true) == MEANS_OBJECT;
	if (is_found)
		add_found(scratch, way, false);
	if (is_found && second) {
		is_found = find(way, AT_FDCWD, second, true) == MEANS_OBJECT;
		if (is_found)
			add_found(scratch, way, false);
	}
	if (is_found)
		return end_event(scratch);
	leave_scratch(scratch);
	return unseen(member, operation);
}

static __always_inline int judge_moved_mount(struct member *member, struct way *way, struct pt_regs *regs)
{
	struct scratch *scratch = begin_event(member, OP_MOUNT);

	if (!scratch)
		return unseen(member, OP_MOUNT);
	scratch->record.act.arguments[3] = NR_MOVE_MOUNT;
	if (find(way, regs->dx, regs->r10, true) == MEANS_OBJECT) {
		add_found(scratch, way, false);
		return end_event(scratch);
	}
	leave_scratch(scratch);
	return unseen(member, OP_MOUNT);
}

static __always_inline int load_module(struct member *member, u32 descriptor)
{
	u64 file = file_of(descriptor);
	struct scratch *scratch;

	if (!file)
		return 0;
	scratch = begin_event(member, OP_MODULE);
	if (!scratch)
		return unseen(member, OP_MODULE);
	scratch->record.act.arguments[0] = 1;
	add_object(scratch, as_file(file)->f_inode, as_file(file)->f_path.dentry, mount_of(as_file(file)->f_path.mnt));
	describe_content(scratch, as_file(file)->f_inode);
	return end_event(scratch);
}

static __always_inline int asks_privilege(struct member *member, struct pt_regs *regs, struct way *way)
{
	u64 di = regs->di, si = regs->si, call = number_of(regs), word = 0;

	switch (call) {
	case NR_SETUID:
	case NR_SETGID:
	case NR_SETREUID:
	case NR_SETREGID:
	case NR_SETRESUID:
	case NR_SETRESGID:
	case NR_SETFSUID:
	case NR_SETFSGID:
		return judge_call(OP_SETID, AT_ONCE);
	case NR_SETGROUPS:
		return set_groups(member, di, si);
	case NR_CAPSET:
		return set_capabilities(member, di, si);
	case NR_PRCTL:
		return prctled((void *)0, di, si);
	case NR_CHROOT:
		return judge_places(member, way, OP_CHROOT, di, 0, 0);
	case NR_PIVOT_ROOT:
		return judge_places(member, way, OP_PIVOT, di, si, 0);
	case NR_UMOUNT2:
		return judge_places(member, way, OP_UMOUNT, di, 0, (u32)si);
	case NR_MOUNT:
		return begin_mount(member, way, regs);
	case NR_MOVE_MOUNT:
		return judge_moved_mount(member, way, regs);
	case NR_UNSHARE:
		return di & (CLONE_NAMESPACES | CLONE_NEWTIME) ? make_namespaces(member, call, (u32)di) : 0;
	case NR_SETNS:
		return make_namespaces(member, call, (u32)si);
	case NR_CLONE:
		return di & CLONE_NAMESPACES ? make_namespaces(member, call, (u32)di) : 0;
	case NR_CLONE3:
		if (bpf_probe_read_user(&word, sizeof(word), (void *)di))
			return unseen(member, OP_NAMESPACE);
		return word & CLONE_NAMESPACES ? make_namespaces(member, NR_CLONE, (u32)word) : 0;
	case NR_BPF:
		return judge_number(OP_BPF, (u32)di);
	case NR_PERF_EVENT_OPEN:
		/* The type is the first word (linux/perf_event.h). */
		if (bpf_probe_read_user(&word, sizeof(u32), (void *)di))
			return unseen(member, OP_PERF);
		return judge_number(OP_PERF, (u32)word);
	case NR_FANOTIFY_INIT:
		return judge_group_call(member, regs);
	case NR_FANOTIFY_MARK:
		return judge_mark_call(member, way, regs);
	case NR_SETTIMEOFDAY:
	case NR_CLOCK_SETTIME:
		return judge_number(OP_SETTIME, call);
	case NR_SETHOSTNAME:
	case NR_SETDOMAINNAME:
		return judge_number(OP_HOSTNAME, call);
	case NR_ADD_KEY:
	case NR_REQUEST_KEY:
	case NR_KEYCTL:
		return judge_key();
	case NR_INIT_MODULE:
		return judge_number(OP_MODULE, 0);
	case NR_FINIT_MODULE:
		return load_module(member, di);
	case NR_USERFAULTFD:
		return judge_number(OP_USERFAULTFD, 0);
	case NR_IO_URING_SETUP:
		/* Acts submitted through a ring are not system calls, so they are not observed here. */
		unseen(member, OP_IOURING);
		return judge_number(OP_IOURING, 0);
	}
	return 0;
}

#endif
