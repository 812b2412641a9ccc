/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From an act to its verdict: describe it, make its key, look the key up; what is not known is told, held or refused.
 */
#ifndef ISOLINE_JUDGE_H
#define ISOLINE_JUDGE_H

#include "siphash.h"
#include "walk.h"

#define EPERM 1
#define ENOMEM 12
/* The kernel's own: the system call is made again as soon as the task goes on (include/linux/errno.h). */
#define ERESTARTNOINTR 513

#define SIGCONT 18
#define SIGSTOP 19

#define PF_KTHREAD 0x00200000
#define PF_USER_WORKER 0x00004000
#define PF_IO_WORKER 0x00000010

#define NR_IO_URING_ENTER 426

static __always_inline struct member *current_member(void)
{
	return bpf_task_storage_get(&members, bpf_get_current_task_btf(), 0, 0);
}

/* Clears a desk's record and names the actor. */
static __always_inline void begin(struct desk *desk, struct member *member, u32 kind, u32 operation)
{
	struct task_struct *task = bpf_get_current_task_btf();
	const struct cred *cred = task->cred;
	struct record *record = &desk->record;
	struct act *act = &record->act;

	__builtin_memset(record, 0, sizeof(*record));
	record->kind = kind;
	record->space = member->space;
	record->pid = task->tgid;
	record->tid = task->pid;
	record->threads = task->signal->nr_threads;
	record->process = member->process;
	record->parent = member->parent;
	record->time = bpf_ktime_get_ns();
	act->operation = operation;
	if (kind != KIND_EVENT)
		return;
	if (member->identity & PENDING) {
		u32 *real = bpf_map_lookup_elem(&assigned, &member->identity);

		if (real)
			member->identity = *real;
	}
	act->identity = member->identity;
	act->ids[0] = cred->uid.val;
	act->ids[1] = cred->euid.val;
	act->ids[2] = cred->suid.val;
	act->ids[3] = cred->fsuid.val;
	act->ids[4] = cred->gid.val;
	act->ids[5] = cred->egid.val;
	act->ids[6] = cred->sgid.val;
	act->ids[7] = cred->fsgid.val;
	bpf_core_read(&act->capabilities, sizeof(act->capabilities), &cred->cap_effective);
}

static __always_inline void describe_inode(struct object *object, struct inode *inode)
{
	object->mode = inode->i_mode;
	object->uid = inode->i_uid.val;
	object->gid = inode->i_gid.val;
	object->magic = inode->i_sb->s_magic;
}

/* What changes whenever the content may have changed, and where to find it. */
static __always_inline void describe_version(struct object *object, struct inode *inode)
{
	object->inode = inode->i_ino;
	object->device = inode->i_sb->s_dev;
	object->size = inode->i_size;
	if (bpf_core_field_exists(struct inode___split, i_ctime_sec)) {
		struct inode___split *split = (void *)inode;

		object->changed_seconds = BPF_CORE_READ(split, i_ctime_sec);
		/* The highest bit says that somebody has asked for the time (I_CTIME_QUERIED, since 6.13). */
		object->changed_nanoseconds = BPF_CORE_READ(split, i_ctime_nsec) & 0x7fffffff;
	} else if (bpf_core_field_exists(struct inode___hidden, __i_ctime)) {
		struct inode___hidden *hidden = (void *)inode;

		object->changed_seconds = BPF_CORE_READ(hidden, __i_ctime.tv_sec);
		object->changed_nanoseconds = BPF_CORE_READ(hidden, __i_ctime.tv_nsec);
	} else {
		struct inode___plain *plain = (void *)inode;

		object->changed_seconds = BPF_CORE_READ(plain, i_ctime.tv_sec);
		object->changed_nanoseconds = BPF_CORE_READ(plain, i_ctime.tv_nsec);
	}
}

struct hashing {
	struct desk *desk;
	struct sip sip;
};

static long hash_text_word(u32 index, struct hashing *hashing)
{
	sip_word(&hashing->sip, *(u64 *)&hashing->desk->text[(index * 8) & (TEXT_BYTES - 8)]);
	return 0;
}

static long hash_act_word(u32 index, struct hashing *hashing)
{
	u64 *words = (u64 *)&hashing->desk->record.act;

	if (index >= sizeof(struct act) / 8)
		return 1;
	sip_word(&hashing->sip, words[index]);
	return 0;
}

