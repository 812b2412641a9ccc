/* SPDX-License-Identifier: GPL-2.0-only */
/* The acting task as the start of pointer reads, and the code that the verifier should check only once. */
#ifndef ISOLINE_CURRENT_TASK_H
#define ISOLINE_CURRENT_TASK_H

#include "kernel.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

/* Since 6.2. The verifier checks reads through such a pointer, and they cannot fault. */
extern void *bpf_rdonly_cast(const void *object, u32 type) __ksym __weak;

/*
 * The acting task, for reading what its members point to. From a pointer that the verifier trusts, each step costs four
 * searches through the kernel's types, to learn whether the next pointer is trusted too (kernel/bpf/btf.c,
 * btf_nested_type_is_trusted). That was four fifths of the time of a load.
 */
static __always_inline struct task_struct *acting_task(void)
{
	struct task_struct *task = bpf_get_current_task_btf();

	return bpf_ksym_exists(bpf_rdonly_cast) ? bpf_rdonly_cast(task, bpf_core_type_id_kernel(struct task_struct)) : task;
}

#define GROUP_PID 2

/* The process group id of a task in the first pid namespace. */
static __always_inline int group_of(struct task_struct *task)
{
	struct pid *group = BPF_CORE_READ(task, signal, pids[GROUP_PID]);

	return BPF_CORE_READ(group, numbers[0].nr);
}

/*
 * The path of every open. At hooks the code is inlined: it runs faster and takes longer to verify. By tracepoints it is a
 * function: there a load is part of the time of most workloads, and no difference to an open could be measured.
 */
#ifdef ATTACH_TRACEPOINTS
#define VERIFIED_ONCE __noinline
#define BRIEF_TASK() acting_task()
#else
#define VERIFIED_ONCE static __always_inline
#define BRIEF_TASK() bpf_get_current_task_btf()
#endif

#endif
