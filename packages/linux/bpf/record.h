/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The records that the BPF programs send to the supervisor. packages/linux/src/sensor/bpf/record.ts decodes this layout; a
 * test compares both, by the type information of the compiled object.
 *
 * All integers are in the machine's byte order. Unused bytes are zero: `key` is a digest of `act` and the text, and must not
 * depend on earlier contents of the memory.
 */
#ifndef ISOLINE_RECORD_H
#define ISOLINE_RECORD_H

#include "kernel.h"

#define PATH_BYTES 4096
#define NAME_BYTES 256
#define TEXT_BYTES (2 * PATH_BYTES)
#define MAX_IMAGES 8

enum kind {
	/* An act of a task. */
	KIND_EVENT = 1,
	/* A file that an exec loads, reported once; exec events name it by its key. */
	KIND_IMAGE = 2,
	/* A process was created. */
	KIND_FORK = 3,
	/* A process runs the program that it was allowed to execute. */
	KIND_EXEC = 4,
	/* The last thread of a process has ended. */
	KIND_EXIT = 5,
};

enum fate {
	/* It goes ahead. */
	FATE_WENT_ON = 0,
	/* The task is stopped, and its call is restarted when it continues. */
	FATE_HELD = 1,
	/* Refused: decided earlier to be off contour. */
	FATE_REFUSED = 2,
	/* Refused: not decided, and there is no supervisor, or the task could not be held. */
	FATE_REFUSED_UNDECIDED = 3,
	/* Refused: it was reported as held, and no verdict came in time. */
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
	/* About the network or a file system as a whole, by the number of the request. */
	OP_REQUEST = 56,
	/* A process outside of the namespace signals one inside, or accesses it: not an act of the namespace, only counted. */
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
	/* An object without a path: a pipe, a memfd. */
	STANDING_PLACELESS = 4,
	/* A path as the task gave it, which leads nowhere. */
	STANDING_UNRESOLVED = 5,
};

enum outlook {
	/* Another root directory than the namespace began with: that of a container. */
	OUTLOOK_OTHER_ROOT = 1,
	/* A pid namespace of its own, with its own process ids. */
	OUTLOOK_OTHER_NUMBERS = 2,
	/* A mount namespace of its own, where each path comes with its place (struct namespace_state). */
	OUTLOOK_OTHER_MOUNTS = 4,
	/* For acts about a socket: it is of another network namespace than the one that the behaviour namespace began in. */
	OUTLOOK_OTHER_NETWORK = 8,
};

/*
 * Of an exec: which arguments the text holds. They follow the keys of the files that it loads, each with its NUL. For a
 * script, its path as the interpreter gets it comes before them.
 */
enum called {
	CALLED_SCRIPT = 1,
	/* There are more arguments, or the last one is longer. */
	CALLED_CUT = 2,
	/* The next arguments cannot be read. */
	CALLED_UNREADABLE = 4,
	/* They were read from the started program, not from the call. */
	CALLED_TAKEN = 8,
	/* All arguments are there; otherwise only the first one. */
	CALLED_WITH_WORDS = 16,
};

/* For a script whose arguments are there, the upper half has the number of all arguments that the kernel took. */
#define WORDS_COUNT_SHIFT 16
#define MOST_WORDS_COUNTED 0xffff

/* Of a new process: its id in one of its pid namespaces, and that namespace. */
struct number {
	u32 number;
	u32 namespace;
};

/* An object of a file system. Inode number, size and times are set where content counts, and are zero elsewhere. */
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
	/* If the actor has another root or other mounts: bytes after the path that give the object's place in its file system. */
	u32 place_length;
	/*
	 * The file is on an overlay, and the namespace has mapped one for writing: the version does not prove the content any more, so the
	 * act is another one than before.
	 */
	u32 may_be_mapped;
};