/* The key of what is on the desk: act and text. */
__noinline int make_key(struct desk *desk)
{
	struct hashing hashing = { .desk = desk };
	u32 text, act_words, text_words;

	if (!desk)
		return 0;
	text = desk->record.act.text_length;
	act_words = (sizeof(struct act) - (2 - desk->record.act.objects) * sizeof(struct object)) / 8;
	text_words = (text + 7) / 8;
	/* The last word of the text is filled up with zeros. */
	*(u64 *)&desk->text[text & (TEXT_BYTES - 1)] = 0;
	sip_begin(&hashing.sip);
	bpf_loop(act_words, hash_act_word, &hashing, 0);
	bpf_loop(text_words, hash_text_word, &hashing, 0);
	sip_end(&hashing.sip, (act_words + text_words) * 8, desk->record.key);
	return 0;
}

/* Sends what is on the desk; not 0 if the ring is full. */
__noinline int send(struct desk *desk)
{
	struct counters *counters;
	u32 id, text, size;
	void *ring;
	long lost;

	if (!desk)
		return 1;
	id = desk->record.space;
	counters = tally_of(id, desk->record.act.operation);
	text = desk->record.act.text_length;
	if (text > TEXT_BYTES)
		text = TEXT_BYTES;
	size = (sizeof(struct record) + text + 7) & ~7u;
	desk->record.size = size;
	ring = bpf_map_lookup_elem(&rings, &id);
	lost = ring ? bpf_ringbuf_output(ring, &desk->record, size, 0) : 1;
	if (lost)
		lose(id, desk->record.act.operation);
	else if (counters)
		__sync_fetch_and_add(&counters->sent_up, 1);
	return lost != 0;
}

/*
 * Whether the call can be made to ask again: a task of user space at a system call that does nothing else. What io_uring
 * does, even in its own call, ends in a completion and not in a return value.
 */
static __always_inline bool can_hold(void)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct pt_regs *regs;

	if (task->flags & (PF_KTHREAD | PF_USER_WORKER | PF_IO_WORKER))
		return false;
	regs = (struct pt_regs *)bpf_task_pt_regs(task);
	return BPF_CORE_READ(regs, orig_ax) != NR_IO_URING_ENTER;
}

static __always_inline struct decided *look_up(struct desk *desk)
{
	u32 id = desk->record.space;
	u64 key[2] = { desk->record.key[0], desk->record.key[1] };
	void *table = bpf_map_lookup_elem(&tables, &id);

	return table ? bpf_map_lookup_elem(table, key) : 0;
}

/* A verdict for this thread alone, which is used up by being asked for. */
static __always_inline bool take_ticket(struct desk *desk, struct decided *decided)
{
	struct ticket_key key = {
		.space = desk->record.space,
		.tid = desk->record.tid,
		.key = { desk->record.key[0], desk->record.key[1] },
	};
	struct decided *ticket = bpf_map_lookup_elem(&tickets, &key);

	if (!ticket)
		return false;
	*decided = *ticket;
	bpf_map_delete_elem(&tickets, &key);
	return true;
}

static __always_inline bool is_barred(u32 space, u64 process)
{
	struct shared_key key = { .space = space, .key = { process } };

	return bpf_map_lookup_elem(&barred, &key) != 0;
}

static __always_inline void bar(u32 space, u64 process)
{
	struct shared_key key = { .space = space, .key = { process } };
	u32 yes = 1;

	if (bpf_map_update_elem(&barred, &key, &yes, BPF_ANY))
		lose(space, OP_NONE);
}

static __always_inline int refuse(struct desk *desk, struct counters *counters, u32 fate)
{
	desk->record.fate = fate;
	if (counters)
		__sync_fetch_and_add(&counters->refused, 1);
	send(desk);
	return -EPERM;
}

/* Stops the task before it is told of: a verdict that came first would find nobody to wake. */
static __always_inline int hold(struct desk *desk, struct counters *counters)
{
	desk->record.fate = FATE_HELD;
	if (bpf_send_signal(SIGSTOP))
		return refuse(desk, counters, FATE_REFUSED_UNDECIDED);
	if (send(desk)) {
		bpf_send_signal(SIGCONT);
		return -EPERM;
	}
	return -ERESTARTNOINTR;
}

