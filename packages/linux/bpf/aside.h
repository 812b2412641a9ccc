/* SPDX-License-Identifier: GPL-2.0-only */
/* What is remembered of a call from its beginning to its end, by task. */
#ifndef ISOLINE_ASIDE_H
#define ISOLINE_ASIDE_H

#include "judge.h"

struct aside {
	/* Who called, with the credentials it had: an exec may change them. */
	u32 ids[8];
	u64 capabilities;
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct aside);
} asides SEC(".maps");

static __always_inline void put_actor_aside(void)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct aside *aside = bpf_task_storage_get(&asides, task, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	const struct cred *cred = task->cred;

	if (!aside)
		return;
	aside->ids[0] = cred->uid.val;
	aside->ids[1] = cred->euid.val;
	aside->ids[2] = cred->suid.val;
	aside->ids[3] = cred->fsuid.val;
	aside->ids[4] = cred->gid.val;
	aside->ids[5] = cred->egid.val;
	aside->ids[6] = cred->sgid.val;
	aside->ids[7] = cred->fsgid.val;
	bpf_core_read(&aside->capabilities, sizeof(aside->capabilities), &cred->cap_effective);
}

#endif
