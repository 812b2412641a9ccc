// SPDX-License-Identifier: GPL-2.0-only
/*
 * Requests about a descriptor that affect more than it: a terminal, another process, the flags of a file. And changes to how
 * another process runs.
 */
#include "appending.h"
#include "control-data.h"
#include "file-requests.h"

#define F_SETOWN 8
#define F_SETOWN_EX 15
#define F_OWNER_PGRP 2
#define FIOSETOWN 0x8901
#define SIOCSPGRP 0x8902
/* asm-generic/ioctls.h, asm-generic/termbits-common.h */
#define TCXONC 0x540a
#define TCOOFF 0
#define TIOCSCTTY 0x540e
#define FIOASYNC 0x5452
#define O_ASYNC 020000
#define CAP_SYS_ADMIN 21
/* Stand for options of sockets, in the place of the number of a request: see words/requests.ts. */
#define NETFILTER 1
#define OWN_HEADERS 2
#define IP_HDRINCL 3
#define IP_OPTIONS 4
#define IPV6_2292PKTOPTIONS 6
#define IPV6_FLOWLABEL_MGR 32
#define IPV6_HDRINCL 36
#define NR_SETSOCKOPT 54
/* sizeof(struct in6_flowlabel_req): what follows it are options of the packets that use the label. */
#define FLOW_LABEL_BYTES 32
#define S_IFCHR 0020000

static __always_inline u32 named_group(u32 number)
{
	return number == (u32)group_of(bpf_get_current_task_btf()) ? OWN_GROUP : number;
}

/* The process that an id means. */
struct meant {
	bool is_own;
	/* No task, or one that is being born: the kernel could find it a moment later. */
	bool is_none;
	bool is_kept;
	/* Its process number, where it is of the namespace. */
	u64 process;
};

/*
 * The process that an id means to the task. On kernels that cannot resolve the id, the supervisor looks it up, and a signal to a
 * supervisor is refused when it is sent.
 */
static __always_inline struct meant meaning_of(struct member *member, int number)
{
	struct task_struct *task;
	struct member *target;
	struct meant meant = {};

	if (bpf_ksym_exists(bpf_task_from_pid) && own_level() == 0)
		task = bpf_task_from_pid(number);
	else if (bpf_ksym_exists(bpf_task_from_vpid))
		task = bpf_task_from_vpid(number);
	else
		return meant;
	meant.is_none = !task;
	if (!task)
		return meant;
	meant.is_own = task->tgid == (int)(bpf_get_current_pid_tgid() >> 32);
	meant.is_kept = is_supervisor(task);
	target = bpf_task_storage_get(&members, task, 0, 0);
	if (target && target->namespace_id == member->namespace_id)
		meant.process = target->process;
	bpf_task_release(task);
	return meant;
}

/*
 * The owner of a descriptor's signals: a process id or, if negative, a group id, in the caller's pid namespace. Encoded as in
 * processes.bpf.c.
 */
static __always_inline int judge_owner(int number)
{
	struct member *member = current_member();
	struct scratch *scratch;
	struct meant meant = {};

	if (!member || number == 0)
		return 0;
	if (number > 0)
		meant = meaning_of(member, number);
	if (meant.is_own)
		return 0;
	/* What the kernel says of such an id. */
	if (meant.is_none)
		return -ESRCH;
	scratch = begin_event(member, OP_SIGIO);
	if (!scratch)
		return unseen_kept(member, OP_SIGIO, meant.is_kept);
	scratch->record.act.arguments[2] = meant.is_kept ? THE_SUPERVISOR : meant.process;
	if (number < 0)
		scratch->record.act.arguments[1] = MEANS_GROUP | named_group(-number);
	else
		scratch->record.act.arguments[3] = number;
	return end_kept(scratch, BY_RESTART, meant.is_kept);
}

/*
 * The owner that a request names in memory. A page that is not there cannot be read here: the kernel fetches it a moment later, so such a
 * request is lost.
 */
static __always_inline int judge_owner_at(unsigned long address)
{
	struct member *member = current_member();
	int owner = 0;

	if (!member)
		return 0;
	return bpf_probe_read_user(&owner, sizeof(owner), (void *)address) ? unseen(member, OP_SIGIO) : judge_owner(owner);
}

static __always_inline int judge_request(struct file *file, u32 operation, u32 request)
{
	return judge_path(&file->f_path, operation, request, 0);
}

/* Those of a terminal go to its foreground process group, unless the descriptor has an owner (drivers/tty/tty_io.c, __tty_fasync). */
static __always_inline bool asks_for_signals(struct file *file, u64 flags)
{
	return flags & O_ASYNC && (file->f_inode->i_mode & S_IFMT) == S_IFCHR;
}

