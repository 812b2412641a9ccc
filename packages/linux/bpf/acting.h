/* SPDX-License-Identifier: GPL-2.0-only */
/* The acting task, as a place to walk from; and what the verifier is to see once. */
#ifndef ISOLINE_ACTING_H
#define ISOLINE_ACTING_H

#include "kernel.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

/* Since 6.2: reads through such a pointer are checked by the verifier and cannot fault. */
extern void *bpf_rdonly_cast(const void *object, u32 type) __ksym __weak;

/*
 * The acting task, for what its members point to. From one that it trusts, the verifier searches the types of the whole kernel
 * four times for each pointer that is followed, to see whether that is to be trusted, too
 * (kernel/bpf/btf.c, btf_nested_type_is_trusted): that was four fifths of the time that a load took.
 */
static __always_inline struct task_struct *acting_task(void)
{
	struct task_struct *task = bpf_get_current_task_btf();

	return bpf_ksym_exists(bpf_rdonly_cast) ? bpf_rdonly_cast(task, bpf_core_type_id_kernel(struct task_struct)) : task;
}

/*
 * What every open comes by. At hooks it is as short as can be, and takes longer to verify; by tracepoints, where a load is part
 * of how long most workloads take, the difference to an open could not be measured.
 */
#ifdef ATTACH_TRACEPOINTS
#define VERIFIED_ONCE __noinline
#define BRIEF_TASK() acting_task()
#else
#define VERIFIED_ONCE static __always_inline
#define BRIEF_TASK() bpf_get_current_task_btf()
#endif

#endif
