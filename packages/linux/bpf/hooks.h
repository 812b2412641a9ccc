/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One source, three ways to hear of what happens. The first two are asked by the kernel before it happens, and see the same
 * objects at the same moment.
 *
 *   lsm/NAME                 where bpf is among the active security modules (lsm=)
 *   fmod_ret/security_NAME   elsewhere: the return value of the function that asks all security modules
 *   tracepoints              where neither can be had: nobody asks. The tracepoints of system calls call the same functions
 *                            with what they found (tracepoints.bpf.c), after the effect
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

/* What tells and does not ask: of the scheduler; that a function is entered. */
#ifdef ATTACH_TRACEPOINTS
#define TRACEPOINT(name)
#define ENTRY(name)
#else
#define TRACEPOINT(name) SEC("tp_btf/" #name)
#define ENTRY(name) SEC("fentry/" #name)
#endif

/* Where the name of the hook and that of the function are one. */
#define HOOK(name) SECTION(name, name)

#endif
