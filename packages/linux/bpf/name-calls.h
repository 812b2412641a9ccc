/* SPDX-License-Identifier: GPL-2.0-only */
/* Calls about names and about the attributes of files: from the registers to the act. */
#ifndef ISOLINE_NAME_CALLS_H
#define ISOLINE_NAME_CALLS_H

#include "lookup.h"

/* linux/fcntl.h */
#define AT_SYMLINK_NOFOLLOW 0x100
#define AT_REMOVEDIR 0x200
#define AT_SYMLINK_FOLLOW 0x400
#define AT_EMPTY_PATH 0x1000

/* arch/x86/entry/syscalls/syscall_64.tbl */
#define NR_RENAME 82
#define NR_MKDIR 83
#define NR_RMDIR 84
#define NR_LINK 86
#define NR_UNLINK 87
#define NR_SYMLINK 88
#define NR_CHMOD 90
#define NR_FCHMOD 91
#define NR_CHOWN 92
#define NR_FCHOWN 93
#define NR_LCHOWN 94
#define NR_SETXATTR 188
#define NR_LSETXATTR 189
#define NR_FSETXATTR 190
#define NR_REMOVEXATTR 197
#define NR_LREMOVEXATTR 198
#define NR_FREMOVEXATTR 199
#define NR_MKDIRAT 258
#define NR_FCHOWNAT 260
#define NR_UNLINKAT 263
#define NR_RENAMEAT 264
#define NR_LINKAT 265
#define NR_SYMLINKAT 266
#define NR_FCHMODAT 268
#define NR_RENAMEAT2 316
#define NR_FCHMODAT2 452
#define NR_SETXATTRAT 463
#define NR_REMOVEXATTRAT 466

/* What a call is about: one object or name, in some calls a second name, in some a string that is not a path. */
struct naming {
	u64 string, to_string, text;
	u64 first, second;
	u32 operation;
	s32 directory, to_directory;
	u32 flags;
	bool by_descriptor;
};

static __always_inline void about_path(struct naming *naming, u32 operation, u64 string, u32 flags)
{
	naming->operation = operation;
	naming->directory = AT_FDCWD;
	naming->to_directory = AT_FDCWD;
	naming->string = string;
	naming->flags = flags;
}

static __always_inline void about_place(struct naming *naming, u32 operation, s32 directory, u64 string, u32 flags)
{
	about_path(naming, operation, string, flags);
	naming->directory = directory;
}

static __always_inline void about_descriptor(struct naming *naming, u32 operation, s32 descriptor)
{
	about_path(naming, operation, 0, 0);
	naming->directory = descriptor;
	naming->by_descriptor = true;
}

static __always_inline void and_name(struct naming *naming, s32 directory, u64 string)
{
	naming->to_directory = directory;
	naming->to_string = string;
}

/* `dev_t` as user space passes it, converted to the kernel's own format (linux/kdev_t.h, new_decode_dev). */
static __always_inline u32 device_of(u64 given)
{
	return (u32)(given >> 8 & 0xfff) << 20 | (given & 0xff) | (given >> 12 & 0xfff00);
}

static __always_inline u32 node_mode(u32 mode)
{
	return mode & S_IFMT ? mode : mode | S_IFREG;
}

