/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The few structures of the kernel that the programs read, with the members that they use.
 *
 * Only names and types count here. libbpf looks up every offset in the types of the running kernel when it loads the object
 * (CO-RE). A member that moved or was renamed is found, or the load fails; it is never read from a wrong place. A name with
 * three underscores is the same structure in another version of the kernel.
 */
#ifndef ISOLINE_KERNEL_H
#define ISOLINE_KERNEL_H

#include <linux/bpf.h>
#include <stdbool.h>

typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __u64 u64;
typedef __s32 s32;
typedef __s64 s64;

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

typedef struct {
	u32 val;
} kuid_t;

typedef struct {
	u32 val;
} kgid_t;

typedef struct {
	/* Two 32-bit words before 6.3. */
	u64 val;
} kernel_cap_t;

struct cred {
	kuid_t uid, suid, euid, fsuid;
	kgid_t gid, sgid, egid, fsgid;
	kernel_cap_t cap_effective;
	struct group_info *group_info;
};

struct group_info {
	int ngroups;
	kgid_t gid[];
};

struct file_system_type;

struct super_block {
	u32 s_dev;
	unsigned long s_magic;
	struct file_system_type *s_type;
};

struct timespec64 {
	s64 tv_sec;
	long tv_nsec;
};

struct inode_operations {
	void *atomic_open;
};

struct inode {
	u16 i_mode;
	kuid_t i_uid;
	kgid_t i_gid;
	unsigned int i_flags;
	const struct inode_operations *i_op;
	unsigned long i_ino;
	u32 i_nlink;
	s64 i_size;
	struct super_block *i_sb;
	char *i_link;
	void *i_private;
	/* The time of change: first since 6.11, then from 6.6 to 6.10, then before. */
	s64 i_ctime_sec;
	u32 i_ctime_nsec;
	struct timespec64 __i_ctime, i_ctime;
};

/* fs/proc/internal.h: a file of /proc, and the process that it is about, if any. */
struct proc_inode {
	struct pid *pid;
	struct inode vfs_inode;
};

struct proc_ns_operations {
	const char *name;
};

/* The kernel namespace that a file of nsfs stands for. */
struct ns_common {
	const struct proc_ns_operations *ops;
	unsigned int inum;
};

struct mnt_namespace {
	struct ns_common ns;
};

struct net {
	struct ns_common ns;
};

struct nsproxy {
	struct mnt_namespace *mnt_ns;
	struct net *net_ns;
};

typedef struct {
	struct net *net;
} possible_net_t;

struct pid_namespace {
	struct ns_common ns;
};

struct qstr {
	u32 hash, len;
	const unsigned char *name;
};

struct hlist_bl_node {
	struct hlist_bl_node *next, **pprev;
};

struct hlist_node {
	struct hlist_node *next;
};

struct hlist_head {
	struct hlist_node *first;
};

struct list_head {
	struct list_head *next;
};

struct dentry {
	unsigned int d_flags;
	struct hlist_node d_sib;
	struct hlist_head d_children;
	struct hlist_bl_node d_hash;
	struct dentry *d_parent;
	struct qstr d_name;
	struct inode *d_inode;
	struct super_block *d_sb;
};

struct vfsmount {
	struct dentry *mnt_root;
	struct super_block *mnt_sb;
};

struct mount {
	struct mount *mnt_parent;
	struct dentry *mnt_mountpoint;
	struct vfsmount mnt;
	struct list_head mnt_mounts, mnt_child;
	void *mnt_ns;
};

struct path {
	struct vfsmount *mnt;
	struct dentry *dentry;
};

struct file {
	u32 f_mode;
	u32 f_flags;
	struct inode *f_inode;
	struct path f_path;
	void *private_data;
};

/* Since 6.8: the file of a layer that is mapped in place of a file of an overlay. It keeps the path of the overlay's file. */
struct backing_file {
	struct path user_path;
};

