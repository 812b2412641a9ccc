// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who a process is and what world it lives in: ids, capabilities, rights, roots, mounts. The kernel asks
 * these after it has looked whether they are allowed, except for mounts. What is said with numbers is told with them, out of
 * registers.
 */
#include "hooks.h"

#define NR_SETUID 105
#define NR_SETGROUPS 116
#define NR_SETRESGID 119
#define NR_SETFSUID 122
#define NR_SETFSGID 123
#define NR_MOVE_MOUNT 429
#define MOST_GROUPS 32

/* Call number and its first three arguments. */
static __always_inline void add_call(struct desk *desk)
{
	struct pt_regs *regs = (struct pt_regs *)bpf_task_pt_regs(bpf_get_current_task_btf());

	desk->record.act.arguments[0] = BPF_CORE_READ(regs, orig_ax);
	desk->record.act.arguments[1] = BPF_CORE_READ(regs, di);
	desk->record.act.arguments[2] = BPF_CORE_READ(regs, si);
	desk->record.act.arguments[3] = BPF_CORE_READ(regs, dx);
}

static __always_inline int judge_call(u32 operation, enum patience patience)
{
	struct member *member = current_member();
	struct desk *desk;

	if (!member)
		return 0;
	desk = begin_event(member, operation);
	if (!desk)
		return unseen(member, operation);
	add_call(desk);
	return end_event_by(desk, patience);
}

/* setfsuid and setfsgid cannot fail: they return what was so before, and change it or do not. */
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

/* The groups themselves are the text, so many of them. */
HOOK(task_fix_setgroups)
int BPF_PROG(groups_set, struct cred *new)
{
	struct member *member = current_member();
	struct group_info *groups;
	struct desk *desk;
	u32 count;

	if (!member)
		return 0;
	desk = begin_event(member, OP_SETID);
	if (!desk)
		return unseen(member, OP_SETID);
	groups = BPF_CORE_READ(new, group_info);
	count = BPF_CORE_READ(groups, ngroups);
	desk->record.act.arguments[0] = NR_SETGROUPS;
	desk->record.act.arguments[1] = count;
	if (count > MOST_GROUPS)
		count = MOST_GROUPS;
	append_bytes(desk, (void *)groups + bpf_core_field_offset(struct group_info, gid), count * sizeof(u32));
	return end_event(desk);
}

HOOK(capset)
int BPF_PROG(capabilities_set, struct cred *new, const struct cred *old, void *effective, void *inheritable,
	     void *permitted)
{
	struct member *member = current_member();
	struct desk *desk;

	if (!member)
		return 0;
	desk = begin_event(member, OP_CAPSET);
	if (!desk)
		return unseen(member, OP_CAPSET);
	bpf_probe_read_kernel(&desk->record.act.arguments[0], sizeof(u64), effective);
	bpf_probe_read_kernel(&desk->record.act.arguments[1], sizeof(u64), permitted);
	bpf_probe_read_kernel(&desk->record.act.arguments[2], sizeof(u64), inheritable);
	return end_event(desk);
}

/* Options that change what a process may do or who may look into it (linux/prctl.h), as mediated.ts lists them. */
HOOK(task_prctl)
int BPF_PROG(prctled, int option, unsigned long argument)
{
	struct member *member = current_member();
	struct desk *desk;

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
	desk = begin_event(member, OP_PRCTL);
	if (!desk)
		return unseen(member, OP_PRCTL);
	desk->record.act.arguments[0] = (u32)option;
	/* Addresses and pids differ from run to run; small numbers are the meaning of the call. */
	desk->record.act.arguments[1] = argument < 4096 && option != 0x59616d61 ? argument : ~0ULL;
	return end_event(desk);
}

HOOK(path_chroot)
int BPF_PROG(chrooted, const struct path *path)
{
	struct member *member = current_member();
	struct desk *desk;

	if (!member)
		return 0;
	desk = begin_event(member, OP_CHROOT);
	if (!desk)
		return unseen(member, OP_CHROOT);
	add_object(desk, 0, path->dentry, mount_of(path->mnt));
	return end_event(desk);
}

HOOK(sb_pivotroot)
int BPF_PROG(pivoted, const struct path *old, const struct path *new)
{
	struct member *member = current_member();
	struct desk *desk;

	if (!member)
		return 0;
	desk = begin_event(member, OP_PIVOT);
	if (!desk)
		return unseen(member, OP_PIVOT);
	add_object(desk, 0, new->dentry, mount_of(new->mnt));
	add_object(desk, 0, old->dentry, mount_of(old->mnt));
	return end_event(desk);
}

/* Source and type follow the path, each with an end; a NULL is told apart from an empty one by the arguments. */
HOOK(sb_mount)
int BPF_PROG(mounted, const char *source, const struct path *path, const char *type, unsigned long flags)
{
	struct member *member = current_member();
	u64 texts[3] = {};
	struct desk *desk;

	if (!member)
		return 0;
	desk = begin_event(member, OP_MOUNT);
	if (!desk)
		return unseen_kept(member, OP_MOUNT, is_pin(path->dentry));
	/* Any of both may be NULL, which the verifier does not know. */
	bpf_probe_read_kernel(texts, sizeof(texts), ctx);
	desk->record.act.arguments[0] = (u32)flags;
	desk->record.act.arguments[1] = texts[0] != 0;
	desk->record.act.arguments[2] = texts[2] != 0;
	add_object(desk, 0, path->dentry, mount_of(path->mnt));
	append_string(desk, (void *)texts[0]);
	append_bytes(desk, "", 1);
	append_string(desk, (void *)texts[2]);
	return end_kept(desk, BY_RESTART, is_pin(path->dentry));
}

HOOK(move_mount)
int BPF_PROG(mount_moved, const struct path *from, const struct path *to)
{
	struct member *member = current_member();
	struct desk *desk;

	if (!member)
		return 0;
	desk = begin_event(member, OP_MOUNT);
	if (!desk)
		return unseen_kept(member, OP_MOUNT, is_pin(to->dentry) || is_pin(from->dentry));
	desk->record.act.arguments[3] = NR_MOVE_MOUNT;
	add_object(desk, 0, to->dentry, mount_of(to->mnt));
	return end_kept(desk, BY_RESTART, is_pin(to->dentry) || is_pin(from->dentry));
}

HOOK(sb_umount)
int BPF_PROG(unmounted, struct vfsmount *mount, int flags)
{
	struct member *member = current_member();
	struct desk *desk;

	if (!member)
		return 0;
	desk = begin_event(member, OP_UMOUNT);
	if (!desk)
		return unseen_kept(member, OP_UMOUNT, is_pin(mount->mnt_root));
	desk->record.act.arguments[0] = (u32)flags;
	add_object(desk, 0, mount->mnt_root, mount_of(mount));
	return end_kept(desk, BY_RESTART, is_pin(mount->mnt_root));
}
