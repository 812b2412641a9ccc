/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the programs remember, and what they are told.
 *
 * One load serves every namespace of the machine, so a table either has the namespace in its key, or there is one of it for
 * each namespace: those are found by the namespace's number in a table of tables, and made by whoever begins it.
 */
#ifndef ISOLINE_MAPS_H
#define ISOLINE_MAPS_H

#include "kernel.h"
/* These need the names of integers first. */
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "record.h"

char LICENSE[] SEC("license") = "GPL";

/* So that the object says what the numbers mean: a test compares them with the decoder's. */
const enum kind *kinds_used;
const enum fate *fates_used;
const enum operation *operations_used;
const enum standing *standings_used;
const enum verdict *verdicts_used;
const enum mode *modes_used;
const enum versions *versions_used;
const enum outlook *outlooks_used;
const enum called *called_used;
const struct number *number_used;
const struct counters *counters_used;

/* Drawn anew for each load, so that nobody can choose two acts with one key. */
const volatile u64 secret[2] SEC(".rodata.secret");

/* A task of a namespace. What is not in here is in none. */
struct member {
	u32 namespace_id;
	u32 identity;
	u64 process;
	u64 parent;
	/* Identity that the exec which was let through will give it. */
	u32 next;
	/* Files that the exec under way loads; the last may be one that was opened and not yet looked at. */
	u32 images;
	u32 last_is_open;
	/* Whether it is among those that are held, or was and has not been decided about. */
	u32 is_held;
	/* Flags by which the name that is being made was judged. */
	u32 created_with;
	/* A name that a call is about, and on which mount it is: addresses. */
	u64 place;
	u64 place_mount;
	u32 place_flags;
	/* Type of the socket that is being bound; whether the message that is being sent names an address. */
	u16 socket_type;
	u16 addressed;
	/* Nothing of its namespace asks for more than a key: no content that counts, nobody who may do nothing any more. */
	u32 by_key;
	/* Of the process, noted with its first thread: whether its end was told; SIGCONT that it may pass on. */
	u32 has_ended;
	u64 may_pass_on;
	/* Those of its namespace (struct namespace_state). */
	u64 root;
	u32 mounts;
	u32 network;
	u64 image[MAX_IMAGES][2];
	/* Of the exec that was let through: how many bytes of words were judged, and their digest. */
	u32 words;
	u64 words_digest[2];
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct member);
} members SEC(".maps");

#define LABEL_BYTES 1024

/* Namespaces that are there at most. */
#define MOST_NAMESPACES 1024

/* Threads whose children begin a namespace, by thread id. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MOST_NAMESPACES);
	__type(key, u32);
	__type(value, u32);
} launching SEC(".maps");

/*
 * Processes of no namespace whose next child is let into one, by who decides about that. With the task and not by its number:
 * a number may be another's by the time it is looked at.
 */
struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct invitation);
} invitations SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MOST_NAMESPACES);
	__type(key, u32);
	__type(value, struct namespace_state);
} namespace_states SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MOST_NAMESPACES);
	__type(key, u32);
	__type(value, struct default_action);
} default_actions SEC(".maps");

/* Processes that decide, by process id, and the namespace that each took last: out of reach for every namespace. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MOST_NAMESPACES);
	__type(key, u32);
	__type(value, u32);
} supervisors SEC(".maps");

/* The number that the next namespace gets; only userspace writes it. A number is never used twice in a load. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, u32);
} numbers SEC(".maps");

/* Keys that have been decided. As large as the contour asks for: the number here is of the pattern that all are made by. */
struct table {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, u64[2]);
	__type(value, struct decided);
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, MOST_NAMESPACES);
	__type(key, u32);
	__array(values, struct table);
} tables SEC(".maps");

/* What is told. */
struct ring {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, MOST_NAMESPACES);
	__type(key, u32);
	__array(values, struct ring);
} rings SEC(".maps");

struct tally {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, OP_COUNT);
	__type(key, u32);
	__type(value, struct counters);
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, MOST_NAMESPACES);
	__type(key, u32);
	__array(values, struct tally);
} tallies SEC(".maps");

/* What whoever decides says about a namespace, as text; only userspace reads and writes it. */
struct label {
	char text[LABEL_BYTES];
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MOST_NAMESPACES);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, u32);
	__type(value, struct label);
} labels SEC(".maps");

/* Likewise, in pieces: what a successor of whoever decides must know. */
struct piece_key {
	u32 namespace_id;
	u32 index;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct piece_key);
	__type(value, struct label);
} journal SEC(".maps");

