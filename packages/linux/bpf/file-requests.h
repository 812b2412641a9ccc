/* SPDX-License-Identifier: GPL-2.0-only */
/* Requests that change what may be done with a file, or its content (linux/fs.h, fsverity.h, fscrypt.h, msdos_fs.h, btrfs.h, f2fs.h). */
#ifndef ISOLINE_FILE_REQUESTS_H
#define ISOLINE_FILE_REQUESTS_H

#define FS_IOC_SETFLAGS 0x40086602
#define FS_IOC_FSSETXATTR 0x401c5820
#define FAT_IOCTL_SET_ATTRIBUTES 0x40047211
#define BTRFS_IOC_SUBVOL_SETFLAGS 0x4008941a
#define FS_IOC_SETVERSION 0x40087602
#define EXT4_IOC_SETVERSION 0x40086604
/* linux/falloc.h */
#define FS_IOC_UNRESVSP 0x40305829
#define FS_IOC_UNRESVSP64 0x4030582b
#define FS_IOC_ZERO_RANGE 0x40305839
/* fs/xfs/libxfs/xfs_fs.h, up to Linux 5.16 */
#define XFS_IOC_ALLOCSP 0x4030580a
#define XFS_IOC_FREESP 0x4030580b
#define XFS_IOC_ALLOCSP64 0x40305824
#define XFS_IOC_FREESP64 0x40305825
#define F2FS_IOC_SEC_TRIM_FILE 0x4018f514
#define F2FS_IOC_RELEASE_VOLATILE_WRITE 0xf504
#define F2FS_IOC_ABORT_ATOMIC_WRITE 0xf505
#define F2FS_IOC_START_ATOMIC_REPLACE 0xf519
/* fs/smb/client/cifs_ioctl.h */
#define CIFS_IOC_COPYCHUNK_FILE 0x4004cf03
#define FS_IOC_ENABLE_VERITY 0x40806685
#define FS_IOC_SET_ENCRYPTION_POLICY 0x800c6613

/* Requests about a file system as a whole, the same as in words/requests.ts. */
static __always_inline bool changes_file_system(u32 request)
{
	switch (request) {
	case 0xc0045877:
	case 0xc0045878:
	case 0x8004587d:
	case 0x41009432:
	case 0xc0506617:
	case 0xc0406618:
	case 0xc0406619:
	case 0xc038586b:
	case 0x50009401:
	case 0x5000940e:
	case 0x5000940f:
	case 0x50009417:
	case 0x50009418:
	case 0x5000943f:
	case 0x4020bc10 ... 0x4020bc11:
	case 0x4030bc1d ... 0x4030bc1e:
	case 0x40186f04:
	case 0xc028660f:
	case 0xc020f509:
	case 0x6611:
		return true;
	}
	return false;
}

#endif
