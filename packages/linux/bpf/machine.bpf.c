// SPDX-License-Identifier: GPL-2.0-only
/* What reaches into the kernel itself: BPF, modules, counters, clocks, io_uring, userfaultfd. */
#include "hooks.h"

#define NR_FINIT_MODULE 313
#define LOADING_MODULE 2
#define READING_MODULE 2

static __always_inline int judge_number(u32 operation, u64 number)
{
	struct member *member = current_member();
	struct desk *desk;

	if (!member)
		return 0;
	desk = begin_event(member, operation);
	if (!desk)
		return unseen(member, operation);
	desk->record.act.arguments[0] = number;
	return end_event(desk);
}

HOOK(bpf)
int BPF_PROG(bpf_called, int command)
{
	return judge_number(OP_BPF, (u32)command);
}

/* A descriptor of one of the sensor's own maps or programs is asked for: refused, whatever the contour says. */
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

HOOK(perf_event_open)
int BPF_PROG(perf_opened, void *attr)
{
	u32 type = 0;

	/* The type is the first word (linux/perf_event.h). */
	bpf_probe_read_kernel(&type, sizeof(type), attr);
	return judge_number(OP_PERF, type);
}

SECTION(settime, settime64)
int BPF_PROG(time_set, void *time)
{
	return judge_number(OP_SETTIME, system_call());
}

/* A module out of memory; one out of a file is asked about below. */
HOOK(kernel_load_data)
int BPF_PROG(data_loaded, int id)
{
	return id == LOADING_MODULE ? judge_number(OP_MODULE, 0) : 0;
}

HOOK(kernel_read_file)
int BPF_PROG(file_read_in, struct file *file, int id)
{
	struct member *member = current_member();
	struct desk *desk;
	u64 address = 0;

	if (!member || id != READING_MODULE || system_call() != NR_FINIT_MODULE)
		return 0;
	bpf_probe_read_kernel(&address, sizeof(address), ctx);
	if (!address)
		return 0;
	desk = begin_event(member, OP_MODULE);
	if (!desk)
		return unseen(member, OP_MODULE);
	desk->record.act.arguments[0] = 1;
	add_object(desk, file->f_inode, file->f_path.dentry, mount_of(file->f_path.mnt));
	describe_version(&desk->record.act.object[0], file->f_inode);
	return end_event(desk);
}

/* Objects of the kernel's own kinds are told by the name of the kind. */
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
