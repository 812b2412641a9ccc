// SPDX-License-Identifier: GPL-2.0-only
/*
 * The credentials of a process and the system that it sees: ids, capabilities, roots, mounts. Except for mounts, the kernel
 * calls these hooks after its own permission checks. Numbers that describe an act are taken from registers.
 */
#include "hooks.h"

#define NR_SETUID 105
#define NR_SETGROUPS 116
#define NR_SETRESGID 119
#define NR_SETFSUID 122
#define NR_SETFSGID 123
#define NR_MOVE_MOUNT 429
/* As many as an event has room for (packages/core/src/event/soundness.ts), and a text. */
#define MOST_GROUPS 1024

/* The verdict on a call by its number and its first three arguments. */
static __always_inline int judge_call(u32 operation, enum patience patience)
{
	struct pt_regs *regs = (struct pt_regs *)bpf_task_pt_regs(bpf_get_current_task_btf());
	struct said said = {
		.first = call_number(),
		.second = BPF_CORE_READ(regs, di),
		.third = BPF_CORE_READ(regs, si),
		.fourth = BPF_CORE_READ(regs, dx),
	};

	return judge_numbers(operation, said, patience);
}

/* setfsuid and setfsgid cannot fail: they return the previous id, whether or not they change it. */
static __always_inline int judge_ids(void)
{
	u64 call = system_call();

	return judge_call(OP_SETID, call == NR_SETFSUID || call == NR_SETFSGID ? IN_PLACE : BY_RESTART);
}

HOOK(task_fix_setuid)
int BPF_PROG(uid_set, struct cred *new)
{
	return judge_ids();
}

HOOK(task_fix_setgid)
int BPF_PROG(gid_set, struct cred *new)
{
	return judge_ids();
}

/* The text holds all groups. More than it has room for are not told, so such an act is lost, and refused where enforced. */
HOOK(task_fix_setgroups)
int BPF_PROG(groups_set, struct cred *new)
{
	struct member *member = current_member();
	struct group_info *groups;
	struct scratch *scratch;
	u32 count, bytes;

	if (!member)
		return 0;
	groups = BPF_CORE_READ(new, group_info);
	count = BPF_CORE_READ(groups, ngroups);
	scratch = count > MOST_GROUPS ? 0 : begin_event(member, OP_SETID);
	if (!scratch)
		return unseen(member, OP_SETID);
	scratch->record.act.arguments[0] = NR_SETGROUPS;
	scratch->record.act.arguments[1] = count;
	bytes = count * sizeof(u32);
	/* The verifier must see this bound where they are read, and the compiler finds it redundant. */
	barrier_var(bytes);
	append_bytes(scratch, (void *)groups + bpf_core_field_offset(struct group_info, gid), bytes);
	return end_event(scratch);
}

HOOK(capset)
int BPF_PROG(capabilities_set, struct cred *new, const struct cred *old, void *effective, void *inheritable,
	     void *permitted)
{
	struct member *member = current_member();
	struct scratch *scratch;

	if (!member)
		return 0;
	scratch = begin_event(member, OP_CAPSET);
	if (!scratch)
		return unseen(member, OP_CAPSET);
	bpf_probe_read_kernel(&scratch->record.act.arguments[0], sizeof(u64), effective);
	bpf_probe_read_kernel(&scratch->record.act.arguments[1], sizeof(u64), permitted);
	bpf_probe_read_kernel(&scratch->record.act.arguments[2], sizeof(u64), inheritable);
	return end_event(scratch);
}

/* Options that change the rights of a process or the access to it (linux/prctl.h), the same as in mediated.ts. */
HOOK(task_prctl)
int BPF_PROG(prctled, int option, unsigned long argument)
{
	struct member *member = current_member();
	struct scratch *scratch;

	if (!member)
		return 0;
	switch (option) {
	case 4:
	case 8:
	case 22:
	case 24:
	case 28:
	case 35:
	case 36:
	case 47:
	case 62:
	case 0x59616d61:
		break;
	default:
		return 0;
	}
	scratch = begin_event(member, OP_PRCTL);
	if (!scratch)
		return unseen(member, OP_PRCTL);
	scratch->record.act.arguments[0] = (u32)option;
	/* Addresses and process ids differ from run to run. A small number is part of the meaning of the call. */
	scratch->record.act.arguments[1] = argument < 4096 && option != 0x59616d61 ? argument : ~0ULL;
	return end_event(scratch);
}

