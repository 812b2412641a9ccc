/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One source, two ways to be asked by the kernel before something happens. Both see the same objects at the same moment.
 *
 *   lsm/NAME                 where bpf is among the active security modules (lsm=)
 *   fmod_ret/security_NAME   elsewhere: the return value of the function that asks all security modules
 */
#ifndef ISOLINE_HOOKS_H
#define ISOLINE_HOOKS_H

#include "judge.h"

#ifdef ATTACH_FMOD_RET
#define SECTION(module_name, function_name) SEC("fmod_ret/security_" #function_name)
#else
#define SECTION(module_name, function_name) SEC("lsm/" #module_name)
#endif

/* Where the name of the hook and that of the function are one. */
#define HOOK(name) SECTION(name, name)

#endif
