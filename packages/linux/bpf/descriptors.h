/* SPDX-License-Identifier: GPL-2.0-only */
/* From a descriptor that a call returned, or an address that it mapped, to the object. */
#ifndef ISOLINE_DESCRIPTORS_H
#define ISOLINE_DESCRIPTORS_H

#include "short-key.h"

#define MAP_ANONYMOUS 0x20
#define NR_MMAP 9
#define NR_MPROTECT 10
#define NR_OPEN_BY_HANDLE_AT 304
#define NR_PKEY_MPROTECT 329

/* Flags that an open file does not keep once it is open, and those that it keeps (fs/open.c, do_dentry_open). */
#define FORGETS (O_CREAT | O_EXCL | O_TRUNC)
#define KEEPS (~FORGETS)

static __always_inline struct file *as_file(u64 address)
{
	return bpf_rdonly_cast((void *)address, bpf_core_type_id_kernel(struct file));
}

/* The open file of a descriptor of the acting task, or 0. */
static __always_inline u64 file_of(u32 descriptor)
{
	struct fdtable *table = acting_task()->files->fdt;

	return descriptor < table->max_fds ? two_words((u64)(table->fd + descriptor))->tv_sec : 0;
}

/* An open that has succeeded. Its flags are in registers, or in memory for openat2; the file itself keeps only some of them. */
static __noinline int opened(struct member *member, struct pt_regs *regs, u32 descriptor)
{
	u64 address = file_of(descriptor), how[2];
	struct file *file;
	struct scratch *scratch;
	u32 asked, mode;

	/* Another thread has closed the descriptor already. */
	if (!address)
		return unseen(member, OP_OPEN);
	file = as_file(address);
	/* Each case reads its own register: the verifier wants one kind of pointer for each instruction. */
	switch (number_of(regs)) {
	case NR_OPEN:
		asked = regs->si;
		mode = regs->dx;
		barrier_var(mode);
		break;
	case NR_CREAT:
		asked = O_CREAT | O_WRONLY | O_TRUNC;
		mode = regs->si;
		barrier_var(mode);
		break;
	case NR_OPENAT:
		asked = regs->dx;
		mode = regs->r10;
		barrier_var(mode);
		break;
	case NR_OPEN_BY_HANDLE_AT:
		asked = regs->dx;
		mode = 0;
		break;
	default:
		if (bpf_probe_read_user(how, sizeof(how), (void *)regs->dx))
			return unseen(member, OP_OPEN);
		asked = how[0];
		mode = how[1];
		barrier_var(mode);
	}
	if ((file->f_flags & (O_TMPFILE | O_DIRECTORY)) == (O_TMPFILE | O_DIRECTORY))
		return judge_unnamed(member, file);
	if (!(file->f_mode & FMODE_CREATED))
		return judge_open(member, file, (file->f_flags & KEEPS) | (asked & FORGETS), false);
	scratch = begin_event(member, OP_CREATE);
	if (!scratch)
		return unseen(member, OP_CREATE);
	add_object(scratch, 0, file->f_path.dentry, mount_of(file->f_path.mnt));
	scratch->record.act.arguments[0] = asked & KEY_FLAGS;
	scratch->record.act.arguments[1] = mode & 07777;
	return end_event(scratch);
}

struct mapping {
	u64 file;
};

static long take_mapping(struct task_struct *task, struct vm_area_struct *area, struct mapping *mapping)
{
	mapping->file = (u64)area->vm_file;
	return 0;
}

/* Finds the file that is mapped at an address of a task, 0 if the memory has none. False if nothing is mapped there. */
static __always_inline bool file_mapped_at(struct task_struct *task, u64 address, u64 *file)
{
	struct mapping mapping = {};
	long result = bpf_find_vma(task, address, take_mapping, &mapping, 0);

	*file = mapping.file;
	return result == 0;
}

/* include/linux/fs.h: the second bit since 6.14, the first one before. A backing file also has FMODE_NOACCOUNT. */
#define FMODE_BACKING (0x2000000 | 0x1000000)

/*
 * Where a mapped file is as its user sees it, if the kernel maps another file instead: for a file of an overlay it maps the
 * file of the layer. 0 if both are the same.
 */
static __always_inline u64 user_dentry(u64 file, u64 *mount)
{
	u32 mode = as_file(file)->f_mode;

	if (!bpf_core_field_exists(struct backing_file, user_path))
		return 0;
	if (!(mode & FMODE_NOACCOUNT) || !(mode & FMODE_BACKING))
		return 0;
	*mount = mount_of(BPF_CORE_READ((struct backing_file *)file, user_path.mnt));
	return (u64)BPF_CORE_READ((struct backing_file *)file, user_path.dentry);
}

/* A mapping that has succeeded. Shared anonymous memory is backed by a file that the kernel makes. */
static __noinline int map_made(struct member *member, u64 address, u64 protection, u64 flags)
{
	u64 file, seen, mount = 0;

	if (flags & MAP_ANONYMOUS)
		return judge_memory(OP_MAP_ANONYMOUS, protection & PROT_WRITE);
	/* Another thread holds the lock of the address space, or has removed the mapping. */
	if (!file_mapped_at(bpf_get_current_task_btf(), address, &file))
		return unseen(member, OP_MAP);
	seen = file ? user_dentry(file, &mount) : 0;
	if (!seen)
		return judge_mapping(as_file(file), file != 0, protection);
	return maps_code(protection) ? judge_mapped(as_dentry(seen)->d_inode, as_dentry(seen), mount, protection) : 0;
}

#endif