/*
 * Who is held, so that somebody can wake them if they are not decided about. Who decides takes them out of here before it
 * wakes them, so that whoever asks again and still finds nothing is told of again.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct held_key);
	__type(value, struct held);
} holding SEC(".maps");

/* Verdicts that count once, for one thread. One that is forgotten is asked for again. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, struct ticket_key);
	__type(value, struct decided);
} tickets SEC(".maps");

/* Identities that were assigned to execs which had gone ahead. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 65536);
	__type(key, u32);
	__type(value, u32);
} assigned SEC(".maps");

/* Images that userspace has been told of. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 65536);
	__type(key, struct shared_key);
	__type(value, u32);
} images SEC(".maps");

/* Processes that may do nothing any more (reaction deny-all and the like), by namespace and process. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct shared_key);
	__type(value, u32);
} barred SEC(".maps");

/* The maps and programs of this load, by kind and number: out of reach from inside. */
#define OWN_MAP (1ULL << 32)
#define OWN_PROGRAM (2ULL << 32)

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4 * MOST_NAMESPACES);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, u64);
	__type(value, u32);
} own SEC(".maps");

/*
 * Room to describe one act. A program may be preempted by another task's on the same processor, so each takes a place
 * that is free; with none free the act is lost, and said to be.
 */
#define SCRATCH_BUFFERS 8

/* A way from an object upwards; addresses, which may not be passed as numbers. */
struct walk {
	u64 dentry;
	u64 mount;
	u64 mount_root;
	u64 root_dentry;
	u64 root_mount;
	u32 at;
	u32 standing;
	u32 done;
	u32 reserved;
};

struct scratch {
	u32 taken;
	/* Identity that goes with the verdict, where there is one. */
	u32 next;
	/* Whether the task was held before it asked. */
	u32 was_held;
	/* Nobody waits for what is told: it is read when the reader looks by itself. */
	u32 can_wait;
	/* Paths are told with their places. */
	u32 tells_places;
	/* Where a path is begun and how far it has come. Here and not on the stack: the verifier would follow every number. */
	struct walk walk;
	struct record record;
	u8 text[TEXT_BYTES + PATH_BYTES];
	/* A path grows from the middle to the front; the other half is never used, and tells the verifier so. */
	u8 path[2 * PATH_BYTES];
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, SCRATCH_BUFFERS);
	__type(key, u32);
	__type(value, struct scratch);
} scratch_buffers SEC(".maps");

/*
 * Functions that are not static are verified once, and not once for each way to come to them: without that the verifier
 * takes a hundred times as long. What they return it then takes for any number.
 */
__noinline int take_place(void)
{
	for (u32 place = 0; place < SCRATCH_BUFFERS; place++) {
		u32 key = place;
		struct scratch *scratch = bpf_map_lookup_elem(&scratch_buffers, &key);

		if (scratch && __sync_lock_test_and_set(&scratch->taken, 1) == 0)
			return place;
	}
	return SCRATCH_BUFFERS;
}

static __always_inline struct scratch *take_scratch(void)
{
	u32 place = take_place();

	return bpf_map_lookup_elem(&scratch_buffers, &place);
}

static __always_inline void leave_scratch(struct scratch *scratch)
{
	__sync_lock_test_and_set(&scratch->taken, 0);
}

/* Where a namespace has its own in tables, rings and tallies: no two that live have numbers with the same one. */
static __always_inline u32 place_of(u32 id)
{
	return id & (MOST_NAMESPACES - 1);
}

static __always_inline struct counters *tally_of(u32 id, u32 operation)
{
	u32 place = place_of(id);
	void *tally = bpf_map_lookup_elem(&tallies, &place);

	return tally ? bpf_map_lookup_elem(tally, &operation) : 0;
}

/* With no default_action known, nothing unknown goes ahead. */
static __always_inline u32 default_action_of(u32 id)
{
	struct default_action *default_action = bpf_map_lookup_elem(&default_actions, &id);

	return default_action ? default_action->mode : MODE_REFUSE;
}

/* The process that decides, or 0. */
static __always_inline u32 supervisor_of(u32 id)
{
	struct default_action *default_action = bpf_map_lookup_elem(&default_actions, &id);

	return default_action ? default_action->supervisor : 0;
}

/* Something could not be told: the measurement is incomplete. */
__noinline int lose(u32 id, u32 operation)
{
	struct counters *counters = tally_of(id, operation);
	struct namespace_state *state = bpf_map_lookup_elem(&namespace_states, &id);

	if (counters)
		__sync_fetch_and_add(&counters->lost, 1);
	if (state)
		__sync_fetch_and_add(&state->lost, 1);
	return 0;
}

#endif