HOOK(path_chroot)
int BPF_PROG(chrooted, const struct path *path)
{
	struct member *member = current_member();
	struct scratch *scratch;

	if (!member)
		return 0;
	scratch = begin_event(member, OP_CHROOT);
	if (!scratch)
		return unseen(member, OP_CHROOT);
	add_object(scratch, 0, path->dentry, mount_of(path->mnt));
	return end_event(scratch);
}

HOOK(sb_pivotroot)
int BPF_PROG(pivoted, const struct path *old, const struct path *new)
{
	struct member *member = current_member();
	struct scratch *scratch;

	if (!member)
		return 0;
	scratch = begin_event(member, OP_PIVOT);
	if (!scratch)
		return unseen(member, OP_PIVOT);
	add_object(scratch, 0, new->dentry, mount_of(new->mnt));
	add_object(scratch, 0, old->dentry, mount_of(old->mnt));
	return end_event(scratch);
}

/* Adds the directory where the relative paths among the arguments of a mount begin. */
static __always_inline void add_directory(struct scratch *scratch)
{
	struct task_struct *task = acting_task();

	add_object(scratch, 0, task->fs->pwd.dentry, mount_of(task->fs->pwd.mnt));
}

/* Which texts of a mount are present, as bits of an argument: type, options, and that the options could not be read. */
#define HAS_TYPE 1
#define HAS_OPTIONS 2
#define OPTIONS_UNTOLD 4

/* Source, type and options follow the paths, each with a NUL. The arguments tell a NULL apart from an empty string. */
HOOK(sb_mount)
int BPF_PROG(mounted, const char *source, const struct path *path, const char *type, unsigned long flags)
{
	struct member *member = current_member();
	u64 texts[5] = {};
	struct scratch *scratch;

	if (!member)
		return 0;
	scratch = begin_event(member, OP_MOUNT);
	if (!scratch)
		return unseen_kept(member, OP_MOUNT, is_pin(path->dentry));
	/* Each of these may be NULL, which the verifier does not know. */
	bpf_probe_read_kernel(texts, sizeof(texts), ctx);
	scratch->record.act.arguments[0] = (u32)flags;
	scratch->record.act.arguments[1] = texts[0] != 0;
	scratch->record.act.arguments[2] = (texts[2] ? HAS_TYPE : 0) | (texts[4] ? HAS_OPTIONS : 0);
	add_object(scratch, 0, path->dentry, mount_of(path->mnt));
	add_directory(scratch);
	append_string(scratch, (void *)texts[0]);
	append_bytes(scratch, "", 1);
	append_string(scratch, (void *)texts[2]);
	append_bytes(scratch, "", 1);
	if (scratch->record.act.text_length > PATH_BYTES)
		scratch->record.act.arguments[2] |= OPTIONS_UNTOLD;
	else if (texts[4])
		append_string(scratch, (void *)texts[4]);
	return end_kept(scratch, BY_RESTART, is_pin(path->dentry));
}

#define NR_FSCONFIG 431
#define ENOPARAM 519

/* linux/mount.h, enum fsconfig_command */
#define FSCONFIG_SET_STRING 1
#define FSCONFIG_SET_PATH 3
#define FSCONFIG_SET_PATH_EMPTY 4
#define FSCONFIG_SET_FD 5

static __always_inline void add_setting(struct scratch *scratch, struct fs_parameter *setting, u32 command)
{
	switch (command) {
	case FSCONFIG_SET_STRING:
		append_string(scratch, BPF_CORE_READ(setting, string));
		break;
	case FSCONFIG_SET_PATH:
	case FSCONFIG_SET_PATH_EMPTY:
		append_string(scratch, BPF_CORE_READ(setting, name, name));
		break;
	}
}

