/* SPDX-License-Identifier: GPL-2.0-only */
/* Calls about sockets that have ended: the address that was given, and the socket at the other end. */
#ifndef ISOLINE_SOCKET_CALLS_H
#define ISOLINE_SOCKET_CALLS_H

#include "lookup.h"

#define NR_SOCKET 41
#define NR_ACCEPT 43
#define NR_SENDMSG 46
#define NR_BIND 49
#define NR_LISTEN 50
#define NR_SOCKETPAIR 53
#define NR_ACCEPT4 288
#define NR_SENDMMSG 307

#define EBADF 9
#define EFAULT 14
#define EINVAL 22
#define ENOTSOCK 88
/* sizeof(struct mmsghdr) */
#define MMSGHDR 64
#define MOST_MESSAGES 1024
#define SOCKFS_MAGIC 0x534f434b

/* The kernel has accepted the socket and the address as arguments; whether the call succeeded does not matter. */
static __always_inline bool was_tried(s64 result)
{
	return result != -EBADF && result != -EFAULT && result != -ENOTSOCK && result != -EINVAL;
}

static __always_inline struct socket *socket_of(u32 descriptor)
{
	u64 file = file_of(descriptor), inode;

	if (!file)
		return 0;
	inode = (u64)as_file(file)->f_inode;
	if (BPF_CORE_READ((struct inode *)inode, i_sb, s_magic) != SOCKFS_MAGIC)
		return 0;
	return bpf_rdonly_cast(as_file(file)->private_data, bpf_core_type_id_kernel(struct socket));
}

/* Reads an address from the memory of the task, into the buffer of a `way`: the stack is too small. Returns its length, or -1. */
static __always_inline int read_address(struct way *way, u64 from, u32 length)
{
	if (length > ADDRESS_BYTES)
		length = ADDRESS_BYTES;
	/* The verifier loses the bound that the compiler knows. */
	barrier_var(length);
	if (length > ADDRESS_BYTES)
		return -1;
	return length == 0 || bpf_probe_read_user(way->string, length, (void *)from) == 0 ? (int)length : -1;
}

/* An address that is the path of a socket file: resolved as the kernel resolves it for the caller. */
static __always_inline int reach_file(struct member *member, struct way *way, struct socket *socket, u64 address,
				      u32 operation)
{
	struct scratch *scratch;

	if (find(way, AT_FDCWD, address + 2, true) != MEANS_OBJECT)
		return unseen(member, operation);
	scratch = begin_event(member, operation);
	if (!scratch)
		return unseen(member, operation);
	scratch->record.act.arguments[0] = socket->type;
	scratch->record.act.arguments[1] = 1;
	add_found(scratch, way, false);
	return end_event(scratch);
}

static __always_inline int reach_by(struct member *member, struct way *way, struct socket *socket, u64 address,
				    u32 given, s64 result, u32 operation)
{
	int length = read_address(way, address, given);

	if (length < 0)
		return unseen(member, operation);
	if (!is_file(socket, way->string, length)) {
		if (operation == OP_CONNECT && dissolves(socket, way->string, length))
			return 0;
		return judge_address(member, socket, way->string, length, operation);
	}
	/* No socket is there, or none listens. */
	if (result < 0)
		return 0;
	if (operation == OP_BIND)
		return judge_peer(member, BPF_CORE_READ(socket, sk), OP_BIND);
	return reach_file(member, way, socket, address, operation);
}

static __always_inline int reach_address(struct member *member, u32 descriptor, u64 address, u32 length, s64 result,
					 u32 operation)
{
	struct socket *socket = socket_of(descriptor);
	struct way *way = socket ? take_way() : 0;

	if (!way)
		return unseen(member, operation);
	reach_by(member, way, socket, address, length, result, operation);
	leave_way(way);
	return 0;
}

struct sending {
	struct member *member;
	u64 messages;
	u32 descriptor, count;
};

/* `struct mmsghdr` begins with the address and its length, as `struct msghdr` does. */
static long send_one(u32 index, struct sending *sending)
{
	u64 head[2];

	if (index >= sending->count)
		return 1;
	if (bpf_probe_read_user(head, sizeof(head), (void *)(sending->messages + index * MMSGHDR))) {
		unseen(sending->member, OP_SEND);
		return 1;
	}
	if (head[0] && (int)head[1] > 0)
		reach_address(sending->member, sending->descriptor, head[0], (u32)head[1], 0, OP_SEND);
	return 0;
}

static __noinline int reached(struct member *member, struct pt_regs *regs, s64 result)
{
	u64 di = regs->di, si = regs->si, dx = regs->dx;
	struct sending sending = { .member = member, .messages = si, .descriptor = di, .count = 1 };
	struct socket *socket;

	switch (number_of(regs)) {
	case NR_SOCKET:
	case NR_SOCKETPAIR:
		return result < 0 ? 0 : socket_made((void *)0, (u32)di, (u32)si, (u32)dx, 0);
	case NR_BIND:
		return result < 0 ? 0 : reach_address(member, di, si, dx, result, OP_BIND);
	case NR_CONNECT:
		return was_tried(result) ? reach_address(member, di, si, dx, result, OP_CONNECT) : 0;
	case NR_SENDTO:
		if (!regs->r8 || !was_tried(result))
			return 0;
		return reach_address(member, di, regs->r8, regs->r9, result, OP_SEND);
	case NR_SENDMMSG:
		/* The number of messages that were sent. */
		sending.count = result;
		/* fallthrough */
	case NR_SENDMSG:
		if (result >= 0)
			bpf_loop(MOST_MESSAGES, send_one, &sending, 0);
		return 0;
	case NR_LISTEN:
	case NR_ACCEPT:
	case NR_ACCEPT4:
		if (!was_tried(result))
			return 0;
		socket = socket_of(di);
		if (!socket)
			return unseen(member, OP_ACCEPT);
		return judge_local(socket, number_of(regs) == NR_LISTEN ? OP_LISTEN : OP_ACCEPT);
	}
	return 0;
}

#endif
