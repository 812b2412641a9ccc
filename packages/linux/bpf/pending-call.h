/* SPDX-License-Identifier: GPL-2.0-only */
/* What the programs keep, per task, from the beginning of a call to its end. */
#ifndef ISOLINE_PENDING_CALL_H
#define ISOLINE_PENDING_CALL_H

#include "judge.h"

/* A longer text is described when the call has ended, or the event is lost. */
#define ASIDE_TEXT 2048

struct aside {
	/* The credentials of the task when it made the call: an exec may change them. */
	u32 ids[8];
	u64 capabilities;
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct aside);
} asides SEC(".maps");

/* An act that is judged when its call has succeeded: a record and its text, laid out as in a scratch buffer. */
struct begun {
	u8 bytes[sizeof(struct record) + ASIDE_TEXT];
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, u32);
	__type(value, struct begun);
} calls_begun SEC(".maps");

static __always_inline void put_actor_aside(void)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct aside *aside = bpf_task_storage_get(&asides, task, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	const struct cred *cred = acting_task()->cred;

	if (!aside)
		return;
	describe_credentials(aside->ids, &aside->capabilities, cred);
}

static __always_inline bool put_aside(struct scratch *scratch)
{
	u32 tid = bpf_get_current_pid_tgid();

	return scratch->record.act.text_length <= ASIDE_TEXT &&
	       bpf_map_update_elem(&calls_begun, &tid, &scratch->record, BPF_ANY) == 0;
}

/* Judges the act that was put aside, if the call has succeeded. False if no act was put aside. */
static __always_inline bool take_up(bool succeeded)
{
	u32 tid = bpf_get_current_pid_tgid();
	struct begun *begun = bpf_map_lookup_elem(&calls_begun, &tid);
	struct scratch *scratch;

	if (!begun)
		return false;
	if (succeeded) {
		struct record *record = (struct record *)begun->bytes;

		scratch = take_scratch();
		if (scratch) {
			bpf_probe_read_kernel(&scratch->record, sizeof(*begun), begun->bytes);
			end_event(scratch);
		} else {
			lose(record->namespace_id, record->act.operation);
		}
	}
	bpf_map_delete_elem(&calls_begun, &tid);
	return true;
}

#endif
