/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the BPF programs tell the supervisor: the layout that packages/linux/src/sensor/bpf/record.ts decodes. A test compares
 * both, by the types that the compiled object carries.
 *
 * All integers are of the machine's byte order. What is not filled is zero: `key` is a digest of `act` and the text, and
 * must not depend on what was in the memory before.
 */
#ifndef ISOLINE_RECORD_H
#define ISOLINE_RECORD_H

#include "kernel.h"

#define PATH_BYTES 4096
#define NAME_BYTES 256
#define TEXT_BYTES (2 * PATH_BYTES)
#define MAX_IMAGES 8

enum kind {
	/* Somebody acts. */
	KIND_EVENT = 1,
	/* A file that an exec loads, told once; exec events name it by its key. */
	KIND_IMAGE = 2,
	/* A process came to be. */
	KIND_FORK = 3,
	/* A process runs what it was let execute. */
	KIND_EXEC = 4,
	/* The last thread of a process is gone. */
	KIND_EXIT = 5,
};

enum fate {
	/* It goes ahead. */
	FATE_WENT_ON = 0,
	/* The task is stopped, and asks again when it goes on. */
	FATE_HELD = 1,
	/* Refused: decided before to be off contour. */
	FATE_REFUSED = 2,
	/* Refused: not decided, and nobody to ask, or nothing that could be held. */
	FATE_REFUSED_UNDECIDED = 3,
	/* Refused: it was told of as held, and no verdict came in time. */
	FATE_REFUSED_LATE = 4,
};

enum operation {
	OP_NONE = 0,
	OP_EXEC = 1,
	OP_OPEN = 2,
	OP_CREATE = 3,
	OP_MAP = 4,
	OP_MAP_ANONYMOUS = 5,
	OP_PROTECT = 6,
	OP_UNLINK = 7,
	OP_RMDIR = 8,
	OP_RENAME = 9,
	OP_LINK = 10,
	OP_SYMLINK = 11,
	OP_MKDIR = 12,
	OP_MKNOD = 13,
	OP_TRUNCATE = 14,
	OP_CHMOD = 15,
	OP_CHOWN = 16,
	OP_SETXATTR = 17,
	OP_REMOVEXATTR = 18,
	OP_UTIMENS = 19,
	OP_SOCKET = 20,
	OP_BIND = 21,
	OP_LISTEN = 22,
	OP_CONNECT = 23,
	OP_ACCEPT = 24,
	OP_SEND = 25,
	OP_KILL = 26,
	OP_PTRACE = 27,
	OP_SETID = 28,
	OP_CAPSET = 29,
	OP_PRCTL = 30,
	OP_CHROOT = 31,
	OP_PIVOT = 32,
	OP_MOUNT = 33,
	OP_UMOUNT = 34,
	OP_NAMESPACE = 35,
	OP_BPF = 36,
	OP_PERF = 37,
	OP_SETTIME = 38,
	OP_MODULE = 39,
	OP_IOURING = 40,
	OP_USERFAULTFD = 41,
	OP_SETFLAGS = 42,
	OP_IOCTL = 43,
	OP_SIGIO = 44,
	OP_ADJUST = 45,
	OP_ADMIN = 46,
	OP_KEXEC = 47,
	OP_SWAP = 48,
	OP_REBOOT = 49,
	OP_KEYCTL = 50,
	OP_HOSTNAME = 51,
	OP_IOPORT = 52,
	OP_ABI = 53,
	OP_FANOTIFY = 54,
	OP_FANOTIFY_MARK = 55,
	/* Of the network or a file system as a whole, by the number of the request. */
	OP_REQUEST = 56,
	/* Somebody outside signals or looks into a process: no act of the namespace's, and only counted. */
	OP_REACHED = 63,
	OP_COUNT = 64,
};

enum standing {
	/* The path leads to the object, from the task's root. */
	STANDING_HERE = 0,
	/* The name was removed. */
	STANDING_REMOVED = 1,
	/* Not below the task's root. */
	STANDING_OUTSIDE = 2,
	/* Deeper or longer than is followed here: `text` has its end. */
	STANDING_TOO_LONG = 3,
	/* An object without a place among the files: a pipe, a memfd. */
	STANDING_PLACELESS = 4,
	/* A path as it was given, that leads nowhere. */
	STANDING_UNRESOLVED = 5,
};

enum outlook {
	/* Another root directory than the namespace began with: that of a container. */
	OUTLOOK_OTHER_ROOT = 1,
	/* A pid namespace of its own, in which processes are counted anew. */
	OUTLOOK_OTHER_NUMBERS = 2,
	/* A mount namespace of its own, where the namespace's paths are told with their places (struct namespace_state). */
	OUTLOOK_OTHER_MOUNTS = 4,
	/* Of acts about a socket: it is of another network than the namespace began in. */
	OUTLOOK_OTHER_NETWORK = 8,
};

/* Of an exec: what its words are. After the keys of the files that it loads the text has, for a script, how its interpreter is
 * told where it is; then words, each with its NUL. */
