// SPDX-License-Identifier: GPL-2.0-only
/*
 * Calls that have no hook of their own but need a capability: they are judged when the kernel checks for it
 * (security_capable). The kernel only takes a yes or a no from it, so the task cannot be stopped and its call restarted: the
 * program waits for the verdict in place.
 */
#include "hooks.h"

/* linux/capability.h */
#define CAP_SYS_MODULE 16
#define CAP_SYS_RAWIO 17
#define CAP_SYS_CHROOT 18
#define CAP_SYS_PACCT 20
#define CAP_SYS_ADMIN 21
#define CAP_SYS_BOOT 22
#define CAP_SYS_TIME 25
#define CAP_SYS_TTY_CONFIG 26

#define NR_MADVISE 28
#define NR_VHANGUP 153
#define NR_ADJTIMEX 159
#define NR_REBOOT 169
#define NR_SETHOSTNAME 170
#define NR_SETDOMAINNAME 171
#define NR_IOPL 172
#define NR_IOPERM 173
#define NR_DELETE_MODULE 176
#define NR_UNSHARE 272
#define NR_FANOTIFY_INIT 300
#define NR_CLOCK_ADJTIME 305
#define NR_SETNS 308
#define NR_OPEN_TREE 428
#define NR_FSOPEN 430
#define NR_FSCONFIG 431
#define NR_FSMOUNT 432
#define NR_FSPICK 433
#define NR_PROCESS_MADVISE 440
#define NR_MOUNT_SETATTR 442
#define NR_OPEN_TREE_ATTR 467
#define DELETING 2

/* The verdict on a call by two numbers: in most cases the call's own, and an argument that says more. */
static __always_inline int judge_need(u32 operation, u64 first, u64 second)
{
	return judge_numbers(operation, (struct said){ .first = first, .second = second }, IN_PLACE);
}

#define AT_FDCWD (-100)
#define RELATIVE 1
/* linux/mount.h: struct mount_attr, its first version */
#define ATTRIBUTE_BYTES 32

static __always_inline struct file *file_behind(int descriptor)
{
	struct task_struct *task = acting_task();
	struct fdtable *table = BPF_CORE_READ(task, files, fdt);
	struct file *file = 0;

	if ((u32)descriptor < BPF_CORE_READ(table, max_fds))
		bpf_probe_read_kernel(&file, sizeof(file), BPF_CORE_READ(table, fd) + descriptor);
	return file;
}

/* Adds the directory in which a relative path begins. */
static __always_inline void add_start(struct scratch *scratch, int directory)
{
	struct task_struct *task = acting_task();
	struct file *file;

	if (directory == AT_FDCWD) {
		add_object(scratch, 0, task->fs->pwd.dentry, mount_of(task->fs->pwd.mnt));
		return;
	}
	file = file_behind(directory);
	if (file)
		add_object(scratch, 0, BPF_CORE_READ(file, f_path.dentry), mount_of(BPF_CORE_READ(file, f_path.mnt)));
}

/* Appends the string of a call. False if it does not fit, or is on a page that is not there yet: the kernel fetches it a moment later. */
static __always_inline bool append_text(struct scratch *scratch, u64 text)
{
	u32 used = scratch->record.act.text_length;
	long length;

	if (!text)
		return true;
	if (used > PATH_BYTES)
		return false;
	length = bpf_probe_read_user_str(&scratch->text[used & (TEXT_BYTES - 1)], PATH_BYTES, (void *)text);
	if (length <= 0)
		return false;
	if (length > 1 && length <= PATH_BYTES)
		scratch->record.act.text_length = used + length - 1;
	return true;
}

/* Appends a NUL and the structure of attributes, if there is one. Of a larger one the rest is not told. */
static __always_inline bool append_attributes(struct scratch *scratch, u64 address, u64 size)
{
	u32 used = scratch->record.act.text_length;

	if (!address || size < ATTRIBUTE_BYTES)
		return true;
	if (used >= TEXT_BYTES - 1 - ATTRIBUTE_BYTES)
		return false;
	scratch->text[used & (TEXT_BYTES - 1)] = 0;
	if (bpf_probe_read_user(&scratch->text[(used + 1) & (TEXT_BYTES - 1)], ATTRIBUTE_BYTES, (void *)address))
		return false;
	scratch->record.act.text_length = used + 1 + ATTRIBUTE_BYTES;
	scratch->record.act.arguments[1] = size;
	return true;
}

