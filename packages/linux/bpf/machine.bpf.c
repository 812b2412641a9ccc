// SPDX-License-Identifier: GPL-2.0-only
/* Acts on the kernel itself: BPF, modules, performance counters, clocks, keys, io_uring, userfaultfd. */
#include "hooks.h"

#define NR_FINIT_MODULE 313
#define NR_PERF_EVENT_OPEN 298
#define NR_SYSLOG 103
/* linux/perf_event.h */
#define PERF_FLAG_PID_CGROUP 4
#define MEANS_CONTROL_GROUP (2ULL << 32)
#define NR_QUOTACTL 179
#define NR_QUOTACTL_FD 443
#define NR_KEXEC_LOAD 246
#define NR_KEXEC_FILE_LOAD 320
#define NR_ADD_KEY 248
#define NR_REQUEST_KEY 249
#define NR_KEYCTL 250
#define LOADING_MODULE 2
/* A module that begins may read its firmware by the same call. Since 6.19 there is more than one number for a module. */
#define READING_FIRMWARE 1

static __always_inline int judge_number(u32 operation, u64 number)
{
	return judge_numbers(operation, (struct said){ .first = number }, BY_RESTART);
}

HOOK(bpf)
int BPF_PROG(bpf_called, int command)
{
	return judge_number(OP_BPF, (u32)command);
}

/* A task asks for a descriptor of one of the sensor's own maps or programs: refused, whatever the contour says. */
static __always_inline int keep_own(u64 kind, u32 id)
{
	u64 key = kind | id;

	return current_member() && bpf_map_lookup_elem(&own, &key) ? -EPERM : 0;
}

HOOK(bpf_map)
int BPF_PROG(map_taken, struct bpf_map *map)
{
	return keep_own(OWN_MAP, BPF_CORE_READ(map, id));
}

HOOK(bpf_prog)
int BPF_PROG(program_taken, struct bpf_prog *program)
{
	return keep_own(OWN_PROGRAM, BPF_CORE_READ(program, aux, id));
}

/* Judged when the event is made: when the call begins, the kernel has not copied its attributes yet. */
HOOK(perf_event_alloc)
int BPF_PROG(perf_opened, struct perf_event *event)
{
	struct member *member = current_member();
	u64 call = system_call();
	struct task_struct *target;
	struct scratch *scratch;
	bool is_kept;

	if (!member || (call != NR_PERF_EVENT_OPEN && call != FOREIGN_CALL))
		return 0;
	target = BPF_CORE_READ(event, hw.target);
	is_kept = target && decides(BPF_CORE_READ(target, tgid));
	scratch = begin_event(member, OP_PERF);
	if (!scratch)
		return unseen_kept(member, OP_PERF, is_kept);
	scratch->record.act.arguments[0] = event->attr.type;
	if (is_kept)
		scratch->record.act.arguments[2] = THE_SUPERVISOR;
	else if (call == NR_PERF_EVENT_OPEN && BPF_CORE_READ((struct pt_regs *)bpf_task_pt_regs(bpf_get_current_task_btf()), r8) & PERF_FLAG_PID_CGROUP)
		scratch->record.act.arguments[1] = MEANS_CONTROL_GROUP;
	else if (!target)
		scratch->record.act.arguments[1] = MEANS_GROUP | EVERYONE;
	else if (BPF_CORE_READ(target, tgid) != (int)(bpf_get_current_pid_tgid() >> 32))
		scratch->record.act.arguments[3] = BPF_CORE_READ(target, tgid);
	return end_kept(scratch, BY_RESTART, is_kept);
}

SECTION(settime, settime64)
int BPF_PROG(time_set, void *time)
{
	return judge_number(OP_SETTIME, system_call());
}

/* A module or a kernel from memory. One from a file is judged below. */
HOOK(kernel_load_data)
int BPF_PROG(data_loaded, int id)
{
	u64 call = system_call();

	if (call == NR_KEXEC_LOAD || call == FOREIGN_CALL)
		return judge_number(OP_KEXEC, call);
	return id == LOADING_MODULE ? judge_number(OP_MODULE, 0) : 0;
}