enum called {
	CALLED_SCRIPT = 1,
	/* There are more, or the last is longer. */
	CALLED_CUT = 2,
	/* They cannot be read further. */
	CALLED_UNREADABLE = 4,
	/* They are those that the program got, and not those of the call. */
	CALLED_TAKEN = 8,
	/* All are there; else the first alone. */
	CALLED_WITH_WORDS = 16,
};

/* Of a process that came to be: what it is called in one of the pid namespaces it is in, and in which. */
struct number {
	u32 number;
	u32 namespace;
};

/* An object of a file system. Times, size and place are there where content counts, zero elsewhere. */
struct object {
	u64 inode;
	u64 size;
	s64 changed_seconds;
	u32 changed_nanoseconds;
	/* As the kernel keeps it: 12 bits major, 20 bits minor. */
	u32 device;
	u32 magic;
	u32 mode;
	u32 uid;
	u32 gid;
	u32 standing;
	/* Bytes of its path in the text. */
	u32 path_length;
	/* Of an actor with another root or other mounts: bytes behind its path that say where in its file system it is. */
	u32 place_length;
	u32 reserved;
};

/* What an event is. Paths of the objects follow each other in the text, and what else there is to say comes after them. */
struct act {
	u32 operation;
	/* Small number of the task identity, or of an exec whose identity is still to be told (PENDING). */
	u32 identity;
	/* uid euid suid fsuid gid egid sgid fsgid */
	u32 ids[8];
	u64 capabilities;
	u64 arguments[4];
	u32 objects;
	u32 text_length;
	/* How the actor sees the world: OUTLOOK_ bits. The same path or number means another thing by another. */
	u32 outlook;
	/* It is done to a supervisor, or to what the sensor is made of: refused, whatever the verdict. */
	u32 is_kept;
	struct object object[2];
};

struct record {
	/* Of the whole record, the text included. */
	u32 size;
	u16 kind;
	u16 fate;
	u32 namespace_id;
	u32 pid;
	u32 tid;
	/* Threads that the process has. */
	u32 threads;
	/* Never used twice in a namespace, unlike the pid. */
	u64 process;
	/* The process that forked it; 0 if that was the launching thread. */
	u64 parent;
	/* CLOCK_MONOTONIC, nanoseconds. */
	u64 time;
	u64 key[2];
	/* Number that an exec's new identity goes by; 0 for other events. */
	u32 pending;
	u32 reserved;
	struct act act;
};

/* Bit of an identity number that userspace has not assigned. */
#define PENDING 0x80000000u

enum verdict {
	VERDICT_ON = 1,
	VERDICT_OFF = 2,
};

/* Something of one namespace's, in a table of all. */
struct shared_key {
	u32 namespace_id;
	u32 zero;
	u64 key[2];
};

struct decided {
	u32 verdict;
	/* Identity after an exec. */
	u32 next;
	/* How often it was decided by this entry. */
	u64 times;
};

struct ticket_key {
	u32 namespace_id;
	u32 tid;
	u64 key[2];
};

enum mode {
	/* What is unknown goes ahead and is told. */
	MODE_TELL = 1,
	/* What is unknown is held until it is decided. */
	MODE_HOLD = 2,
	/* What is unknown is refused. */
	MODE_REFUSE = 3,
};

/* What becomes of an act that has not been decided, and the process that decides; 0 once it is gone. */
struct default_action {
	u32 mode;
	u32 supervisor;
};

/* Of which files an open tells the version; of what runs it is told always. */
enum versions {
	VERSIONS_RUN = 0,
	VERSIONS_READ = 1,
	VERSIONS_OPENED = 2,
};

struct namespace_state {
	/* Inode of the root directory that its first process began with: an address. */
	u64 root;
	/* enum versions */
	u32 content;
	/* Not 0 where a process that is not trusted may do nothing any more. */
	u32 bars;
	u64 processes;
	s64 live;
	u64 born;
	/* What could not be told. */
	u64 lost;
	/* Nanoseconds: after so long a held act is refused when it asks again; so long a verdict is waited for without a stop. */
	u64 deadline;
	u64 spin;
	/* Numbers of the mount and network namespace that it began in; 0 for a container, of which its own are the usual ones. */
	u32 mounts;
	u32 network;
};

/* Into which namespace, and by whom: worth nothing once another process decides there. */
struct invitation {
	u32 namespace_id;
	u32 supervisor;
};

struct held_key {
	u32 namespace_id;
	u32 tid;
};

/* A task that is stopped until its act is decided. */
struct held {
	u64 key[2];
	/* CLOCK_MONOTONIC, nanoseconds: when it was held first. */
	u64 since;
	u32 pid;
	u32 reserved;
};

/* How often, for one operation of one namespace on one processor. */
struct counters {
	u64 seen;
	u64 decided_here;
	u64 sent_up;
	u64 lost;
	u64 refused;
};

#endif
