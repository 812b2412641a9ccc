/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Supervisors, and their keepers: out of reach for the workload of every namespace, whatever a contour says. What is done to one
 * is refused and told (`refuse_kept` in judge.h); by tracepoints it has happened, and is told.
 */
#ifndef ISOLINE_SUPERVISORS_H
#define ISOLINE_SUPERVISORS_H

#include "judge.h"

/* linux/magic.h */
#define PROC_SUPER_MAGIC 0x9fa0
#define S_IFMT 0170000
#define S_IFREG 0100000

/* Whether a process, by its number in the first pid namespace, decides about some namespace. */
static __always_inline bool decides(u32 process)
{
	return bpf_map_lookup_elem(&supervisors, &process) != 0;
}

static __always_inline bool is_supervisor(struct task_struct *task)
{
	return decides(task->tgid);
}

/* Of signals those that end or stop a supervisor whatever it does (process/own-signals.ts). */
static __always_inline bool is_deadly(int signal)
{
	switch (signal) {
	case 4 ... 9:
	case 11:
	case 19:
	case 31:
		return true;
	}
	return false;
}

#ifndef ATTACH_TRACEPOINTS
/* include/linux/fs.h */
#define FMODE_WRITE 0x2
#define NAME_WORDS 2
#define HARMLESS_ENTRIES 11

/* What the kernel tells to everybody and only itself writes (as HARMLESS in seccomp/paths/kept-files.ts): names, filled with zeros. */
static const char harmless_entries[HARMLESS_ENTRIES][8 * NAME_WORDS] = {
	"stat", "statm", "status", "cmdline", "comm", "cgroup", "limits", "loginuid", "oom_score", "schedstat", "sessionid",
};

/* Whether a file of /proc is of a process that decides, or of a thread of one. */
static __always_inline bool is_of_supervisor(struct inode *inode)
{
	u64 entry = (u64)inode - bpf_core_field_offset(struct proc_inode, vfs_inode);
	struct pid *pid = BPF_CORE_READ((struct proc_inode *)entry, pid);
	u64 first = (u64)BPF_CORE_READ(pid, tasks[0].first);

	if (!pid || !first)
		return false;
	return decides(BPF_CORE_READ((struct task_struct *)(first - bpf_core_field_offset(struct task_struct, pid_links)), tgid));
}

/* A file of /proc that nobody in a namespace may open: all that a supervisor has there, but for what `ps` reads of everybody. */
static __noinline int is_kept_entry(struct file *file)
{
	struct dentry *dentry = file->f_path.dentry;
	u64 name[NAME_WORDS] = {};
	bool is_harmless = false;

	if (!is_of_supervisor(file->f_inode))
		return false;
	if (file->f_mode & FMODE_WRITE || (file->f_inode->i_mode & S_IFMT) != S_IFREG)
		return true;
	bpf_probe_read_kernel_str(name, sizeof(name), dentry->d_name.name);
	for (u32 each = 0; each < HARMLESS_ENTRIES; each++) {
		const u64 *harmless = (const u64 *)harmless_entries[each];

		if (name[0] == harmless[0] && name[1] == harmless[1])
			is_harmless = true;
	}
	return !is_harmless;
}
#endif

#endif
