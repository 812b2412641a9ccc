/* SPDX-License-Identifier: GPL-2.0-only */
/* Requests that change what may be done with a file, or its content (linux/fs.h, fsverity.h, fscrypt.h, msdos_fs.h, btrfs.h). */
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
#define FS_IOC_ENABLE_VERITY 0x40806685
#define FS_IOC_SET_ENCRYPTION_POLICY 0x800c6613

#endif
