// SPDX-License-Identifier: GPL-2.0-only
/* All programs of the sensor, one family a file. */
#include "membership.bpf.c"
#include "exec.bpf.c"
#include "files.bpf.c"
#include "names.bpf.c"
#include "attributes.bpf.c"
#include "memory.bpf.c"
#include "sockets.bpf.c"
#include "processes.bpf.c"
#include "requests.bpf.c"
#include "privileges.bpf.c"
#include "calls.bpf.c"
#include "machine.bpf.c"
