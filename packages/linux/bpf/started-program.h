/* SPDX-License-Identifier: GPL-2.0-only */
/* A program that has been started: its file and its loader's file are still mapped. */
#ifndef ISOLINE_STARTED_PROGRAM_H
#define ISOLINE_STARTED_PROGRAM_H

#include "pending-call.h"
#include "arguments.h"
#include "lookup.h"

/* By tracepoints the exec has happened: the arguments are those that the program got. */
static __noinline int append_taken_words(struct scratch *scratch, struct linux_binprm *bprm, bool are_wanted)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct reading reading = { .scratch = scratch, .flags = CALLED_TAKEN };
	u64 from = BPF_CORE_READ(task, mm, arg_start), length = BPF_CORE_READ(task, mm, arg_end) - from;
	u32 used;
	long got;

	if (!scratch || !bprm)
		return 0;
	if (bprm->interp != bprm->filename)
		append_script(&reading, bprm);
	used = scratch->record.act.text_length;
	if (used > PATH_BYTES + WORDS_BYTES)
		return 0;
	if (!are_wanted) {
		got = bpf_probe_read_user_str(&scratch->text[used & (TEXT_BYTES - 1)], WORDS_BYTES / 2, (void *)from);
	} else {
		if (length > WORDS_BYTES / 2) {
			length = WORDS_BYTES / 2;
			reading.flags |= CALLED_CUT;
		}
		got = bpf_probe_read_user(&scratch->text[used & (TEXT_BYTES - 1)], length, (void *)from) ? -1 : (long)length;
	}
	if (got < 0 || got > WORDS_BYTES / 2)
		reading.flags |= CALLED_UNREADABLE;
	else
		scratch->record.act.text_length = used + got;
	scratch->record.act.arguments[1] = reading.flags;
	return 0;
}

/* The actor is the caller before the exec. The current credentials are already the new ones, so those put aside are used. */
static __always_inline void judge_exec(struct member *member, struct aside *aside, struct linux_binprm *bprm, u64 program)
{
	bool are_wanted = has_words((u64)BPF_CORE_READ((struct file *)program, f_path.dentry)) != 0;
	struct scratch *scratch = aside && member->images <= MAX_IMAGES ? take_scratch() : 0;

	if (!scratch) {
		lose(member->namespace_id, OP_EXEC);
		return;
	}
	describe_exec(scratch, member, are_wanted);
	append_taken_words(scratch, bprm, are_wanted);
	if (are_wanted)
		scratch->record.act.arguments[1] |= CALLED_WITH_WORDS;
	__builtin_memcpy(scratch->record.act.ids, aside->ids, sizeof(aside->ids));
	scratch->record.act.capabilities = aside->capabilities;
	judge(scratch, false);
	member->next = scratch->next;
	leave_scratch(scratch);
}

/*
 * The interpreter of a `#!` line executes a script, and the kernel no longer holds the script's file. It is found again by
 * the path that the call gave. False if it is not found.
 */
static __always_inline bool add_script(struct member *member, struct linux_binprm *bprm)
{
	struct way *way = take_way();
	struct dentry *dentry;
	bool is_found;

	if (!way)
		return false;
	is_found = find_copied(way, bprm->filename) == MEANS_OBJECT;
	if (is_found) {
		dentry = as_dentry(way->dentry);
		add_image_at(member, dentry->d_inode, dentry, way->mount, false);
	}
	leave_way(way);
	return is_found;
}

static __always_inline void started(struct member *member, struct task_struct *task, struct linux_binprm *bprm)
{
	struct aside *aside = bpf_task_storage_get(&asides, task, 0, 0);
	struct pt_regs *regs = (struct pt_regs *)bpf_task_pt_regs(task);
	u64 seen, mount = 0, loader = 0, program = (u64)BPF_CORE_READ(task, mm, exe_file);

	exec_begins((void *)0, bprm);
	if (bprm->interp != bprm->filename && !add_script(member, bprm))
		lose(member->namespace_id, OP_EXEC);
	add_image(member, as_file(program), false);
	/* A program with a loader begins in the loader. */
	if (file_mapped_at(task, BPF_CORE_READ(regs, ip), &loader) && loader && loader != program) {
		seen = user_dentry(loader, &mount);
		if (seen)
			add_image_at(member, as_dentry(seen)->d_inode, as_dentry(seen), mount, true);
		else
			add_image(member, as_file(loader), true);
	}
	judge_exec(member, aside, bprm, program);
}

#endif
