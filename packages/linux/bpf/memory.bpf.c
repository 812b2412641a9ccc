// SPDX-License-Identifier: GPL-2.0-only
/* Memory that becomes executable. */
#include "hooks.h"

#define PROT_READ 1
#define PROT_WRITE 2
#define PROT_EXEC 4
#define SHM_EXEC 0100000
/* include/linux/mm.h */
#define VM_EXEC 0x4
/* linux/personality.h */
#define READ_IMPLIES_EXEC 0x0400000
#define NR_SHMAT 30
#define NR_EXECVE 59
#define NR_EXECVEAT 322

static __always_inline int judge_memory(u32 operation, u32 access)
{
	struct member *member = current_member();
	struct desk *desk;

	if (!member)
		return 0;
	desk = begin_event(member, operation);
	if (!desk)
		return unseen(member, operation);
	desk->record.act.arguments[0] = access;
	return end_event(desk);
}

/* What the kernel maps to run a program is the exec's, and what shmat maps is its own. */
static __always_inline bool maps_code(unsigned long protection)
{
	return current_member() && protection & PROT_EXEC && !executes() && system_call() != NR_SHMAT;
}

static __always_inline int judge_mapped(struct inode *inode, struct dentry *dentry, u64 mount, unsigned long protection)
{
	struct member *member = current_member();
	struct desk *desk = member ? begin_event(member, OP_MAP) : 0;

	if (!member)
		return 0;
	if (!desk)
		return unseen(member, OP_MAP);
	desk->record.act.arguments[0] = protection & PROT_WRITE;
	add_object(desk, inode, dentry, mount);
	describe_version(&desk->record.act.object[0], inode);
	return end_event(desk);
}

/*
 * `has_file` says whether there is one. The verifier of kernels before 6.18 takes the hook's argument for one that is never
 * NULL, and strikes a comparison with it out; then memory without a file would bring the kernel down.
 */
static __always_inline int judge_mapping(struct file *file, bool has_file, unsigned long protection)
{
	if (!maps_code(protection))
		return 0;
	if (!has_file)
		return judge_memory(OP_MAP_ANONYMOUS, protection & PROT_WRITE);
	return judge_mapped(file->f_inode, file->f_path.dentry, mount_of(file->f_path.mnt), protection);
}

/* What is asked for and, by a personality of old programs, more: then all that can be read can be executed. */
static __always_inline unsigned long granted(unsigned long protection)
{
	struct task_struct *task = bpf_get_current_task_btf();

	return protection & PROT_READ && task->personality & READ_IMPLIES_EXEC ? protection | PROT_EXEC : protection;
}

HOOK(mmap_file)
int BPF_PROG(mapped, struct file *file, unsigned long protection)
{
	u64 address = 0;

	/* As a number the verifier knows nothing of it. */
	bpf_probe_read_kernel(&address, sizeof(address), ctx);
	return judge_mapping(file, address != 0, granted(protection));
}

/* What was mapped of a file without a right to execute, and is now to have it: told of where files are inspected. */
static __always_inline void add_mapped(struct desk *desk, struct member *member, struct vm_area_struct *area)
{
	struct space *space = bpf_map_lookup_elem(&spaces, &member->space);
	struct file *file = area->vm_file;

	if (!space || space->content != VERSIONS_OPENED || !file || area->vm_flags & VM_EXEC)
		return;
	add_object(desk, file->f_inode, file->f_path.dentry, mount_of(file->f_path.mnt));
	describe_version(&desk->record.act.object[0], file->f_inode);
}

HOOK(file_mprotect)
int BPF_PROG(protected, struct vm_area_struct *area, unsigned long protection)
{
	struct member *member = current_member();
	struct desk *desk;

	protection = granted(protection);
	if (!member || !(protection & PROT_EXEC))
		return 0;
	desk = begin_event(member, OP_PROTECT);
	if (!desk)
		return unseen(member, OP_PROTECT);
	desk->record.act.arguments[0] = protection & PROT_WRITE;
	add_mapped(desk, member, area);
	return end_event(desk);
}

/* 1: shared memory. */
HOOK(shm_shmat)
int BPF_PROG(shared, void *segment, void *address, int flags)
{
	return flags & SHM_EXEC ? judge_memory(OP_MAP_ANONYMOUS, 1) : 0;
}
