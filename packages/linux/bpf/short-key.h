/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The key of an open, made without describing it. Most opens have been decided earlier, and for those nothing else is needed.
 *
 * The key covers what the description would say: the actor with its credentials, the flags, the attributes of the file, and
 * its path. The path is read name by name from the object upwards, and never copied. An open that is out of the ordinary (a
 * path that does not end in the task's root, a long name, content that counts) has no such key, and is described.
 *
 * The key is two sums of NH (Black and others, UMAC, 1999): the halves of each word are added to secret ones and multiplied.
 * For any two inputs that are chosen without the secret, both sums are equal with a probability of 2^-64. Only the kernel and
 * root ever see the sums and the keys that they are compared with.
 */
#ifndef ISOLINE_SHORT_KEY_H
#define ISOLINE_SHORT_KEY_H

#include "judge.h"

#define MOST_STEPS 40
#define LONGEST_NAME 63

#define SECRET_WORDS 256

/* Drawn anew for each load. */
const volatile u64 secret_words[SECRET_WORDS] SEC(".rodata.words");

/* Always 0, which the verifier does not know. If it knew, it would follow the count of words through every branch. */
static volatile u32 none;

struct sums {
	u64 first, second, name;
	u32 words;
};

static __always_inline u64 multiplied(u64 word, u64 by)
{
	return (u64)(u32)(word + by) * (u32)((word >> 32) + (by >> 32));
}

static __always_inline void absorb(struct sums *sums, u64 word)
{
	u32 at = sums->words++ & (SECRET_WORDS / 2 - 1);

	sums->first += multiplied(word, secret_words[at]);
	sums->second += multiplied(word, secret_words[at + SECRET_WORDS / 2]);
}

/* Any structure of the kernel that begins with two 64-bit words. */
static __always_inline struct timespec64 *two_words(u64 address)
{
	return bpf_rdonly_cast((void *)address, bpf_core_type_id_kernel(struct timespec64));
}

/* The mark of the end is a slash, which no name contains. Bytes after it are ignored. */
VERIFIED_ONCE int absorb_name(struct sums *sums, u32 length)
{
	u64 name;
	u32 rest = 8 * (length & 7);

	if (!sums)
		return 0;
	name = sums->name;
	for (u32 index = 0; index < LONGEST_NAME / 8; index++) {
		if (length < 8)
			break;
		absorb(sums, two_words(name)->tv_sec);
		name += 8;
		length -= 8;
	}
	absorb(sums, (rest ? two_words(name)->tv_sec & ((1ULL << rest) - 1) : 0) | 0x2fULL << rest);
	return 0;
}

static __always_inline struct dentry *as_dentry(u64 address)
{
	return bpf_rdonly_cast((void *)address, bpf_core_type_id_kernel(struct dentry));
}

static __always_inline struct vfsmount *as_mount(u64 address)
{
	return bpf_rdonly_cast((void *)address, bpf_core_type_id_kernel(struct vfsmount));
}

/* False if the walk from the object does not reach the task's root, or meets a long name. */
static __always_inline bool absorb_path(struct sums *sums, struct path *path)
{
	struct task_struct *task = BRIEF_TASK();
	u64 root = (u64)task->fs->root.dentry, root_mount = (u64)task->fs->root.mnt;
	/* All through one kind of pointer: the verifier wants one for each instruction. */
	struct dentry *dentry = as_dentry((u64)path->dentry), *parent;
	struct vfsmount *mount = as_mount((u64)path->mnt);
	u64 mount_root = (u64)mount->mnt_root;
	struct mount *m, *above;
	u32 length;

	for (u32 step = 0; step < MOST_STEPS; step++) {
		if ((u64)dentry == root && (u64)mount == root_mount)
			return true;
		if ((u64)dentry == mount_root) {
			m = bpf_rdonly_cast((void *)mount_of(mount), bpf_core_type_id_kernel(struct mount));
			above = m->mnt_parent;
			if ((u64)above == (u64)m)
				return false;
			dentry = as_dentry((u64)m->mnt_mountpoint);
			mount = as_mount((u64)above + bpf_core_field_offset(struct mount, mnt));
			mount_root = (u64)mount->mnt_root;
			continue;
		}
		parent = dentry->d_parent;
		length = dentry->d_name.len;
		if ((u64)parent == (u64)dentry || length > LONGEST_NAME)
			return false;
		sums->name = (u64)dentry->d_name.name;
		absorb_name(sums, length & LONGEST_NAME);
		dentry = as_dentry((u64)parent);
	}
	return false;
}

static __always_inline void absorb_actor(struct sums *sums, struct member *member)
{
	struct task_struct *task = BRIEF_TASK();
	const struct cred *cred = task->cred;

	settle_identity(member);
	absorb(sums, (u64)member->identity << 32 | cred->uid.val);
	absorb(sums, (u64)cred->euid.val << 32 | cred->suid.val);
	absorb(sums, (u64)cred->fsuid.val << 32 | cred->gid.val);
	absorb(sums, (u64)cred->egid.val << 32 | cred->sgid.val);
	absorb(sums, (u64)outlook_of(member, task) << 32 | cred->fsgid.val);
	absorb(sums, two_words((u64)&cred->cap_effective)->tv_sec);
}

/* 0 if an open has no such key. Not inlined: its part of the stack is free again when the act is judged. */
static __noinline int make_short_key(struct member *member, struct file *file, u32 flags, u64 process, u64 key[2])
{
	struct inode *inode = file->f_inode;
	struct sums sums = {};

	if (!bpf_ksym_exists(bpf_rdonly_cast) || sees_otherwise(member, outlook_of(member, BRIEF_TASK())))
		return false;
	absorb_actor(&sums, member);
	absorb(&sums, (u64)OP_OPEN << 32 | flags);
	absorb(&sums, (u64)inode->i_sb->s_magic << 32 | inode->i_mode);
	absorb(&sums, (u64)inode->i_uid.val << 32 | inode->i_gid.val);
	absorb(&sums, process);
	sums.words += none;
	if (!absorb_path(&sums, &file->f_path))
		return false;
	if (sums.words >= SECRET_WORDS / 2)
		return false;
	/* The count of words is included, so that a longer input cannot end like a shorter one. */
	absorb(&sums, sums.words);
	key[0] = sums.first;
	key[1] = sums.second;
	return true;
}

/* Whether an act with this key has been decided to be on contour. If so it is counted. */
static __noinline int is_known(struct member *member, u32 operation, const u64 key[2])
{
	u64 of[2] = { key[0], key[1] };
	u32 id = member->namespace_id;
	u32 place = place_of(id);
	void *table = bpf_map_lookup_elem(&tables, &place);
	struct decided *known = table ? bpf_map_lookup_elem(table, of) : 0;
	struct counters *counters;

	if (!known || verdict_of(known, key[0] ^ key[1]) != VERDICT_ON)
		return false;
	__sync_fetch_and_add(&known->times, 1);
	counters = tally_of(id, operation);
	if (counters) {
		__sync_fetch_and_add(&counters->seen, 1);
		__sync_fetch_and_add(&counters->decided_here, 1);
	}
	return true;
}

#endif
