/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Digests of programs that the kernel computed itself, by the version of the file: device, inode, size, time of change.
 *
 * IMA reads the very file that is about to run, while no process may write to it. Only a sleepable program of a security
 * module can ask for that. So a program of its own computes the digest, just before the file is reported, and only for
 * members of a namespace.
 */
#ifndef ISOLINE_KERNEL_DIGESTS_H
#define ISOLINE_KERNEL_DIGESTS_H

#include "describe.h"

#define DIGEST_BYTES 32

struct version {
	u64 inode;
	u64 size;
	s64 changed_seconds;
	u32 changed_nanoseconds;
	u32 device;
};

struct digest {
	u8 bytes[DIGEST_BYTES];
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, struct version);
	__type(value, struct digest);
} vouched SEC(".maps");

static __always_inline void version_in(struct version *version, const struct object *object)
{
	version->inode = object->inode;
	version->size = object->size;
	version->changed_seconds = object->changed_seconds;
	version->changed_nanoseconds = object->changed_nanoseconds;
	version->device = object->device;
}

/*
 * Appends, after the path, the digest that the kernel vouches for, if there is one. It is not part of the key, which is made
 * earlier.
 */
static __always_inline void append_vouched(struct scratch *scratch)
{
	struct version version;
	struct digest *digest;

	version_in(&version, &scratch->record.act.object[0]);
	digest = bpf_map_lookup_elem(&vouched, &version);
	if (digest)
		append_bytes(scratch, digest, DIGEST_BYTES);
}

#endif
