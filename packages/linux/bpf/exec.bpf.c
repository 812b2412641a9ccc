// SPDX-License-Identifier: GPL-2.0-only
/*
 * Execution is decided when all is known and nothing has happened yet. Every file has been opened, the new credentials are
 * made, and the old program can still go on: bprm_creds_from_file runs just before the point of no return (fs/exec.c,
 * begin_new_exec).
 *
 *   bprm_creds_for_exec      an exec begins
 *   bprm_check_security      a file that runs it: the one that was named, then interpreters of `#!` lines
 *   file_open, FMODE_EXEC    opened to be run: the last one after those is the ELF interpreter
 *   bprm_creds_from_file     the verdict
 */
#include "arguments.h"
#include "hooks.h"
#include "kernel-digests.h"

#define FMODE_EXEC 0x20

/* Stands for a file that the exec loads and that could not be noted: it is unknown what the exec runs. */
#define MISSES_IMAGES (MAX_IMAGES + 1)

/* Reports a file once, and notes it as one of those that the exec loads. */
static __always_inline void add_image_at(struct member *member, struct inode *inode, struct dentry *dentry, u64 mount,
					 bool is_open)
{
	struct scratch *scratch;
	struct object *object;
	struct shared_key key;
	u32 place, yes = 1;

	if (member->images > MAX_IMAGES)
		return;
	if (member->last_is_open && member->images > 0)
		member->images -= 1;
	member->last_is_open = is_open;
	place = member->images;
	scratch = place < MAX_IMAGES ? take_scratch() : 0;
	if (!scratch) {
		member->images = MISSES_IMAGES;
		return;
	}
	begin(scratch, member, KIND_IMAGE, OP_EXEC);
	object = &scratch->record.act.object[0];
	scratch->record.act.objects = 1;
	scratch->record.act.arguments[0] = is_open;
	describe_inode(object, inode);
	describe_content(scratch, inode);
	scratch->walk.dentry = (u64)dentry;
	scratch->walk.mount = mount;
	append_path_here(scratch);
	make_key(scratch);
	member->image[place & (MAX_IMAGES - 1)][0] = scratch->record.key[0];
	member->image[place & (MAX_IMAGES - 1)][1] = scratch->record.key[1];
	member->images = place + 1;
	key.namespace_id = member->namespace_id;
	key.zero = 0;
	key.key[0] = scratch->record.key[0];
	key.key[1] = scratch->record.key[1];
	if (object->may_be_mapped || !bpf_map_lookup_elem(&images, &key)) {
		append_vouched(scratch);
		if (send(scratch) == 0)
			bpf_map_update_elem(&images, &key, &yes, BPF_ANY);
	}
	leave_scratch(scratch);
}

static __always_inline void add_image(struct member *member, struct file *file, bool is_open)
{
	add_image_at(member, file->f_inode, file->f_path.dentry, mount_of(file->f_path.mnt), is_open);
}

HOOK(bprm_creds_for_exec)
int BPF_PROG(exec_begins, struct linux_binprm *bprm)
{
	struct member *member = current_member();

	if (member) {
		member->images = 0;
		member->words = 0;
		member->last_is_open = 0;
		/*
		 * If the supervisor cannot be told of this exec, the number stays unassigned. It must not be the number of an
		 * earlier exec, which has an identity.
		 */
		member->next = new_pending(member);
	}
	return 0;
}

SECTION(bprm_check_security, bprm_check)
int BPF_PROG(exec_looks, struct linux_binprm *bprm)
{
	struct member *member = current_member();

	if (member)
		add_image(member, bprm->file, false);
	return 0;
}

/*
 * Describes the exec: every file that it loads, and the number of its new identity until the supervisor assigns one. If its
 * arguments may name files, also the working directory.
 */
static __always_inline void describe_exec(struct scratch *scratch, struct member *member, bool has_words)
{
	u32 length = member->images * sizeof(member->image[0]), used;
	struct task_struct *task = acting_task();

	begin(scratch, member, KIND_EVENT, OP_EXEC);
	/* First of all: what an earlier exec left in this buffer is another's identity. */
	scratch->next = member->next;
	if (has_words)
		add_object(scratch, 0, task->fs->pwd.dentry, mount_of(task->fs->pwd.mnt));
	used = scratch->record.act.text_length;
	if (length > sizeof(member->image))
		length = sizeof(member->image);
	if (used > PATH_BYTES)
		return;
	bpf_probe_read_kernel(&scratch->text[used & (TEXT_BYTES - 1)], sizeof(member->image), member->image);
	scratch->record.act.text_length = used + length;
	scratch->record.act.arguments[0] = member->images;
}

HOOK(bprm_creds_from_file)
int BPF_PROG(exec_decided, struct linux_binprm *bprm, struct file *file)
{
	struct member *member = current_member();
	struct scratch *scratch;
	bool are_wanted;
	int verdict;

	if (!member)
		return 0;
	scratch = member->images > MAX_IMAGES ? 0 : take_scratch();
	if (!scratch)
		return unseen(member, OP_EXEC);
	are_wanted = has_words((u64)BPF_CORE_READ(bprm, file, f_path.dentry)) != 0;
	describe_exec(scratch, member, are_wanted);
	append_words(scratch, member, bprm, are_wanted);
	if (are_wanted)
		scratch->record.act.arguments[1] |= CALLED_WITH_WORDS;
	verdict = judge(scratch, BY_RESTART);
	member->next = scratch->next;
	leave_scratch(scratch);
	return verdict;
}