HOOK(kernel_read_file)
int BPF_PROG(file_read_in, struct file *file, int id)
{
	struct member *member = current_member();
	struct scratch *scratch;
	u64 address = 0;

	u64 call = system_call();

	if (call == NR_KEXEC_FILE_LOAD || call == FOREIGN_CALL)
		return judge_number(OP_KEXEC, call);
	if (!member || call != NR_FINIT_MODULE || id == READING_FIRMWARE)
		return 0;
	bpf_probe_read_kernel(&address, sizeof(address), ctx);
	if (!address)
		return 0;
	scratch = begin_event(member, OP_MODULE);
	if (!scratch)
		return unseen(member, OP_MODULE);
	scratch->record.act.arguments[0] = 1;
	add_object(scratch, file->f_inode, file->f_path.dentry, mount_of(file->f_path.mnt));
	describe_content(scratch, file->f_inode);
	return end_event(scratch);
}

/* Anonymous inodes are reported by the name of their kind. */
HOOK(inode_init_security_anon)
int BPF_PROG(anonymous_made, struct inode *inode, const struct qstr *name)
{
	char kind[16] = {};

	bpf_probe_read_kernel_str(kind, sizeof(kind), BPF_CORE_READ(name, name));
	if (__builtin_memcmp(kind, "[io_uring]", 11) == 0)
		return judge_number(OP_IOURING, 0);
	if (__builtin_memcmp(kind, "[userfaultfd]", 14) == 0)
		return judge_number(OP_USERFAULTFD, 0);
	return 0;
}

/* The actions of `syslog` that change something (linux/syslog.h). The others read, or return sizes. */
HOOK(syslog)
int BPF_PROG(log_changed, int action)
{
	u64 call = system_call();

	if (call != NR_SYSLOG && call != FOREIGN_CALL)
		return 0;
	return action >= 4 && action <= 8 ? judge_number(OP_ADMIN, NR_SYSLOG) : 0;
}

/* The device of the file system, if there is one. */
HOOK(quotactl)
int BPF_PROG(quota_called, int commands, int type, int id, struct super_block *file_system)
{
	struct member *member = current_member();
	u64 call = system_call();
	struct scratch *scratch;
	u64 there = 0;

	if (!member)
		return 0;
	scratch = begin_event(member, OP_ADMIN);
	if (!scratch)
		return unseen(member, OP_ADMIN);
	bpf_probe_read_kernel(&there, sizeof(there), (void *)&ctx[3]);
	scratch->record.act.arguments[0] = call;
	if (call == NR_QUOTACTL && there)
		scratch->record.act.arguments[1] = BPF_CORE_READ((struct super_block *)there, s_dev);
	return end_event(scratch);
}

/*
 * Calls about keys, judged at each key that they reach. A search goes on when a key is refused, and the error is lost. So the
 * program waits for the verdict in place.
 */
static __always_inline int judge_key(void)
{
	struct pt_regs *regs = (struct pt_regs *)bpf_task_pt_regs(bpf_get_current_task_btf());
	struct member *member = current_member();
	u64 call = system_call();
	struct scratch *scratch;

	if (!member || (call != NR_ADD_KEY && call != NR_REQUEST_KEY && call != NR_KEYCTL && call != FOREIGN_CALL))
		return 0;
	scratch = begin_event(member, OP_KEYCTL);
	if (!scratch)
		return unseen(member, OP_KEYCTL);
	scratch->record.act.arguments[0] = call;
	if (call == NR_KEYCTL)
		scratch->record.act.arguments[1] = (u32)BPF_CORE_READ(regs, di);
	return end_each(scratch, member, 0, IN_PLACE, false);
}

HOOK(key_permission)
int BPF_PROG(key_used, void *key)
{
	return judge_key();
}

HOOK(key_alloc)
int BPF_PROG(key_made, void *key)
{
	return judge_key();
}
