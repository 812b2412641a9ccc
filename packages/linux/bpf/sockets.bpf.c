// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sockets that are made, bound, listen, connect, accept, or send to an address. The addresses are those that the kernel has
 * already copied. A Unix socket with a path is reported as the file that the kernel found there.
 */
#include "control-data.h"
#include "hooks.h"

#define AF_UNSPEC 0
#define AF_UNIX 1
#define AF_INET 2
#define AF_INET6 10
#define ADDRESS_BYTES 128
#define NR_CONNECT 42
#define NR_SENDTO 44

/* By what the file of another Unix socket was named, in `addressed` of a member. */
#define BY_MESSAGE 1
#define BY_CONNECT 2

/* A socket stays in the network namespace that it was made in, even if the task enters another. */
static __always_inline void note_network(struct scratch *scratch, struct member *member, u32 network)
{
	if (member->network && network != member->network)
		scratch->record.act.outlook |= OUTLOOK_OTHER_NETWORK;
}

static __always_inline u32 network_of(struct sock *sock)
{
	return BPF_CORE_READ(sock, __sk_common.skc_net.net, ns.inum);
}

HOOK(socket_create)
int BPF_PROG(socket_made, int family, int type, int protocol, int kern)
{
	struct member *member = current_member();
	struct scratch *scratch;

	if (!member || kern)
		return 0;
	scratch = begin_event(member, OP_SOCKET);
	if (!scratch)
		return unseen(member, OP_SOCKET);
	scratch->record.act.arguments[0] = family;
	scratch->record.act.arguments[1] = type & 0xf;
	scratch->record.act.arguments[2] = (u32)protocol;
	note_network(scratch, member, BPF_CORE_READ(acting_task(), nsproxy, net_ns, ns.inum));
	return end_event(scratch);
}

/* The first argument of a call about a socket. */
static __always_inline u32 descriptor(void)
{
	struct pt_regs *regs = (struct pt_regs *)bpf_task_pt_regs(bpf_get_current_task_btf());

	return BPF_CORE_READ(regs, di);
}

/*
 * The verdict on an act with a `struct sockaddr` of `length` bytes: the type of the socket is an argument, the address is the
 * text.
 */
static __always_inline int judge_address(struct member *member, struct socket *socket, void *address, int length,
					 u32 operation)
{
	struct scratch *scratch = begin_event(member, operation);

	if (!scratch)
		return unseen(member, operation);
	scratch->record.act.arguments[0] = socket->type;
	scratch->record.act.arguments[2] = BPF_CORE_READ(socket, sk, __sk_common.skc_family);
	note_network(scratch, member, network_of(BPF_CORE_READ(socket, sk)));
	/* The descriptor that is bound, so that the supervisor can find out its port later. */
	if (operation == OP_BIND)
		scratch->record.act.arguments[3] = descriptor();
	if (length > ADDRESS_BYTES)
		length = ADDRESS_BYTES;
	if (length > 0)
		append_bytes(scratch, address, length & 0xff);
	return end_event(scratch);
}

/*
 * Whether an address is a path. Such a socket is reported where its file is made or found. Sockets of some families take an address
 * without a look at the family in it: only one of Unix goes to a file.
 */
static __always_inline bool is_file(struct socket *socket, void *address, int length)
{
	struct {
		u16 family;
		char first;
	} head = {};

	if (length < 3 || bpf_probe_read_kernel(&head, 3, address))
		return false;
	return head.family == AF_UNIX && head.first != 0 && BPF_CORE_READ(socket, sk, __sk_common.skc_family) == AF_UNIX;
}

static __always_inline u16 family_of(void *address, int length)
{
	u16 family = AF_UNSPEC;

	if (length >= 2)
		bpf_probe_read_kernel(&family, sizeof(family), address);
	return family;
}

/* Whether a connect dissolves an association, and reaches no socket. Other families may take such an address as their own. */
static __always_inline bool dissolves(struct socket *socket, void *address, int length)
{
	u16 own = BPF_CORE_READ(socket, sk, __sk_common.skc_family);

	return family_of(address, length) == AF_UNSPEC && (own == AF_INET || own == AF_INET6 || own == AF_UNIX);
}

HOOK(socket_bind)
int BPF_PROG(socket_bound, struct socket *socket, void *address, int length)
{
	struct member *member = current_member();

	if (!member)
		return 0;
	member->socket_type = 0;
	if (is_file(socket, address, length)) {
		member->socket_type = socket->type;
		return 0;
	}
	return judge_address(member, socket, address, length, OP_BIND);
}

HOOK(socket_connect)
int BPF_PROG(socket_connected, struct socket *socket, void *address, int length)
{
	struct member *member = current_member();

	if (!member)
		return 0;
	member->addressed = is_file(socket, address, length) ? BY_CONNECT : 0;
	if (member->addressed || dissolves(socket, address, length))
		return 0;
	return judge_address(member, socket, address, length, OP_CONNECT);
}

static __always_inline bool is_of_internet(struct socket *socket)
{
	u16 family = BPF_CORE_READ(socket, sk, __sk_common.skc_family);

	return family == AF_INET || family == AF_INET6;
}

