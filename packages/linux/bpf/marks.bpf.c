// SPDX-License-Identifier: GPL-2.0-only
/*
 * The marks of a fanotify group. The group itself is judged when the kernel checks for CAP_SYS_ADMIN (calls.bpf.c): without
 * that capability a group gets no open files and answers no permission questions.
 */
#include "hooks.h"

#define NR_FANOTIFY_MARK 301
#define FAN_MARK_ADD 1

/* The flags of the group behind a descriptor, and those with which it opens the files that it hands out. */
static __always_inline void add_group(struct scratch *scratch, u32 descriptor)
{
	struct task_struct *task = acting_task();
	struct fdtable *table = BPF_CORE_READ(task, files, fdt);
	struct fsnotify_group *group;
	struct file *file = 0;

	if (descriptor < BPF_CORE_READ(table, max_fds))
		bpf_probe_read_kernel(&file, sizeof(file), BPF_CORE_READ(table, fd) + descriptor);
	if (!file)
		return;
	group = BPF_CORE_READ(file, private_data);
	scratch->record.act.arguments[2] = BPF_CORE_READ(group, fanotify_data.flags);
	scratch->record.act.arguments[3] = BPF_CORE_READ(group, fanotify_data.f_flags);
}

static __always_inline void add_mark(struct scratch *scratch, struct pt_regs *regs, u64 mask)
{
	scratch->record.act.arguments[0] = mask;
	scratch->record.act.arguments[1] = (u32)BPF_CORE_READ(regs, si);
	add_group(scratch, (u32)BPF_CORE_READ(regs, di));
}

/* inotify and dnotify only observe, and hand out no files. */
HOOK(path_notify)
int BPF_PROG(marked, const struct path *path, u64 mask)
{
	struct pt_regs *regs = (struct pt_regs *)bpf_task_pt_regs(bpf_get_current_task_btf());
	struct member *member = current_member();
	u64 call = system_call();
	struct scratch *scratch;

	if (!member || (call != NR_FANOTIFY_MARK && call != FOREIGN_CALL))
		return 0;
	/* Removing a mark reduces what the group observes. */
	if (call == NR_FANOTIFY_MARK && !(BPF_CORE_READ(regs, si) & FAN_MARK_ADD))
		return 0;
	scratch = begin_event(member, OP_FANOTIFY_MARK);
	if (!scratch)
		return unseen(member, OP_FANOTIFY_MARK);
	add_mark(scratch, regs, mask);
	add_object(scratch, path->dentry->d_inode, path->dentry, mount_of(path->mnt));
	return end_event(scratch);
}
