/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Supervisors and their keepers. No workload of any namespace may act on them, whatever its contour says. Such an act is
 * refused and reported (`refuse_kept` in judge.h); by tracepoints it has happened, and is only reported.
 */
#ifndef ISOLINE_SUPERVISORS_H
#define ISOLINE_SUPERVISORS_H

#include "judge.h"

/* linux/magic.h */
#define PROC_SUPER_MAGIC 0x9fa0
#define S_IFMT 0170000
#define S_IFREG 0100000

/* Whether a process, by its id in the first pid namespace, is a supervisor. */
static __always_inline bool decides(u32 process)
{
	return bpf_map_lookup_elem(&supervisors, &process) != 0;
}

static __always_inline bool is_supervisor(struct task_struct *task)
{
	return decides(task->tgid);
}

/* Whether a signal ends or stops a supervisor whatever it does (process/own-signals.ts). */
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
#define NAME_WORDS 2
#define HARMLESS_ENTRIES 11

/*
 * Files of /proc that every process may read and only the kernel writes (HARMLESS in seccomp/paths/kept-files.ts): names,
 * padded with zeros.
 */
static const char harmless_entries[HARMLESS_ENTRIES][8 * NAME_WORDS] = {
	"stat", "statm", "status", "cmdline", "comm", "cgroup", "limits", "loginuid", "oom_score", "schedstat", "sessionid",
};

/* Whether a file of /proc belongs to a supervisor, or to one of its threads. */
static __always_inline bool is_of_supervisor(struct inode *inode)
{
	u64 entry = (u64)inode - bpf_core_field_offset(struct proc_inode, vfs_inode);
	struct pid *pid = BPF_CORE_READ((struct proc_inode *)entry, pid);
	u64 first = (u64)BPF_CORE_READ(pid, tasks[0].first);

	if (!pid || !first)
		return false;
	return decides(BPF_CORE_READ((struct task_struct *)(first - bpf_core_field_offset(struct task_struct, pid_links)), tgid));
}

/* `ftrace_enabled` and `kernel`, padded with zeros. */
static const char switch_name[8 * NAME_WORDS] = "ftrace_enabled";
static const char switch_directory[8] = "kernel";

/*
 * Whether this is kernel.ftrace_enabled. With 0 in it, the kernel calls no program of a hook any more, for any namespace
 * (kernel/trace/ftrace.c, ftrace_enable_sysctl).
 */
static __always_inline bool is_switch(struct dentry *dentry)
{
	u64 name[NAME_WORDS] = {}, directory = 0;

	bpf_probe_read_kernel_str(name, sizeof(name), dentry->d_name.name);
	bpf_probe_read_kernel_str(&directory, sizeof(directory), dentry->d_parent->d_name.name);
	return name[0] == ((const u64 *)switch_name)[0] && name[1] == ((const u64 *)switch_name)[1] &&
	       directory == *(const u64 *)switch_directory;
}

/*
 * Whether this is a file of /proc that no workload may open: any file of a supervisor but those that `ps` reads of every
 * process; to write, the switch that all programs depend on.
 */
static __noinline int is_kept_entry(struct file *file)
{
	struct dentry *dentry = file->f_path.dentry;
	u64 name[NAME_WORDS] = {};
	bool is_harmless = false;

	if (file->f_mode & FMODE_WRITE && is_switch(dentry))
		return true;
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

/* linux/magic.h */
#define CGROUP_SUPER_MAGIC 0x27e0eb
#define CGROUP2_SUPER_MAGIC 0x63677270
#define SETTING_WORDS 3
#define HARMLESS_SETTINGS 10

/* Files that move tasks, enable controllers or wait for pressure (HARMLESS in own-groups.ts): names, padded with zeros. */
static const char harmless_settings[HARMLESS_SETTINGS][8 * SETTING_WORDS] = {
	"tasks",	   "cgroup.procs", "cgroup.threads",  "cgroup.subtree_control", "cgroup.clone_children",
	"cgroup.pressure", "cpu.pressure", "memory.pressure", "io.pressure",		"irq.pressure",
};

/*
 * Whether this is a file of a control group that contains a supervisor, which no workload may write to: it would freeze, kill or starve
 * the supervisor. By a handle a file may be open that has no name, of which the group is not known.
 */
static __noinline int is_of_own_group(struct file *file)
{
	struct dentry *dentry = file->f_path.dentry;
	struct group group = {};
	u64 name[SETTING_WORDS] = {};

	group.inode = dentry->d_parent->d_inode->i_ino;
	group.device = file->f_inode->i_sb->s_dev;
	if (dentry->d_parent != dentry && !bpf_map_lookup_elem(&own_groups, &group))
		return false;
	bpf_probe_read_kernel_str(name, sizeof(name), dentry->d_name.name);
	for (u32 each = 0; each < HARMLESS_SETTINGS; each++) {
		const u64 *harmless = (const u64 *)harmless_settings[each];

		if (name[0] == harmless[0] && name[1] == harmless[1] && name[2] == harmless[2])
			return false;
	}
	return true;
}
#endif

#endif