/*
 * A call of the newer mount interface that begins with a string, or with a path and the directory that it begins in. The kernel has not
 * read them yet, and another thread may exchange them. So may the attributes that some calls set.
 */
static __always_inline int judge_mount_call(u64 call, u64 text, int directory, bool is_path)
{
	struct pt_regs *regs = (struct pt_regs *)bpf_task_pt_regs(bpf_get_current_task_btf());
	struct member *member = current_member();
	struct scratch *scratch;
	char first = 0;
	bool is_whole, sets_attributes;

	if (!member)
		return 0;
	scratch = begin_event(member, OP_MOUNT);
	if (!scratch)
		return unseen(member, OP_MOUNT);
	scratch->record.act.arguments[3] = call;
	if (is_path) {
		scratch->record.act.arguments[0] = (u32)BPF_CORE_READ(regs, dx);
		if (!bpf_probe_read_user(&first, sizeof(first), (void *)text) && first != '/') {
			scratch->record.act.arguments[2] = RELATIVE;
			add_start(scratch, directory);
		}
	}
	sets_attributes = call == NR_MOUNT_SETATTR || call == NR_OPEN_TREE_ATTR;
	is_whole = append_text(scratch, text);
	if (is_whole && sets_attributes)
		is_whole = append_attributes(scratch, BPF_CORE_READ(regs, r10), BPF_CORE_READ(regs, r8));
	if (!is_whole) {
		leave_scratch(scratch);
		return unseen(member, OP_MOUNT);
	}
	/* For an idmapping the kernel asks again, for each mount and with all mounts locked (fs/namespace.c, can_idmap_mount). */
	if (sets_attributes)
		return end_repeated(scratch, member);
	/* A next call that sets attributes is not taken for the one before this. */
	has_other_arguments(member);
	return end_event_by(scratch, IN_PLACE);
}

/* linux/magic.h */
#define ANON_INODE_FS_MAGIC 0x09041934
#define FSCONTEXT 0x65746e6f6373665bULL

/* The file system that is set up behind a descriptor of fsopen or fspick ("[fscontext]"). */
static __always_inline struct fs_context *set_up_behind(int descriptor)
{
	struct file *file = file_behind(descriptor);
	u64 name = 0;

	if (!file || BPF_CORE_READ(file, f_inode, i_sb, s_magic) != ANON_INODE_FS_MAGIC)
		return 0;
	bpf_probe_read_kernel(&name, sizeof(name), BPF_CORE_READ(file, f_path.dentry, d_name.name));
	return name == FSCONTEXT ? BPF_CORE_READ(file, private_data) : 0;
}

/* The flags of a file system that have words of their own (fs/fs_context.c): ro, sync, mand, dirsync, lazytime. */
#define FLAGS_WITH_WORDS (1 | 1 << 4 | 1 << 6 | 1 << 7 | 1 << 25)

/*
 * What was set and what was cleared of the flags that the kernel takes before it asks about a setting (fs/fs_context.c,
 * vfs_parse_fs_param). The lowest bit of the second argument says that a setting follows, and none does.
 */
static __always_inline void add_flags(struct scratch *scratch, struct fs_context *context)
{
	u64 flags = BPF_CORE_READ(context, sb_flags), touched = BPF_CORE_READ(context, sb_flags_mask) & FLAGS_WITH_WORDS;

	scratch->record.act.arguments[1] = (touched & ~flags) << 1;
	scratch->record.act.arguments[2] = touched & flags;
}

/* A call on such a descriptor, with a number: attributes of a mount, or the command that creates or reconfigures a file system. */
static __always_inline int judge_set_up(u64 call, int descriptor, u32 number)
{
	struct fs_context *context;
	struct member *member = current_member();
	struct scratch *scratch;

	if (!member)
		return 0;
	scratch = begin_event(member, OP_MOUNT);
	if (!scratch)
		return unseen(member, OP_MOUNT);
	scratch->record.act.arguments[0] = number;
	scratch->record.act.arguments[3] = call;
	context = set_up_behind(descriptor);
	if (context && call == NR_FSCONFIG)
		add_flags(scratch, context);
	append_string(scratch, context ? BPF_CORE_READ(context, fs_type, name) : 0);
	return end_event_by(scratch, IN_PLACE);
}

