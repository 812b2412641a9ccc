/* SPDX-License-Identifier: GPL-2.0-only */
/* From an act to its record: described in a scratch buffer, given a key, sent. */
#ifndef ISOLINE_SEND_RECORD_H
#define ISOLINE_SEND_RECORD_H

#include "siphash.h"
#include "wake-reader.h"
#include "walk.h"

/* Most tasks that are in no namespace have no task storage at all, and need no lookup. */
static __always_inline struct member *current_member(void)
{
	struct task_struct *task = bpf_get_current_task_btf();

	if (bpf_core_field_exists(task->bpf_storage) && !BRIEF_TASK()->bpf_storage)
		return 0;
	return bpf_task_storage_get(&members, task, 0, 0);
}

/* The member with which the state of the whole process is kept. */
static __always_inline struct member *first_thread(struct task_struct *task)
{
	return bpf_task_storage_get(&members, task->group_leader, 0, 0);
}

/*
 * The number of the member's identity, if that has been assigned by now. A supervisor that takes over a namespace does not know what its
 * predecessor's pending numbers stood for.
 */
static __always_inline void settle_identity(struct member *member)
{
	struct pending key = { member->identity, member->namespace_id };
	u32 *real = member->identity & PENDING ? bpf_map_lookup_elem(&assigned, &key) : 0;

	if (real)
		member->identity = *real;
}

/* In the order of the decoder: user ids, then group ids, each real, effective, saved, file system. */
static __always_inline void describe_credentials(u32 *ids, u64 *capabilities, const struct cred *cred)
{
	ids[0] = cred->uid.val;
	ids[1] = cred->euid.val;
	ids[2] = cred->suid.val;
	ids[3] = cred->fsuid.val;
	ids[4] = cred->gid.val;
	ids[5] = cred->egid.val;
	ids[6] = cred->sgid.val;
	ids[7] = cred->fsgid.val;
	bpf_core_read(capabilities, sizeof(*capabilities), &cred->cap_effective);
}

static __always_inline u32 outlook_of(const struct member *member, struct task_struct *task)
{
	u32 outlook = 0;

	if ((u64)task->fs->root.dentry->d_inode != member->root)
		outlook |= OUTLOOK_OTHER_ROOT;
	if (task->thread_pid->level > 0)
		outlook |= OUTLOOK_OTHER_NUMBERS;
	if (member->mounts && task->nsproxy->mnt_ns->ns.inum != member->mounts)
		outlook |= OUTLOOK_OTHER_MOUNTS;
	return outlook;
}

/* Whether the same path may lead the task to another object than it did where its namespace began. */
static __always_inline bool sees_otherwise(const struct member *member, u32 outlook)
{
	return member->mounts && outlook & (OUTLOOK_OTHER_ROOT | OUTLOOK_OTHER_MOUNTS);
}

/* Clears the record of a scratch buffer and fills in the actor. */
__noinline int begin(struct scratch *scratch, struct member *member, u32 kind, u32 operation)
{
	struct task_struct *task = acting_task();
	const struct cred *cred = task->cred;
	struct record *record;
	struct act *act;

	if (!scratch || !member)
		return 0;
	record = &scratch->record;
	act = &record->act;
	__builtin_memset(record, 0, sizeof(*record));
	scratch->was_held = member->is_held;
	scratch->can_wait = 0;
	scratch->is_granted = 0;
	scratch->waited = 0;
	record->kind = kind;
	record->namespace_id = member->namespace_id;
	record->pid = task->tgid;
	record->tid = task->pid;
	record->threads = task->signal->nr_threads;
	record->process = member->process;
	record->parent = member->parent;
	record->is_barred = member->is_barred;
	record->time = bpf_ktime_get_ns();
	act->operation = operation;
	/* Of a process that was taken in while it ran: only here is the address known, and no chroot has gone ahead unjudged. */
	if (!member->root)
		member->root = (u64)task->fs->root.dentry->d_inode;
	act->outlook = outlook_of(member, task);
	scratch->tells_places = sees_otherwise(member, act->outlook);
	settle_identity(member);
	if (kind != KIND_EVENT)
		return 0;
	act->identity = member->identity;
	describe_credentials(act->ids, &act->capabilities, cred);
	return 0;
}

struct hashing {
	struct scratch *scratch;
	struct sip sip;
};

static long hash_text_word(u32 index, struct hashing *hashing)
{
	sip_word(&hashing->sip, *(u64 *)&hashing->scratch->text[(index * 8) & (TEXT_BYTES - 8)]);
	return 0;
}

static long hash_act_word(u32 index, struct hashing *hashing)
{
	u64 *words = (u64 *)&hashing->scratch->record.act;

	if (index >= sizeof(struct act) / 8)
		return 1;
	sip_word(&hashing->sip, words[index]);
	return 0;
}

/* The key of the act and the text in the scratch buffer. */
__noinline int make_key(struct scratch *scratch)
{
	struct hashing hashing = { .scratch = scratch };
	u32 text, act_words, text_words;

	if (!scratch)
		return 0;
	text = scratch->record.act.text_length;
	act_words = (sizeof(struct act) - (2 - scratch->record.act.objects) * sizeof(struct object)) / 8;
	text_words = (text + 7) / 8;
	/* The last word of the text is padded with zeros. */
	*(u64 *)&scratch->text[text & (TEXT_BYTES - 1)] = 0;
	sip_begin(&hashing.sip);
	bpf_loop(act_words, hash_act_word, &hashing, 0);
	bpf_loop(text_words, hash_text_word, &hashing, 0);
	sip_end(&hashing.sip, (act_words + text_words) * 8, scratch->record.key);
	return 0;
}

/* Sends the record in the scratch buffer; not 0 if the ring is full. */
__noinline int send(struct scratch *scratch)
{
	struct counters *counters;
	u32 id, place, text, size;
	enum urgency urgency;
	void *ring;
	long lost;

	if (!scratch)
		return 1;
	id = scratch->record.namespace_id;
	counters = tally_of(id, scratch->record.act.operation);
	text = scratch->record.act.text_length;
	if (text > TEXT_BYTES)
		text = TEXT_BYTES;
	size = (sizeof(struct record) + text + 7) & ~7u;
	scratch->record.size = size;
	place = place_of(id);
	ring = bpf_map_lookup_elem(&rings, &place);
	urgency = urgency_of(scratch);
	lost = ring ? bpf_ringbuf_output(ring, &scratch->record, size, waking(ring, urgency)) : 1;
	if (lost) {
		lose(id, scratch->record.act.operation);
		return 1;
	}
	if (urgency == SOON_READ)
		wake_sleeper(ring, place);
	if (counters)
		__sync_fetch_and_add(&counters->sent_up, 1);
	return 0;
}

#endif