HOOK(file_fcntl)
int BPF_PROG(controlled, struct file *file, unsigned int command, unsigned long argument)
{
	struct member *member = current_member();
	int owner[2] = {};

	if (!member)
		return 0;
	if (command == F_SETFL)
		return asks_for_signals(file, argument) ? judge_request(file, OP_IOCTL, FIOASYNC) : judge_flags(file, argument);
	if (command == F_SETOWN)
		return judge_owner((int)argument);
	if (command != F_SETOWN_EX)
		return 0;
	if (bpf_probe_read_user(owner, sizeof(owner), (void *)argument))
		return unseen(member, OP_SIGIO);
	/* The kernel itself refuses an invalid kind or id. */
	return owner[1] < 0 || (u32)owner[0] > F_OWNER_PGRP ? 0 : judge_owner(owner[0] == F_OWNER_PGRP ? -owner[1] : owner[1]);
}

/* Requests that change the network of the machine, the same as in words/requests.ts (linux/sockios.h, if_tunnel.h). */
static __always_inline bool changes_network(u32 request)
{
	switch (request) {
	case 0x890b ... 0x890c:
	case 0x8911:
	case 0x8914:
	case 0x8916:
	case 0x8918:
	case 0x891a:
	case 0x891c:
	case 0x891e:
	case 0x8920:
	case 0x8922 ... 0x8924:
	case 0x8926:
	case 0x8930 ... 0x8932:
	case 0x8934:
	case 0x8936 ... 0x8937:
	case 0x8940 ... 0x8941:
	case 0x8943:
	case 0x8949:
	case 0x8953:
	case 0x8955:
	case 0x8971:
	case 0x8983:
	case 0x8990 ... 0x8992:
	case 0x8995:
	case 0x89a0 ... 0x89a3:
	case 0x89b0:
	case 0x89f1 ... 0x89f3:
		return true;
	}
	return false;
}

static __always_inline int judge_network(u32 what)
{
	return judge_numbers(OP_REQUEST, (struct said){ .first = what }, BY_RESTART);
}

/* Options by which packets go elsewhere first than their address says. */
static __always_inline bool sets_route(int level, int option)
{
	struct pt_regs *regs;

	if (level == SOL_IP)
		return option == IP_OPTIONS;
	if (option == IPV6_RTHDR || option == IPV6_2292RTHDR || option == IPV6_2292PKTOPTIONS)
		return true;
	if (option != IPV6_FLOWLABEL_MGR)
		return false;
	/* The length is in no argument of the hook. A ring has it elsewhere: there each such option may set a route. */
	if (system_call() != NR_SETSOCKOPT)
		return true;
	regs = (struct pt_regs *)bpf_task_pt_regs(bpf_get_current_task_btf());
	return (u32)BPF_CORE_READ(regs, r8) > FLOW_LABEL_BYTES;
}

HOOK(socket_setsockopt)
int BPF_PROG(option_set, struct socket *socket, int level, int option)
{
	/* A raw socket of IPv6 takes the option at this level as well (net/ipv6/raw.c, rawv6_setsockopt). */
	if (level == SOL_RAW)
		return option == IPV6_HDRINCL ? judge_network(OWN_HEADERS) : 0;
	if (level != SOL_IP && level != SOL_IPV6)
		return 0;
	switch (option) {
	/* IP_VS_SO_SET_... (linux/ip_vs.h) */
	case 1152 ... 1167:
	case 64 ... 65:
	case 96 ... 97:
	case 128 ... 129:
		return judge_network(NETFILTER);
	}
	if (option == (level == SOL_IP ? IP_HDRINCL : IPV6_HDRINCL))
		return judge_network(OWN_HEADERS);
	return sets_route(level, option) ? judge_network(SOURCE_ROUTE) : 0;
}

/* Whether the terminal may be another session's (drivers/tty/tty_jobctrl.c, tiocsctty). */
static __always_inline bool takes_terminal(int argument)
{
	u64 capabilities = 0;

	bpf_core_read(&capabilities, sizeof(capabilities), &bpf_get_current_task_btf()->cred->cap_effective);
	return argument == 1 && capabilities & (1ULL << CAP_SYS_ADMIN);
}

static __always_inline int judge_terminal(struct file *file, u32 request)
{
	return (file->f_inode->i_mode & S_IFMT) == S_IFCHR ? judge_request(file, OP_IOCTL, request) : 0;
}