/* What an event is. The text holds the paths of the objects one after the other, and then further strings. */
struct act {
	u32 operation;
	/* Small number of the task identity, or of an exec that has no identity assigned yet (PENDING). */
	u32 identity;
	/* uid euid suid fsuid gid egid sgid fsgid */
	u32 ids[8];
	u64 capabilities;
	u64 arguments[4];
	u32 objects;
	u32 text_length;
	/* How the actor sees the system: OUTLOOK_ bits. The same path or number has another meaning by another outlook. */
	u32 outlook;
	/* The target is a supervisor, or a part of the sensor: refused, whatever the verdict. */
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
	/* How many threads the process has. */
	u32 threads;
	/* Never used twice in a namespace, unlike the process id. */
	u64 process;
	/* The process that forked it; 0 if that was the launching thread. */
	u64 parent;
	/* CLOCK_MONOTONIC, nanoseconds. */
	u64 time;
	u64 key[2];
	/* The number that stands for an exec's new identity; 0 for other events. */
	u32 pending;
	/* Not 0 if the process may do nothing more since its birth, as its parent. */
	u32 is_barred;
	struct act act;
};

/* Set in identity numbers that the supervisor has not assigned yet. */
#define PENDING 0x80000000u

enum verdict {
	VERDICT_ON = 1,
	VERDICT_OFF = 2,
	/* It goes ahead while there is no supervisor; one that there is decides each time. */
	VERDICT_ORPHANED = 3,
};

/* An entry of one namespace in a table of all. */
struct shared_key {
	u32 namespace_id;
	u32 zero;
	u64 key[2];
};

/*
 * The kernel gives the entry of a key that was removed to the next key at once, while a program may still be reading it. So the verdict
 * says whose it is: `enum verdict`, combined with each 64-bit word of its key by exclusive or.
 */
struct decided {
	u64 verdict;
	/* The identity after an exec. */
	u32 next;
	/* Of a verdict that is valid once: the lower half of the number of the process that it is for. */
	u32 process;
	/* How often this entry decided; of a verdict that is valid once, when it was given (CLOCK_MONOTONIC, nanoseconds). */
	u64 times;
};

struct ticket_key {
	u32 namespace_id;
	u32 tid;
	u64 key[2];
};

enum mode {
	/* An act that is not known goes ahead and is reported. */
	MODE_TELL = 1,
	/* An act that is not known is held until it is decided. */
	MODE_HOLD = 2,
	/* An act that is not known is refused. */
	MODE_REFUSE = 3,
};

/*
 * The verdict on an act that has not been decided, and the process id of the supervisor; 0 when it has ended. The entry of a place
 * that no namespace has is of the namespace 0, which does not exist.
 */
struct default_action {
	u32 namespace_id;
	u32 mode;
	u32 supervisor;
	/* How many processors the supervisor may use. */
	u32 processors;
	/* `enum mode` while there is no supervisor: a namespace that is watched is held up by none. */
	u32 alone;
};

/* For which files an open reports the version. The files of an exec are always reported with it. */
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
	/* Not 0 where a process that is not trusted may do nothing more. */
	u32 bars;
	u64 processes;
	s64 live;
	u64 born;
	/* How many acts could not be reported. */
	u64 lost;
	/* Nanoseconds: a held act that is older is refused when its call is restarted. */
	u64 deadline;
	/* Numbers of the mount and network namespace that it began in; 0 for a container, for which its own are the usual ones. */
	u32 mounts;
	u32 network;
	/* Not 0 once a process of it has mapped a file of an overlay that it had opened for writing. */
	u32 maps_overlay;
	/* Id of the process group that its first process began in, in the first pid namespace. */
	u32 group;
};

/* The namespace to enter, and the supervisor that allowed it: invalid once another process supervises that namespace. */
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
	/* Who was told of it. Another one that has taken over since is told again. */
	u32 supervisor;
};

/* Counts for one operation of one namespace on one processor. */
struct counters {
	u64 seen;
	u64 decided_here;
	u64 sent_up;
	u64 lost;
	u64 refused;
};

#endif