/* A setting as the kernel has copied it: type of the file system, key, value. Only `fsconfig` is judged here. */
static __always_inline int judge_setting(struct fs_context *context, struct fs_parameter *setting)
{
	struct pt_regs *regs = (struct pt_regs *)bpf_task_pt_regs(bpf_get_current_task_btf());
	struct member *member = current_member();
	u64 call = system_call();
	struct file *file;
	struct scratch *scratch;
	u32 command;

	if (!member || (call != NR_FSCONFIG && call != FOREIGN_CALL))
		return 0;
	command = BPF_CORE_READ(regs, si);
	scratch = begin_event(member, OP_MOUNT);
	if (!scratch)
		return unseen(member, OP_MOUNT);
	scratch->record.act.arguments[0] = command;
	scratch->record.act.arguments[1] = 1;
	scratch->record.act.arguments[3] = NR_FSCONFIG;
	if (command == FSCONFIG_SET_FD) {
		file = BPF_CORE_READ(setting, file);
		add_object(scratch, 0, BPF_CORE_READ(file, f_path.dentry), mount_of(BPF_CORE_READ(file, f_path.mnt)));
	}
	append_string(scratch, BPF_CORE_READ(context, fs_type, name));
	append_bytes(scratch, "", 1);
	append_string(scratch, BPF_CORE_READ(setting, key));
	append_bytes(scratch, "", 1);
	add_setting(scratch, setting, command);
	return end_event(scratch);
}

/* This result means that the security module does not handle the key. */
HOOK(fs_context_parse_param)
int BPF_PROG(set_up, struct fs_context *context, struct fs_parameter *setting)
{
	int verdict = judge_setting(context, setting);

	barrier_var(verdict);
	if (verdict == -ERESTARTNOINTR)
		return -ERESTARTNOINTR;
	if (verdict)
		return -EPERM;
#ifdef ATTACH_FMOD_RET
	return 0;
#else
	return -ENOPARAM;
#endif
}

/* What stands for a tree that is not mounted yet: a whole file system, or a part of one. */
#define MOVES_NEW 1
#define MOVES_PART 2

/* What is moved: its place, if it is mounted, and the type of its file system. */
static __always_inline void add_moved(struct scratch *scratch, const struct path *from)
{
	struct mount *mount = (struct mount *)mount_of(from->mnt);
	struct dentry *root = BPF_CORE_READ(mount, mnt.mnt_root);

	add_object(scratch, 0, from->dentry, (u64)mount);
	if (BPF_CORE_READ(mount, mnt_parent) == mount)
		scratch->record.act.arguments[1] = BPF_CORE_READ(root, d_parent) == root ? MOVES_NEW : MOVES_PART;
	append_string(scratch, BPF_CORE_READ(root, d_sb, s_type, name));
}

/* The flags of move_mount, which decide how its paths are taken. */
static __always_inline u32 moving_flags(void)
{
	return BPF_CORE_READ((struct pt_regs *)bpf_task_pt_regs(bpf_get_current_task_btf()), r8);
}

HOOK(move_mount)
int BPF_PROG(mount_moved, const struct path *from, const struct path *to)
{
	struct member *member = current_member();
	struct scratch *scratch;

	if (!member)
		return 0;
	scratch = begin_event(member, OP_MOUNT);
	if (!scratch)
		return unseen_kept(member, OP_MOUNT, is_pin(to->dentry) || is_pin(from->dentry));
	scratch->record.act.arguments[0] = moving_flags();
	scratch->record.act.arguments[3] = NR_MOVE_MOUNT;
	add_object(scratch, 0, to->dentry, mount_of(to->mnt));
	add_moved(scratch, from);
	return end_kept(scratch, BY_RESTART, is_pin(to->dentry) || is_pin(from->dentry));
}

HOOK(sb_umount)
int BPF_PROG(unmounted, struct vfsmount *mount, int flags)
{
	struct member *member = current_member();
	struct scratch *scratch;

	if (!member)
		return 0;
	scratch = begin_event(member, OP_UMOUNT);
	if (!scratch)
		return unseen_kept(member, OP_UMOUNT, is_pin(mount->mnt_root));
	scratch->record.act.arguments[0] = (u32)flags;
	add_object(scratch, 0, mount->mnt_root, mount_of(mount));
	return end_kept(scratch, BY_RESTART, is_pin(mount->mnt_root));
}