/* What cannot be described, or turned out to be another act than was judged: lost, and refused where something is. */
static __always_inline int unseen(struct member *member, u32 operation)
{
	lose(member->space, operation);
	return posture_of(member->space) == MODE_TELL ? 0 : -EPERM;
}

/* The verdict on the act on the desk: 0, -EPERM or -ERESTARTNOINTR. */
__noinline int judge_desk(struct desk *desk, u32 holds)
{
	struct counters *counters;
		struct decided *known, ticket;
	struct space *space;
	u32 id, mode;

	if (!desk)
		return -EPERM;
	id = desk->record.space;
	counters = tally_of(id, desk->record.act.operation);
	make_key(desk);
	if (counters)
		__sync_fetch_and_add(&counters->seen, 1);
	space = bpf_map_lookup_elem(&spaces, &id);
	if (!space)
		return -EPERM;
	if (space->bars && is_barred(id, desk->record.process))
		return refuse(desk, counters, FATE_REFUSED);
	known = look_up(desk);
	if (known) {
		if (known->verdict != VERDICT_ON)
			return refuse(desk, counters, FATE_REFUSED);
		__sync_fetch_and_add(&known->times, 1);
		if (counters)
			__sync_fetch_and_add(&counters->decided_here, 1);
		desk->next = known->next;
		return 0;
	}
	mode = posture_of(id);
	if (mode == MODE_TELL) {
		desk->record.pending = desk->next;
		send(desk);
		return 0;
	}
	if (take_ticket(desk, &ticket)) {
		desk->next = ticket.next;
		return ticket.verdict == VERDICT_ON ? 0 : -EPERM;
	}
	if (mode != MODE_HOLD || space->supervisor == 0 || !holds || !can_hold())
		return refuse(desk, counters, FATE_REFUSED_UNDECIDED);
	return hold(desk, counters);
}

/* Takes a desk for an event of this member; 0 if there is none. */
static __always_inline struct desk *begin_event(struct member *member, u32 operation)
{
	struct desk *desk = take_desk();

	if (desk)
		begin(desk, member, KIND_EVENT, operation);
	return desk;
}

/* A hook may return 0 or an error, and the verifier wants to see that it does. */
static __always_inline int judge(struct desk *desk, bool holds)
{
	int verdict = judge_desk(desk, holds);

	if (verdict == 0)
		return 0;
	return verdict == -ERESTARTNOINTR ? -ERESTARTNOINTR : -EPERM;
}

/* The verdict on a described event; the desk is free afterwards. */
static __always_inline int end_event(struct desk *desk)
{
	int verdict = judge(desk, true);

	leave_desk(desk);
	return verdict;
}

/* Adds an object with its path; `inode` is 0 for a name that is about to be made. */
static __always_inline void add_object(struct desk *desk, struct inode *inode, struct dentry *dentry, u64 mount)
{
	u32 at = desk->record.act.objects & 1;

	desk->record.act.objects = at + 1;
	if (inode)
		describe_inode(&desk->record.act.object[at], inode);
	desk->walk.dentry = (u64)dentry;
	desk->walk.mount = mount;
	append_path_here(desk);
}

/* Appends bytes of the kernel's to the text, up to a string's end or so many. */
static __always_inline void append_bytes(struct desk *desk, const void *from, u32 length)
{
	u32 used = desk->record.act.text_length;

	if (length > PATH_BYTES || used > PATH_BYTES)
		return;
	if (bpf_probe_read_kernel(&desk->text[used & (TEXT_BYTES - 1)], length, from) == 0)
		desk->record.act.text_length = used + length;
}

static __always_inline void append_string(struct desk *desk, const char *from)
{
	u32 used = desk->record.act.text_length;
	long length;

	if (used > PATH_BYTES)
		return;
	length = bpf_probe_read_kernel_str(&desk->text[used & (TEXT_BYTES - 1)], PATH_BYTES, from);
	if (length > 1 && length <= PATH_BYTES)
		desk->record.act.text_length = used + length - 1;
}

static __always_inline u64 system_call(void)
{
	struct pt_regs *regs = (struct pt_regs *)bpf_task_pt_regs(bpf_get_current_task_btf());

	return BPF_CORE_READ(regs, orig_ax);
}

#endif
