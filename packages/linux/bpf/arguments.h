/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The arguments of a program: its name (the first argument); for an interpreter (the table `interpreters`) all its arguments,
 * and the working directory, where relative ones begin.
 *
 * Before an exec they are read from the memory of the calling task, from which the kernel has just copied them. Another
 * thread may have changed them in between. So their digest is kept, and compared with the kernel's copy when the program has
 * been loaded and has not run yet. So is where they end: behind the arguments the kernel has put the environment.
 */
#ifndef ISOLINE_ARGUMENTS_H
#define ISOLINE_ARGUMENTS_H

#include "judge.h"

#define NR_EXECVE 59
#define NR_EXECVEAT 322

/* Bytes of all arguments together. If there are more, the record says so (CALLED_CUT). */
#define WORDS_BYTES 3072
#define MOST_WORDS 256
#define PROGRAM_BYTES 32

/* How the arguments that were judged stand in those that the kernel took. */
enum judged_words {
	/* None were judged. */
	WORDS_NOWHERE = 0,
	/* They are the first ones. */
	WORDS_FIRST = 1,
	/* They are all. */
	WORDS_ALL = 2,
	/* They are the last ones: in front of those of a script, the kernel puts what the `#!` lines say. */
	WORDS_LAST = 3,
};

/* How many execs began. */
static u32 execs;

/*
 * A number for an exec until its identity is assigned. One that was never assigned an identity matches no identity. After 2^31 execs the
 * numbers begin again, and what was assigned to an earlier exec does not count. Of a process that still has such a number by then, the
 * exec was lost: where execs go on before they are decided, it may get the identity of a later one in its namespace, never of another.
 */
static __always_inline u32 new_pending(const struct member *member)
{
	u32 number = PENDING | __sync_fetch_and_add(&execs, 1);
	struct pending key = { number, member->namespace_id };

	bpf_map_delete_elem(&assigned, &key);
	return number;
}

struct program_name {
	char name[PROGRAM_BYTES];
};

/* Names of programs whose arguments count, without a version; the supervisor fills it in before any program is attached. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 256);
	__type(key, struct program_name);
	__type(value, u32);
} interpreters SEC(".maps");

struct trimming {
	struct program_name key;
	u32 is_version;
};

/* Removes one character from the end of a name, while it belongs to a version. */
static long trim(u32 index, struct trimming *trimming)
{
	char *byte = &trimming->key.name[(PROGRAM_BYTES - 1 - index) & (PROGRAM_BYTES - 1)];

	if (!*byte)
		return 0;
	if ((*byte >= '0' && *byte <= '9') || (*byte == '.' && trimming->is_version)) {
		trimming->is_version = 1;
		*byte = 0;
		return 0;
	}
	if (*byte == '-' && trimming->is_version)
		*byte = 0;
	return 1;
}

#define BUSYBOX 0x00786f6279737562ULL
#define SEVEN_BYTES 0x00ffffffffffffffULL

/*
 * Whether the arguments of a program count. `python3.13` is looked up as `python`; a name that begins with `busybox` always
 * counts.
 */
__noinline int has_words(u64 address)
{
	struct trimming trimming = {};
	struct dentry *dentry = (struct dentry *)address;

	bpf_probe_read_kernel_str(trimming.key.name, PROGRAM_BYTES, BPF_CORE_READ(dentry, d_name.name));
	if ((*(u64 *)trimming.key.name & SEVEN_BYTES) == BUSYBOX)
		return 1;
	bpf_loop(PROGRAM_BYTES, trim, &trimming, 0);
	return bpf_map_lookup_elem(&interpreters, &trimming.key) != 0;
}

struct reading {
	struct scratch *scratch;
	/* Address of the pointers to the arguments, and the index of the first one that is wanted. */
	u64 argv;
	u32 first;
	u32 most;
	/* Where the arguments begin in the text. */
	u32 start;
	u32 flags;
	/* Not 0 once there was no further one. */
	u32 is_end;
};

/* Appends one argument, with its NUL. */
static long read_word(u32 index, struct reading *reading)
{
	struct scratch *scratch = reading->scratch;
	u32 used = scratch->record.act.text_length;
	u64 word = 0;
	long length;

	if (index >= reading->most) {
		reading->flags |= CALLED_CUT;
		return 1;
	}
	if (bpf_probe_read_user(&word, sizeof(word), (void *)(reading->argv + 8 * (index + reading->first)))) {
		reading->flags |= CALLED_UNREADABLE;
		return 1;
	}
	if (!word) {
		reading->is_end = 1;
		return 1;
	}
	length = bpf_probe_read_user_str(&scratch->text[used & (TEXT_BYTES - 1)], WORDS_BYTES, (void *)word);
	if (length <= 0) {
		reading->flags |= CALLED_UNREADABLE;
		return 1;
	}
	if (length >= WORDS_BYTES || used + length > reading->start + WORDS_BYTES) {
		scratch->record.act.text_length = reading->start + WORDS_BYTES;
		reading->flags |= CALLED_CUT;
		return 1;
	}
	scratch->record.act.text_length = used + length;
	return 0;
}

static long hash_path_word(u32 index, struct hashing *hashing)
{
	sip_word(&hashing->sip, *(u64 *)&hashing->scratch->path[(index * 8) & (PATH_BYTES - 8)]);
	return 0;
}