static __always_inline int answer_request(struct file *file, u32 request, unsigned long argument)
{
	switch (request) {
	case FS_IOC_SETFLAGS:
	case FS_IOC_FSSETXATTR:
	case FS_IOC_ENABLE_VERITY:
	case FS_IOC_SET_ENCRYPTION_POLICY:
	case FS_IOC_SETVERSION:
	case EXT4_IOC_SETVERSION:
	case FAT_IOCTL_SET_ATTRIBUTES:
	case BTRFS_IOC_SUBVOL_SETFLAGS:
		return judge_request(file, OP_SETFLAGS, 0);
	case FIOSETOWN:
	case SIOCSPGRP:
		return judge_owner_at(argument);
	case FS_IOC_UNRESVSP:
	case FS_IOC_UNRESVSP64:
	case FS_IOC_ZERO_RANGE:
	case F2FS_IOC_SEC_TRIM_FILE:
	case F2FS_IOC_ABORT_ATOMIC_WRITE:
	case F2FS_IOC_RELEASE_VOLATILE_WRITE:
	case CIFS_IOC_COPYCHUNK_FILE:
		return judge_rewriting(file);
	case XFS_IOC_ALLOCSP ... XFS_IOC_FREESP:
	case XFS_IOC_ALLOCSP64 ... XFS_IOC_FREESP64:
	case F2FS_IOC_START_ATOMIC_REPLACE:
		return judge_shortening(file);
	/* Requests to a terminal that affect its user (asm-generic/ioctls.h, linux/kd.h). */
	case TCXONC:
		return (int)argument == TCOOFF ? judge_terminal(file, request) : 0;
	case TIOCSCTTY:
		return takes_terminal((int)argument) ? judge_terminal(file, request) : 0;
	case FIOASYNC:
	case 0x5412:
	case 0x541c:
	case 0x541d:
	case 0x5423:
	case 0x5437:
	case 0x4b47:
	case 0x4b49:
	case 0x4b4b:
	case 0x4bfb:
	case 0x4b4d:
		return judge_terminal(file, request);
	}
	if (changes_network(request))
		return judge_network(request);
	return changes_file_system(request) ? judge_request(file, OP_REQUEST, request) : 0;
}

/* The requests are listed in words/requests.ts. */
HOOK(file_ioctl)
int BPF_PROG(requested, struct file *file, unsigned int request, unsigned long argument)
{
	int verdict = current_member() ? answer_request(file, request, argument) : 0;

	/* After so many branches the verifier no longer knows which values a verdict can have. */
	barrier_var(verdict);
	if (verdict == 0)
		return 0;
	return verdict == -ERESTARTNOINTR || verdict == -ESRCH ? verdict : -EPERM;
}

/* Only calls of other ABIs come here. */
HOOK(file_ioctl_compat)
int BPF_PROG(requested_otherwise, struct file *file, unsigned int request)
{
	return judge_request(file, OP_ABI, 0);
}

#define NR_SETPRIORITY 141
#define NR_IOPRIO_SET 251

/*
 * A process may change how it runs itself. If the call names a group or a user, it affects more processes than `task`. Then the kernel asks
 * about each thread, and holds a lock that every task needs: for a group, in older kernels for a user too (kernel/sys.c, setpriority).
 */
static __always_inline int judge_adjustment(struct task_struct *task)
{
	struct member *member = current_member();
	struct pt_regs *regs;
	struct scratch *scratch;
	u64 call;
	u32 kind = 0;

	if (!member)
		return 0;
	regs = (struct pt_regs *)bpf_task_pt_regs(bpf_get_current_task_btf());
	call = system_call();
	if (call == NR_SETPRIORITY)
		kind = BPF_CORE_READ(regs, di);
	if (call == NR_IOPRIO_SET)
		kind = (u32)BPF_CORE_READ(regs, di) - 1;
	if (!kind && task->tgid == (int)(bpf_get_current_pid_tgid() >> 32))
		return 0;
	scratch = begin_event(member, OP_ADJUST);
	if (!scratch)
		return unseen_kept(member, OP_ADJUST, is_supervisor(task));
	scratch->record.act.arguments[0] = call;
	if (kind == 1)
		scratch->record.act.arguments[1] = MEANS_GROUP | named_group((u32)BPF_CORE_READ(regs, si));
	else if (kind == 2)
		scratch->record.act.arguments[1] = 2ULL << 32;
	else
		add_target(scratch, member, task);
	return kind ? end_each(scratch, member, (u64)task, IN_PLACE_BRIEFLY, is_supervisor(task))
		    : end_kept(scratch, BY_RESTART, is_supervisor(task));
}

HOOK(task_setnice)
int BPF_PROG(nice_set, struct task_struct *task)
{
	return judge_adjustment(task);
}

HOOK(task_setioprio)
int BPF_PROG(io_priority_set, struct task_struct *task)
{
	return judge_adjustment(task);
}

HOOK(task_setscheduler)
int BPF_PROG(scheduler_set, struct task_struct *task)
{
	return judge_adjustment(task);
}

HOOK(task_setrlimit)
int BPF_PROG(limit_set, struct task_struct *task)
{
	return judge_adjustment(task);
}

HOOK(task_movememory)
int BPF_PROG(memory_moved, struct task_struct *task)
{
	return judge_adjustment(task);
}