HOOK(capable)
int BPF_PROG(capability_needed, const struct cred *cred, void *namespace, int capability)
{
	struct pt_regs *regs;
	u64 call, first, second;

	if (!current_member())
		return 0;
	regs = (struct pt_regs *)bpf_task_pt_regs(bpf_get_current_task_btf());
	call = system_call();
	first = BPF_CORE_READ(regs, di);
	second = BPF_CORE_READ(regs, si);
	switch (capability) {
	case CAP_SYS_ADMIN:
		switch (call) {
		case NR_UNSHARE:
			return judge_need(OP_NAMESPACE, call, (u32)first);
		case NR_SETNS:
			return judge_need(OP_NAMESPACE, call, (u32)second);
		case NR_SETHOSTNAME:
		case NR_SETDOMAINNAME:
			return judge_need(OP_HOSTNAME, call, 0);
		case NR_MADVISE:
		case NR_PROCESS_MADVISE:
			return judge_need(OP_ADMIN, call, 0);
		case NR_FANOTIFY_INIT:
			return judge_need(OP_FANOTIFY, (u32)first, (u32)second);
		case NR_FSOPEN:
			return judge_mount_call(call, first, 0, false);
		case NR_FSCONFIG:
			return judge_set_up(call, first, (u32)second);
		case NR_FSMOUNT:
			return judge_set_up(call, first, (u32)BPF_CORE_READ(regs, dx));
		case NR_FSPICK:
		case NR_OPEN_TREE:
		case NR_OPEN_TREE_ATTR:
		case NR_MOUNT_SETATTR:
			return judge_mount_call(call, second, first, true);
		}
		break;
	case CAP_SYS_BOOT:
		if (call == NR_REBOOT)
			return judge_need(OP_REBOOT, (u32)BPF_CORE_READ(regs, dx), 0);
		break;
	case CAP_SYS_RAWIO:
		if (call == NR_IOPL || call == NR_IOPERM)
			return judge_need(OP_IOPORT, call, 0);
		break;
	case CAP_SYS_MODULE:
		if (call == NR_DELETE_MODULE)
			return judge_need(OP_MODULE, DELETING, 0);
		break;
	case CAP_SYS_TIME:
		if (call == NR_ADJTIMEX || call == NR_CLOCK_ADJTIME)
			return judge_need(OP_SETTIME, call, 0);
		break;
	case CAP_SYS_TTY_CONFIG:
		if (call == NR_VHANGUP)
			return judge_need(OP_ADMIN, call, 0);
		break;
	case CAP_SYS_PACCT:
		/* With a file, acct is judged when the kernel opens the file. */
		if (call == NR_ACCT && !first)
			return judge_need(OP_ADMIN, call, 0);
		break;
	case CAP_SYS_CHROOT:
		break;
	default:
		return 0;
	}
	return call == FOREIGN_CALL && !executes() ? judge_need(OP_ABI, 0, 0) : 0;
}

/* A child in namespaces of its own: clone flags as the kernel has copied them, from clone or clone3. */
#define NEW_NAMESPACES 0x7e020080
#define NR_CLONE3 435

HOOK(task_alloc)
int BPF_PROG(namespaces_cloned, struct task_struct *task, unsigned long clone_flags)
{
	struct member *member = current_member();
	struct scratch *scratch;

	if (!member || !(clone_flags & NEW_NAMESPACES))
		return 0;
	scratch = begin_event(member, OP_NAMESPACE);
	if (!scratch)
		return unseen(member, OP_NAMESPACE);
	scratch->record.act.arguments[0] = NR_CLONE3;
	scratch->record.act.arguments[1] = (u32)clone_flags;
	return end_event(scratch);
}

/*
 * The type information of some kernels lacks the function that asks about user namespaces, so a program cannot be attached to
 * it. There `unshare` is judged when it copies credentials, which it does for no other reason.
 */
#ifdef ATTACH_FMOD_RET
SECTION(cred_prepare, prepare_creds)
int BPF_PROG(user_namespace_made, struct cred *new)
#else
HOOK(userns_create)
int BPF_PROG(user_namespace_made, const struct cred *cred)
#endif
{
	struct pt_regs *regs;

	if (!current_member() || system_call() != NR_UNSHARE)
		return 0;
	regs = (struct pt_regs *)bpf_task_pt_regs(bpf_get_current_task_btf());
	return judge_need(OP_NAMESPACE, NR_UNSHARE, (u32)BPF_CORE_READ(regs, di));
}
