/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Calls of other ABIs than x86-64's own: 32-bit and x32. Their numbers mean other calls, so a check by call number would miss
 * them. An act by such a call is an event of its own and is refused, as by the seccomp sensor.
 */
#ifndef ISOLINE_OTHER_ABIS_H
#define ISOLINE_OTHER_ABIS_H

#include "kernel.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

/* arch/x86/include/asm/thread_info.h, arch/x86/include/uapi/asm/unistd.h */
#define TS_COMPAT 2
#define X32_BIT 0x40000000

/* Stands for the number of any call of another ABI. */
#define FOREIGN_CALL 0xffffffffu

#define ARCH_I386 0
#define ARCH_X32 1

/* include/linux/sched.h */
#define PF_IO_WORKER 0x00000010
#define NR_IO_URING_ENTER 426

/*
 * The number of the call as the kernel takes it: it looks at the lower half of the register alone (arch/x86/entry/entry_64.S, movslq
 * %eax, %rsi). The upper half is whatever the workload put there.
 */
static __always_inline u64 number_of(struct pt_regs *regs)
{
	return (s64)(s32)regs->orig_ax;
}

static __always_inline u64 call_number(void)
{
	return number_of((struct pt_regs *)bpf_task_pt_regs(bpf_get_current_task_btf()));
}

static __always_inline u64 first_argument(void)
{
	return ((struct pt_regs *)bpf_task_pt_regs(bpf_get_current_task_btf()))->di;
}

/*
 * The registers of a worker of io_uring are a copy from the moment in which it was made (arch/x86/kernel/process.c, copy_thread):
 * of any call, with arguments that the workload chose. What such a worker does is an act of the ring.
 */
static __always_inline u64 raw_call(void)
{
	struct task_struct *task = bpf_get_current_task_btf();

	return task->flags & PF_IO_WORKER ? NR_IO_URING_ENTER : call_number();
}

static __always_inline bool is_compat(void)
{
	struct task_struct *task = bpf_get_current_task_btf();

	return task->thread_info.status & TS_COMPAT;
}

static __always_inline bool comes_by_other_abi(void)
{
	/* Outside of a system call the number is -1. */
	return is_compat() || call_number() >> 30 == 1;
}

/* Whether the call is execve or execveat. The kernel switches to the ABI of the loaded program before it maps that. */
static __always_inline bool executes(void)
{
	u64 call = raw_call();

	if (is_compat())
		return call == 11 || call == 358;
	if (call >> 30 == 1)
		return call == (X32_BIT | 520) || call == (X32_BIT | 545);
	return call == 59 || call == 322;
}

static __always_inline u64 system_call(void)
{
	u64 call = raw_call();

	return is_compat() || call >> 30 == 1 ? FOREIGN_CALL : call;
}

#endif
