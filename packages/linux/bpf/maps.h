/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The state of the programs, and their settings.
 *
 * One load serves every namespace of the machine. A table either has the namespace in its key, or exists once for each
 * namespace. The latter kind is found by the namespace's number in a table of tables, and made by the supervisor that begins
 * the namespace.
 */
#ifndef ISOLINE_MAPS_H
#define ISOLINE_MAPS_H

#include "kernel.h"
/* These headers need the integer types above. */
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "record.h"

char LICENSE[] SEC("license") = "GPL";

/* Keeps the enumerations in the object's type information: a test compares them with the decoder's. */
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

/* Drawn anew for each load, so that no task can choose two acts with the same key. */
const volatile u64 secret[2] SEC(".rodata.secret");

/* A task of a namespace. A task that is not in here is in no namespace. */
struct member {
	u32 namespace_id;
	u32 identity;
	u64 process;
	u64 parent;
	/* The identity that an exec in progress will have when it has gone ahead. */
	u32 next;
	/* Number of files that the exec in progress loads; the last one may be open and not yet checked. */
	u32 images;
	u32 last_is_open;
	/* Whether the task is in `holding`, or was held and its act has not been decided yet. */
	u32 is_held;
	/* The flags with which the name that is being made was judged. */
	u32 created_with;
	/* Its process may do nothing more, since it was born: its parent could not, either. Each thread has it from the one that made it. */
	u32 is_barred;
	/* The name that the call in progress is about, and its mount: addresses. */
	u64 place;
	u64 place_mount;
	u32 place_flags;
	/* Type of the socket that is being bound; whether a connect or the message that is being sent names an address (sockets.bpf.c). */
	u16 socket_type;
	u16 addressed;
	/* Not 0 if a key is enough to judge by in this namespace: no content counts, and no process is barred. */
	u32 by_key;
	/* For the process, kept with its first thread: whether its end was reported; how many SIGCONT it may forward. */
	u32 has_ended;
	u64 may_pass_on;
	/* Copies from its namespace (struct namespace_state). */
	u64 root;
	u32 mounts;
	u32 network;
	u64 image[MAX_IMAGES][2];
	/* Of the exec that goes ahead: how many bytes of arguments were judged, how they stand in all (enum judged_words), their digest. */
	u32 words;
	u32 words_stand;
	u64 words_digest[2];
	/*
	 * Of the latest call that asked about one object after another (judge.h, end_each): its arguments, the first object, when it last
	 * asked, and how long it waited in all.
	 */
	u64 called_with[2];
	u64 first_object;
	u64 asked_at;
	u64 waited;
	/* The act that such a call was granted last, by its key, and when (judge.h, end_repeated). */
	u64 granted[2];
	u64 granted_at;
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct member);
} members SEC(".maps");

#define LABEL_BYTES 1024

/* The most namespaces at one time. */
#define MOST_NAMESPACES 1024

/* Threads whose children begin a namespace, by thread id. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MOST_NAMESPACES);
	__type(key, u32);
	__type(value, u32);
} launching SEC(".maps");

/*
 * Processes of no namespace whose next child enters one, and the supervisor that decided so. Kept with the task and not by
 * its id: by the time it is read, the id may belong to another task.
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

/*
 * By place. An entry of an array stays where it is when it is replaced. The kernel gives the earlier entry of a hash to the next key
 * at once: a program that is just reading it would read what another namespace does with acts that are not known.
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, MOST_NAMESPACES);
	__type(key, u32);
	__type(value, struct default_action);
} default_actions SEC(".maps");

/*
 * Supervisors by process id, with the namespace that each took last. No workload of any namespace may act on them. Each namespace may
 * have a keeper besides, and a process that starts it.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4 * MOST_NAMESPACES);
	__type(key, u32);
	__type(value, u32);
} supervisors SEC(".maps");

/* A control group: the inode of its directory, and the device of its hierarchy. */
struct group {
	u64 inode;
	u32 device;
	u32 zero;
};

/* Those that contain a supervisor, as they were when it began. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, struct group);
	__type(value, u32);
} own_groups SEC(".maps");

/* The number of the next namespace; only a supervisor writes it. A number is used once in a load. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, u32);
} numbers SEC(".maps");

/* Keys that have been decided. This is the pattern: each table is made as large as its contour needs. */
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

/* Records for the supervisor. */
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

/* The supervisor's description of its namespace, as text; only user space reads and writes it. */
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

/* The same, in pieces: what the next supervisor of the namespace needs to know. */
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
 * The tasks that are held, so that the keeper can wake them if their supervisor dies. A supervisor removes a task from here
 * before it wakes the task. So a task whose restarted call finds no verdict is reported again.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct held_key);
	__type(value, struct held);
} holding SEC(".maps");

/* Verdicts that are valid once, for one thread. If one is evicted, the act is reported again. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, struct ticket_key);
	__type(value, struct decided);
} tickets SEC(".maps");

/* An exec without an identity yet. */
struct pending {
	u32 number;
	u32 namespace_id;
};

/* Identities that the supervisor assigned to execs that had already gone ahead. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 65536);
	__type(key, struct pending);
	__type(value, u32);
} assigned SEC(".maps");

/* Files of programs that have been reported. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 65536);
	__type(key, struct shared_key);
	__type(value, u32);
} images SEC(".maps");

/*
 * Processes that may do nothing more (the reaction deny-all and the like) since their supervisor said so, by namespace and process. An
 * entry is removed when its process ends. What such a process forks from then on has no entry: it is noted with its tasks.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct shared_key);
	__type(value, u32);
} barred SEC(".maps");

/*
 * Groups that a process of a namespace founded for itself or for a child, by their ids in the first pid namespace. While a group
 * is there, its id is given to no process. So when a process is born with that id, the group is over, and the entry is removed.
 */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, u32);
	__type(value, u64);
} founded SEC(".maps");

/* The maps and programs of this load, by kind and id: no workload gets a descriptor of one. */
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
 * Scratch buffers, each large enough to describe one act. Another task on the same processor may preempt a program, so each
 * program takes a buffer that is free. If none is free the act is lost, and counted as lost.
 */
#define SCRATCH_BUFFERS 8

/* A walk from an object upwards: addresses of dentries and mounts, and how far it has come. */
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
	/* The identity that comes with the verdict on an exec; unchanged otherwise. */
	u32 next;
	/* Whether the task was held before this attempt. */
	u32 was_held;
	/* No task waits for this record: it is read when the reader next looks. */
	u32 can_wait;
	/* Each path is followed by the object's place in its file system. */
	u32 tells_places;
	/* The call that asks was granted this act before. */
	u32 is_granted;
	/* Nanoseconds that the same call has waited in place. */
	u64 waited;
	/* The walk in progress. It is here and not on the stack, where the verifier would track every number. */
	struct walk walk;
	struct record record;
	u8 text[TEXT_BYTES + PATH_BYTES];
	/*
	 * A path grows from the middle to the front. The second half is never used; it proves to the verifier that writes
	 * stay inside.
	 */
	u8 path[2 * PATH_BYTES];
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, SCRATCH_BUFFERS);
	__type(key, u32);
	__type(value, struct scratch);
} scratch_buffers SEC(".maps");

/*
 * The verifier checks a function that is not static once, and not once for each path to it. Without that, verification takes
 * a hundred times as long. It assumes nothing about the value that such a function returns.
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

#endif