/* False if the call is not one of these. Calls about a name do not follow a link there; calls about attributes do. */
static __always_inline bool name_call(struct naming *naming, struct pt_regs *regs)
{
	u64 di = regs->di, si = regs->si, dx = regs->dx, r10 = regs->r10, r8 = regs->r8;

	switch (number_of(regs)) {
	case NR_UNLINK:
		about_path(naming, OP_UNLINK, di, AT_SYMLINK_NOFOLLOW);
		return true;
	case NR_UNLINKAT:
		about_place(naming, dx & AT_REMOVEDIR ? OP_RMDIR : OP_UNLINK, di, si, AT_SYMLINK_NOFOLLOW);
		return true;
	case NR_RMDIR:
		about_path(naming, OP_RMDIR, di, AT_SYMLINK_NOFOLLOW);
		return true;
	case NR_RENAME:
		about_path(naming, OP_RENAME, di, AT_SYMLINK_NOFOLLOW);
		and_name(naming, AT_FDCWD, si);
		return true;
	case NR_RENAMEAT:
	case NR_RENAMEAT2:
		about_place(naming, OP_RENAME, di, si, AT_SYMLINK_NOFOLLOW);
		and_name(naming, dx, r10);
		naming->first = number_of(regs) == NR_RENAMEAT2 ? r8 & RENAME_EXCHANGE : 0;
		return true;
	case NR_LINK:
		about_path(naming, OP_LINK, di, AT_SYMLINK_NOFOLLOW);
		and_name(naming, AT_FDCWD, si);
		return true;
	case NR_LINKAT:
		about_place(naming, OP_LINK, di, si, r8 & AT_SYMLINK_FOLLOW ? r8 : r8 | AT_SYMLINK_NOFOLLOW);
		and_name(naming, dx, r10);
		return true;
	case NR_SYMLINK:
		about_path(naming, OP_SYMLINK, si, AT_SYMLINK_NOFOLLOW);
		naming->text = di;
		return true;
	case NR_SYMLINKAT:
		about_place(naming, OP_SYMLINK, si, dx, AT_SYMLINK_NOFOLLOW);
		naming->text = di;
		return true;
	case NR_MKDIR:
		about_path(naming, OP_MKDIR, di, AT_SYMLINK_NOFOLLOW);
		naming->first = (u16)si;
		return true;
	case NR_MKDIRAT:
		about_place(naming, OP_MKDIR, di, si, AT_SYMLINK_NOFOLLOW);
		naming->first = (u16)dx;
		return true;
	case NR_MKNOD:
		about_path(naming, OP_MKNOD, di, AT_SYMLINK_NOFOLLOW);
		naming->first = node_mode((u16)si);
		naming->second = device_of(dx);
		return true;
	case NR_MKNODAT:
		about_place(naming, OP_MKNOD, di, si, AT_SYMLINK_NOFOLLOW);
		naming->first = node_mode((u16)dx);
		naming->second = device_of(r10);
		return true;
	case NR_TRUNCATE:
		about_path(naming, OP_TRUNCATE, di, 0);
		return true;
	case NR_CHMOD:
		about_path(naming, OP_CHMOD, di, 0);
		naming->first = si & 07777;
		return true;
	case NR_FCHMOD:
		about_descriptor(naming, OP_CHMOD, di);
		naming->first = si & 07777;
		return true;
	case NR_FCHMODAT:
	case NR_FCHMODAT2:
		about_place(naming, OP_CHMOD, di, si, number_of(regs) == NR_FCHMODAT2 ? r10 : 0);
		naming->first = dx & 07777;
		return true;
	case NR_CHOWN:
	case NR_LCHOWN:
		about_path(naming, OP_CHOWN, di, number_of(regs) == NR_LCHOWN ? AT_SYMLINK_NOFOLLOW : 0);
		naming->first = (u32)si;
		naming->second = (u32)dx;
		return true;
	case NR_FCHOWN:
		about_descriptor(naming, OP_CHOWN, di);
		naming->first = (u32)si;
		naming->second = (u32)dx;
		return true;
	case NR_FCHOWNAT:
		about_place(naming, OP_CHOWN, di, si, r8);
		naming->first = (u32)dx;
		naming->second = (u32)r10;
		return true;
	case NR_UTIME:
	case NR_UTIMES:
		about_path(naming, OP_UTIMENS, di, 0);
		return true;
	case NR_FUTIMESAT:
	case NR_UTIMENSAT:
		if (si)
			about_place(naming, OP_UTIMENS, di, si, number_of(regs) == NR_UTIMENSAT ? r10 : 0);
		else
			about_descriptor(naming, OP_UTIMENS, di);
		return true;
	case NR_SETXATTR:
	case NR_LSETXATTR:
		about_path(naming, OP_SETXATTR, di, number_of(regs) == NR_LSETXATTR ? AT_SYMLINK_NOFOLLOW : 0);
		naming->text = si;
		return true;
	case NR_FSETXATTR:
		about_descriptor(naming, OP_SETXATTR, di);
		naming->text = si;
		return true;
	case NR_REMOVEXATTR:
	case NR_LREMOVEXATTR:
		about_path(naming, OP_REMOVEXATTR, di, number_of(regs) == NR_LREMOVEXATTR ? AT_SYMLINK_NOFOLLOW : 0);
		naming->text = si;
		return true;
	case NR_FREMOVEXATTR:
		about_descriptor(naming, OP_REMOVEXATTR, di);
		naming->text = si;
		return true;
	case NR_SETXATTRAT:
	case NR_REMOVEXATTRAT:
		about_place(naming, number_of(regs) == NR_SETXATTRAT ? OP_SETXATTR : OP_REMOVEXATTR, di, si, dx);
		naming->text = r10;
		return true;
	}
	return false;
}

static __always_inline bool is_empty(u64 string)
{
	u8 first = 1;

	return string == 0 || (bpf_probe_read_user(&first, sizeof(first), (void *)string) == 0 && first == 0);
}

/* Whether the call makes the name that it is about. */
static __always_inline bool makes(u32 operation)
{
	return operation == OP_SYMLINK || operation == OP_MKDIR || operation == OP_MKNOD;
}

/* Whether the object of the call can still be described when the call has ended: it exists, and has its old attributes. */
static __always_inline bool outlasts(u32 operation)
{
	return operation != OP_UNLINK && operation != OP_RMDIR && operation != OP_RENAME && operation != OP_CHMOD &&
	       operation != OP_CHOWN;
}

/* False if the object of the call is not in the dentry cache. */
static __always_inline bool describe_naming(struct scratch *scratch, struct way *way, struct naming *naming)
{
	bool is_made = makes(naming->operation);

	if (naming->by_descriptor || (naming->flags & AT_EMPTY_PATH && is_empty(naming->string)))
		find_descriptor(way, naming->directory);
	else
		find(way, naming->directory, naming->string, !(naming->flags & AT_SYMLINK_NOFOLLOW));
	if (way->meaning == MEANS_UNKNOWN || (way->meaning == MEANS_NAME && !is_made))
		return false;
	add_found(scratch, way, !is_made);
	scratch->record.act.arguments[0] = naming->first;
	scratch->record.act.arguments[1] = naming->second;
	if (naming->to_string) {
		if (find(way, naming->to_directory, naming->to_string, false) == MEANS_UNKNOWN)
			return false;
		if (naming->operation == OP_RENAME)
			scratch->record.act.arguments[1] = way->meaning == MEANS_OBJECT;
		add_found(scratch, way, false);
	}
	return naming->text == 0 || append_user_string(scratch, naming->text);
}

#endif