HOOK(socket_sendmsg)
int BPF_PROG(message_sent, struct socket *socket, struct msghdr *message)
{
	struct member *member = current_member();
	void *name;
	int length, verdict;

	if (!member)
		return 0;
	name = BPF_CORE_READ(message, msg_name);
	length = BPF_CORE_READ(message, msg_namelen);
	member->addressed = name && length > 0 ? BY_MESSAGE : 0;
	if (is_of_internet(socket) && sends_by_route(message)) {
		verdict = judge_numbers(OP_REQUEST, (struct said){ .first = SOURCE_ROUTE }, BY_RESTART);
		if (verdict)
			return verdict == -ERESTARTNOINTR ? -ERESTARTNOINTR : -EPERM;
	}
	if (!member->addressed || is_file(socket, name, length))
		return 0;
	return judge_address(member, socket, name, length, OP_SEND);
}

/* The file that the other Unix socket is bound to. The kernel has locked that socket (net/unix/af_unix.c, unix_state_lock). */
static __always_inline int judge_peer(struct member *member, struct sock *other, u32 operation)
{
	struct unix_sock *peer = (struct unix_sock *)other;
	struct dentry *dentry = BPF_CORE_READ(peer, path.dentry);
	struct scratch *scratch;

	if (!dentry)
		return 0;
	scratch = begin_event(member, operation);
	if (!scratch)
		return unseen(member, operation);
	scratch->record.act.arguments[0] = BPF_CORE_READ(other, sk_type);
	scratch->record.act.arguments[1] = 1;
	add_object(scratch, 0, dentry, mount_of(BPF_CORE_READ(peer, path.mnt)));
	return end_event_by(scratch, UNDER_SPINLOCK);
}

HOOK(unix_stream_connect)
int BPF_PROG(unix_connected, struct sock *sock, struct sock *other)
{
	struct member *member = current_member();

	return member ? judge_peer(member, other, OP_CONNECT) : 0;
}

/*
 * Datagrams: the kernel calls this hook for each association and for each message. Which of both it is, the hook before this one noted:
 * a ring makes an association without `connect`.
 */
HOOK(unix_may_send)
int BPF_PROG(unix_sent, struct socket *socket, struct socket *other)
{
	struct member *member = current_member();

	if (!member)
		return 0;
	if (member->addressed == BY_CONNECT)
		return judge_peer(member, BPF_CORE_READ(other, sk), OP_CONNECT);
	return member->addressed ? judge_peer(member, BPF_CORE_READ(other, sk), OP_SEND) : 0;
}

/* The address that the socket itself has. */
static __always_inline int judge_local(struct socket *socket, u32 operation)
{
	struct member *member = current_member();
	struct sock *sock = BPF_CORE_READ(socket, sk);
	struct unix_sock *local = (struct unix_sock *)sock;
	struct unix_address *named;
	struct dentry *dentry;
	struct scratch *scratch;
	u16 family;

	if (!member)
		return 0;
	family = BPF_CORE_READ(sock, __sk_common.skc_family);
	scratch = begin_event(member, operation);
	if (!scratch)
		return unseen(member, operation);
	scratch->record.act.arguments[0] = socket->type;
	scratch->record.act.arguments[2] = family;
	note_network(scratch, member, network_of(sock));
	if (operation == OP_LISTEN)
		scratch->record.act.arguments[3] = descriptor();
	if (family == AF_UNIX) {
		dentry = BPF_CORE_READ(local, path.dentry);
		named = BPF_CORE_READ(local, addr);
		if (dentry) {
			scratch->record.act.arguments[1] = 1;
			add_object(scratch, 0, dentry, mount_of(BPF_CORE_READ(local, path.mnt)));
		} else if (named) {
			append_bytes(scratch, (void *)named + bpf_core_field_offset(struct unix_address, name),
				     BPF_CORE_READ(named, len) & 0x7f);
		} else {
			append_bytes(scratch, &family, sizeof(family));
		}
	} else if (family == AF_INET || family == AF_INET6) {
		/* Laid out as `struct sockaddr_in` and `struct sockaddr_in6`: family, port, (flow,) address. */
		struct {
			u16 family, port;
			u32 word;
			u8 long_address[16];
			u32 scope;
		} address = { .family = family };

		address.port = __builtin_bswap16(BPF_CORE_READ(sock, __sk_common.skc_num));
		if (family == AF_INET)
			address.word = BPF_CORE_READ(sock, __sk_common.skc_rcv_saddr);
		else
			BPF_CORE_READ_INTO(&address.long_address, sock, __sk_common.skc_v6_rcv_saddr);
		append_bytes(scratch, &address, family == AF_INET ? 16 : 28);
	} else {
		append_bytes(scratch, &family, sizeof(family));
	}
	return end_event(scratch);
}

HOOK(socket_listen)
int BPF_PROG(socket_listening, struct socket *socket)
{
	return judge_local(socket, OP_LISTEN);
}

HOOK(socket_accept)
int BPF_PROG(socket_accepting, struct socket *socket)
{
	return judge_local(socket, OP_ACCEPT);
}
