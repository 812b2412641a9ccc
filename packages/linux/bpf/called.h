/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How a program is called: the name that it is called by, and of those that run what their arguments name (the table
 * `interpreters`) all arguments, and the working directory, where relative ones begin.
 *
 * Before it happens they are read from the memory of the task that asks, where the kernel has just copied them from. Another
 * thread may have changed them in between, so their digest is kept, and compared with what the kernel took when the program
 * has been started and has not run yet.
 */
#ifndef ISOLINE_CALLED_H
#define ISOLINE_CALLED_H

#include "judge.h"

#define NR_EXECVE 59
#define NR_EXECVEAT 322

/* Of all words together; what is beyond is told to be. */
#define WORDS_BYTES 3072
#define MOST_WORDS 256
#define PROGRAM_BYTES 32

/* How many execs began: a number that goes by none of them is nobody's. */
static u32 execs;

struct program_name {
	char name[PROGRAM_BYTES];
};

/* Names of programs whose arguments count, without a version; userspace fills it in before anything is attached. */
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

/* Takes one character away from the end of a name, as long as it is of a version. */
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

/* Whether the arguments of a program count: `python3.13` is `python`, and whatever begins with `busybox` is that. */
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
	/* Where the pointers to the words are, and the first that is wanted. */
	u64 argv;
	u32 first;
	u32 most;
	/* Where the words begin in the text. */
	u32 start;
	u32 flags;
};

/* Appends one word, with its NUL. */
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
	if (!word)
		return 1;
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

/* A digest of the first bytes of what is where paths are made. */
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

/* Where the words of the call are; 0 for what is no exec of this ABI. */
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

/* Appends how a script's interpreter is told where it is, with its NUL. */
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

/* Before an exec: appends its words, and keeps their digest with the task. Of scripts the kernel puts others in front. */
static __noinline int append_words(struct scratch *scratch, struct member *member, struct linux_binprm *bprm, bool are_wanted)
{
	struct reading reading = { .scratch = scratch, .most = are_wanted ? MOST_WORDS : 1 };
	u32 length;

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
	if (reading.argv)
		bpf_loop(MOST_WORDS + 1, read_word, &reading, 0);
	if (!are_wanted)
		reading.flags &= ~CALLED_CUT;
	scratch->record.act.arguments[1] = reading.flags;
	member->words = 0;
	length = scratch->record.act.text_length - reading.start;
	if ((reading.flags & CALLED_SCRIPT) || length == 0 || length > WORDS_BYTES)
		return 0;
	bpf_probe_read_kernel(scratch->path, WORDS_BYTES, &scratch->text[reading.start & (TEXT_BYTES - 1)]);
	hash_words(scratch, length);
	member->words = length;
	member->words_digest[0] = scratch->record.key[0];
	member->words_digest[1] = scratch->record.key[1];
	scratch->record.key[0] = 0;
	scratch->record.key[1] = 0;
	return 0;
}

/* After it, and before the program has run: whether the kernel took the words that were judged. */
static __always_inline bool has_judged_words(struct member *member, struct task_struct *task)
{
	u32 length = member->words;
	struct scratch *scratch;
	bool is_same = false;

	if (length == 0)
		return true;
	scratch = length <= WORDS_BYTES ? take_scratch() : 0;
	if (!scratch)
		return false;
	if (bpf_probe_read_user(scratch->path, length, (void *)BPF_CORE_READ(task, mm, arg_start)) == 0) {
		hash_words(scratch, length);
		is_same = member->words_digest[0] == scratch->record.key[0] && member->words_digest[1] == scratch->record.key[1];
	}
	leave_scratch(scratch);
	return is_same;
}

#endif