struct fs_struct {
	struct path root, pwd;
};

typedef struct {
	int counter;
} atomic_t;

struct upid {
	int nr;
	struct pid_namespace *ns;
};

struct pid {
	unsigned int level;
	struct hlist_head tasks[4];
	struct upid numbers[];
};

struct signal_struct {
	int nr_threads;
	atomic_t live;
	struct pid *pids[4];
	struct tty_struct *tty;
};

typedef struct {
	unsigned long sig[1];
} sigset_t;

struct sigaction {
	void *sa_handler;
};

struct k_sigaction {
	struct sigaction sa;
};

struct sighand_struct {
	struct k_sigaction action[64];
};

struct fdtable {
	unsigned int max_fds;
	struct file **fd;
};

struct files_struct {
	struct fdtable *fdt;
};

struct mm_struct {
	struct file *exe_file;
	unsigned long arg_start, arg_end;
};

struct vm_area_struct {
	unsigned long vm_flags;
	struct file *vm_file;
};

/* arch/x86: the TS_ flags of the call in progress are in `status`. */
struct thread_info {
	u32 status;
};

struct nameidata {
	unsigned int flags;
};

struct task_struct {
	int pid, tgid;
	struct pid *thread_pid;
	struct hlist_node pid_links[4];
	struct task_struct *real_parent;
	u32 flags;
	struct task_struct *group_leader;
	const struct cred *cred;
	struct fs_struct *fs;
	struct nsproxy *nsproxy;
	struct signal_struct *signal;
	struct sighand_struct *sighand;
	sigset_t blocked;
	struct files_struct *files;
	struct mm_struct *mm;
	struct thread_info thread_info;
	unsigned int personality;
	/* The path that is being walked to; NULL while none is. */
	struct nameidata *nameidata;
	/* The task storage of BPF programs; most tasks have none. */
	struct bpf_local_storage *bpf_storage;
};

struct iattr {
	unsigned int ia_valid;
};

struct sock_common {
	unsigned short skc_family;
	possible_net_t skc_net;
	u32 skc_rcv_saddr;
	u16 skc_num;
	struct {
		u8 bytes[16];
	} skc_v6_rcv_saddr;
};

struct sock {
	struct sock_common __sk_common;
	u16 sk_type;
};

struct socket {
	short type;
	struct sock *sk;
};

struct sockaddr_un {
	u16 sun_family;
};

struct unix_address {
	int len;
	struct sockaddr_un name[];
};

struct unix_sock {
	struct sock *peer;
	struct unix_address *addr;
	struct path path;
};

struct msghdr {
	void *msg_name;
	int msg_namelen;
	void *msg_control;
	unsigned long msg_controllen;
};

struct bpf_map {
	u32 id;
};

struct bpf_prog_aux {
	u32 id;
};

struct bpf_prog {
	struct bpf_prog_aux *aux;
};

struct perf_event_attr {
	u32 type;
};

struct hw_perf_event {
	struct task_struct *target;
};

struct perf_event {
	struct perf_event_attr attr;
	struct hw_perf_event hw;
};

struct filename {
	const char *name;
};

/* A setting of a file system that is being configured: its key, and, depending on the command, a string, a path or an open file. */
struct fs_parameter {
	const char *key;
	char *string;
	struct filename *name;
	struct file *file;
};

struct file_system_type {
	const char *name;
};

struct fs_context {
	struct file_system_type *fs_type;
	unsigned int sb_flags;
	unsigned int sb_flags_mask;
};

struct fanotify_group_private_data {
	u32 flags, f_flags;
};

struct fsnotify_group {
	struct fanotify_group_private_data fanotify_data;
};

struct linux_binprm {
	struct file *file;
	const char *filename, *interp;
	int argc;
};

struct pt_regs {
	unsigned long orig_ax, di, si, dx, r10, r8, r9, ip;
};

#pragma clang attribute pop

#endif
