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
	return judge_numbers(operation, (struct said){ .first = access }, BY_RESTART);
}

/* Whether a mapping counts: the mappings of an exec belong to the exec, and shmat has a hook of its own. */
static __always_inline bool maps_code(unsigned long protection)
{
	return current_member() && protection & PROT_EXEC && !executes() && system_call() != NR_SHMAT;
}

static __always_inline int judge_mapped(struct inode *inode, struct dentry *dentry, u64 mount, unsigned long protection)
{
	struct member *member = current_member();
	struct scratch *scratch = member ? begin_event(member, OP_MAP) : 0;

	if (!member)
		return 0;
	if (!scratch)
		return unseen(member, OP_MAP);
	scratch->record.act.arguments[0] = protection & PROT_WRITE;
	add_object(scratch, inode, dentry, mount);
	describe_content(scratch, inode);
	return end_event(scratch);
}

/*
 * `has_file` says whether there is a file. Before 6.18 the verifier assumes that the hook's argument is never NULL, and
 * removes a comparison with it. Then memory without a file would crash the kernel.
 */
static __always_inline int judge_mapping(struct file *file, bool has_file, unsigned long protection)
{
	if (!maps_code(protection))
		return 0;
	if (!has_file)
		return judge_memory(OP_MAP_ANONYMOUS, protection & PROT_WRITE);
	return judge_mapped(file->f_inode, file->f_path.dentry, mount_of(file->f_path.mnt), protection);
}

/* The requested protection, and what the personality of old programs adds: everything readable is executable. */
static __always_inline unsigned long granted(unsigned long protection)
{
	struct task_struct *task = bpf_get_current_task_btf();

	return protection & PROT_READ && task->personality & READ_IMPLIES_EXEC ? protection | PROT_EXEC : protection;
}

/*
 * A write through the mapping of an overlay's file is one to the file beneath: the overlay's inode keeps its times, and grants a lease.
 * Said before there is a mapping, of every one by which the file can come to be written to, also a private one.
 */
static __always_inline void say_mapped(struct file *file)
{
	struct member *member = current_member();
	struct namespace_state *state;

	if (!member || !(file->f_mode & FMODE_WRITE) || !is_on_overlay(file->f_inode))
		return;
	state = bpf_map_lookup_elem(&namespace_states, &member->namespace_id);
	if (state)
		state->maps_overlay = 1;
}

HOOK(mmap_file)
int BPF_PROG(mapped, struct file *file, unsigned long protection)
{
	u64 address = 0;

	/* The verifier knows nothing about a value that is read as a number. */
	bpf_probe_read_kernel(&address, sizeof(address), ctx);
	if (address)
		say_mapped(file);
	return judge_mapping(file, address != 0, granted(protection));
}

/*
 * A file was mapped without the right to execute, and its mapping is to become executable. Its version is reported where file
 * content counts.
 */
static __always_inline void add_mapped(struct scratch *scratch, struct member *member, struct vm_area_struct *area)
{
	struct namespace_state *state = bpf_map_lookup_elem(&namespace_states, &member->namespace_id);
	struct file *file = area->vm_file;

	if (!state || state->content != VERSIONS_OPENED || !file || area->vm_flags & VM_EXEC)
		return;
	add_object(scratch, file->f_inode, file->f_path.dentry, mount_of(file->f_path.mnt));
	describe_content(scratch, file->f_inode);
}

HOOK(file_mprotect)
int BPF_PROG(protected, struct vm_area_struct *area, unsigned long protection)
{
	struct member *member = current_member();
	struct scratch *scratch;

	protection = granted(protection);
	if (!member || !(protection & PROT_EXEC))
		return 0;
	scratch = begin_event(member, OP_PROTECT);
	if (!scratch)
		return unseen(member, OP_PROTECT);
	scratch->record.act.arguments[0] = protection & PROT_WRITE;
	add_mapped(scratch, member, area);
	return end_event(scratch);
}

/* Shared memory that is attached, which is always readable. */
static __always_inline bool attaches_code(u32 flags)
{
	return flags & SHM_EXEC || granted(PROT_READ) & PROT_EXEC;
}

/* 1: shared memory. */
HOOK(shm_shmat)
int BPF_PROG(shared, void *segment, void *address, int flags)
{
	return attaches_code(flags) ? judge_memory(OP_MAP_ANONYMOUS, 1) : 0;
}
