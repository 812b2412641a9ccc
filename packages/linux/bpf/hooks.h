/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One source, three ways to observe the system. The kernel calls the programs of the first two before an act happens. They
 * see the same objects at the same moment.
 *
 *   lsm/NAME                 where bpf is among the active security modules (lsm=)
 *   fmod_ret/security_NAME   elsewhere: the return value of the function that asks all security modules
 *   tracepoints              where neither is available: no program is called before the act. The tracepoints of system
 *                            calls pass the objects that they find to the same functions (tracepoints.bpf.c), after the act
 */
#ifndef ISOLINE_HOOKS_H
#define ISOLINE_HOOKS_H

#include "judge.h"

#if defined(ATTACH_TRACEPOINTS)
#define SECTION(module_name, function_name)
#undef BPF_PROG
#define BPF_PROG(name, args...) static __always_inline name(unsigned long long *ctx, ##args)
#elif defined(ATTACH_FMOD_RET)
#define SECTION(module_name, function_name) SEC("fmod_ret/security_" #function_name)
#else
#define SECTION(module_name, function_name) SEC("lsm/" #module_name)
#endif

/* Attachments that observe and cannot refuse: tracepoints of the scheduler, and the entry of a function. */
#ifdef ATTACH_TRACEPOINTS
#define TRACEPOINT(name)
#define ENTRY(name)
#else
#define TRACEPOINT(name) SEC("tp_btf/" #name)
#define ENTRY(name) SEC("fentry/" #name)
#endif

/* For hooks whose name is also the name of the function. */
#define HOOK(name) SECTION(name, name)

#endif
