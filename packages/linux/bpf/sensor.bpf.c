// SPDX-License-Identifier: GPL-2.0-only
/* All programs of the sensor, one family a file. */
#include "membership.bpf.c"
#include "exec.bpf.c"
#include "files.bpf.c"