/* A digest of the first `length` bytes of the path buffer. */
static __noinline int hash_words(struct scratch *scratch, u32 length)
{
	struct hashing hashing = { .scratch = scratch };

	if (!scratch || length > WORDS_BYTES)
		return 0;
	*(u64 *)&scratch->path[length & (PATH_BYTES - 1)] = 0;
	sip_begin(&hashing.sip);
	bpf_loop((length + 7) / 8, hash_path_word, &hashing, 0);
	sip_end(&hashing.sip, (length + 7) & ~7u, scratch->record.key);
	return 0;
}

/* Address of the argument vector of the call; 0 if the call is not an exec of this ABI. */
static __always_inline u64 words_of_call(void)
{
	struct pt_regs *regs = (struct pt_regs *)bpf_task_pt_regs(bpf_get_current_task_btf());

	switch (system_call()) {
	case NR_EXECVE:
		return BPF_CORE_READ(regs, si);
	case NR_EXECVEAT:
		return BPF_CORE_READ(regs, dx);
	}
	return 0;
}

/* Appends the path of a script as its interpreter gets it, with its NUL. */
static __always_inline void append_script(struct reading *reading, struct linux_binprm *bprm)
{
	struct scratch *scratch = reading->scratch;
	u32 used = scratch->record.act.text_length;
	long length = bpf_probe_read_kernel_str(&scratch->text[used & (TEXT_BYTES - 1)], WORDS_BYTES, bprm->filename);

	if (length > 0 && length < WORDS_BYTES)
		scratch->record.act.text_length = used + length;
	else
		reading->flags |= CALLED_UNREADABLE;
	reading->flags |= CALLED_SCRIPT;
}

/* Keeps with the task what it was judged by: the arguments in the text, from `start` on. */
static __noinline int keep_words(struct scratch *scratch, struct member *member, u32 start, u32 stand)
{
	u32 length;

	if (!scratch || !member)
		return 0;
	member->words_stand = WORDS_NOWHERE;
	length = scratch->record.act.text_length - start;
	if (length > WORDS_BYTES)
		return 0;
	bpf_probe_read_kernel(scratch->path, WORDS_BYTES, &scratch->text[start & (TEXT_BYTES - 1)]);
	hash_words(scratch, length);
	member->words = length;
	member->words_stand = stand;
	member->words_digest[0] = scratch->record.key[0];
	member->words_digest[1] = scratch->record.key[1];
	scratch->record.key[0] = 0;
	scratch->record.key[1] = 0;
	return 0;
}

static __always_inline u32 count_of(struct linux_binprm *bprm)
{
	u32 count = bprm->argc;

	return (count > MOST_WORDS_COUNTED ? MOST_WORDS_COUNTED : count) << WORDS_COUNT_SHIFT;
}

/* Before an exec: appends its arguments. */
static __noinline int append_words(struct scratch *scratch, struct member *member, struct linux_binprm *bprm, bool are_wanted)
{
	struct reading reading = { .scratch = scratch, .most = are_wanted ? MOST_WORDS : 1 };
	u32 start, stand;

	if (!scratch || !member || !bprm)
		return 0;
	reading.argv = words_of_call();
	reading.start = scratch->record.act.text_length;
	if (reading.start > PATH_BYTES + sizeof(member->image))
		return 0;
	if (bprm->interp != bprm->filename) {
		append_script(&reading, bprm);
		reading.first = 1;
		if (!are_wanted)
			reading.argv = 0;
	}
	start = scratch->record.act.text_length;
	if (reading.argv)
		bpf_loop(MOST_WORDS + 1, read_word, &reading, 0);
	if (!are_wanted)
		reading.flags &= ~CALLED_CUT;
	scratch->record.act.arguments[1] = reading.flags;
	if (reading.flags & CALLED_SCRIPT) {
		if (are_wanted)
			scratch->record.act.arguments[1] |= count_of(bprm);
		stand = reading.is_end ? WORDS_LAST : WORDS_NOWHERE;
	} else {
		stand = reading.is_end ? WORDS_ALL : WORDS_FIRST;
	}
	return keep_words(scratch, member, start, stand);
}

/* Where the arguments that were judged begin in those of a program that has not run yet; 0 if they do not fit there. */
static __always_inline u64 place_of_words(const struct member *member, struct task_struct *task)
{
	u64 start = BPF_CORE_READ(task, mm, arg_start), end = BPF_CORE_READ(task, mm, arg_end), length = member->words;
	char before = 0;

	switch (member->words_stand) {
	case WORDS_FIRST:
		return end - start >= length ? start : 0;
	case WORDS_ALL:
		/* Where there is none, the kernel takes one that is empty (fs/exec.c, do_execveat_common). */
		return end - start == length || (length == 0 && end - start == 1) ? start : 0;
	case WORDS_LAST:
		if (end - start <= length || bpf_probe_read_user(&before, 1, (void *)(end - length - 1)) || before)
			return 0;
		return end - length;
	}
	return 0;
}

/* After an exec, before the program has run: whether the kernel took the arguments that were judged. */
static __always_inline bool has_judged_words(struct member *member, struct task_struct *task)
{
	u32 length = member->words;
	struct scratch *scratch;
	bool is_same = false;
	u64 place;

	if (member->words_stand == WORDS_NOWHERE)
		return true;
	place = place_of_words(member, task);
	if (!place || length > WORDS_BYTES)
		return false;
	if (length == 0)
		return true;
	scratch = take_scratch();
	if (!scratch)
		return false;
	if (bpf_probe_read_user(scratch->path, length, (void *)place) == 0) {
		hash_words(scratch, length);
		is_same = member->words_digest[0] == scratch->record.key[0] && member->words_digest[1] == scratch->record.key[1];
	}
	leave_scratch(scratch);
	return is_same;
}

#endif
