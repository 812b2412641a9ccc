/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Control data of a message by which its packets go elsewhere first than their address says (net/ipv4/ip_sockglue.c, ip_cmsg_send;
 * net/ipv6/datagram.c, ip6_datagram_send_ctl). The kernel has copied it before it asks (net/socket.c, ____sys_sendmsg), also for a ring.
 */
#ifndef ISOLINE_CONTROL_DATA_H
#define ISOLINE_CONTROL_DATA_H

#include "judge.h"

/* Stands for such data, and for an option of a socket with the same effect, in the place of the number of a request. */
#define SOURCE_ROUTE 3
#define SOL_IP 0
#define SOL_IPV6 41
#define SOL_RAW 255
#define IP_RETOPTS 7
#define IPV6_2292RTHDR 5
#define IPV6_RTHDR 57

/* As many heads as fit into the longest control data of a kernel whose limit was not raised (net.core.optmem_max, 128 KiB). */
#define MOST_HEADS 8192

/* linux/socket.h */
struct control_head {
	u64 length;
	int level, type;
};

/* A `bpf_loop` callback may only be given a pointer into the stack. */
struct control {
	u64 at, rest;
	bool sets_route;
};

static __always_inline bool is_route(const struct control_head *head)
{
	if (head->level == SOL_IP)
		return head->type == IP_RETOPTS;
	return head->level == SOL_IPV6 && (head->type == IPV6_RTHDR || head->type == IPV6_2292RTHDR);
}

static long look_at_head(u32 index, struct control *control)
{
	struct control_head head;
	u64 step;

	if (control->rest < sizeof(head))
		return 1;
	if (bpf_probe_read_kernel(&head, sizeof(head), (void *)control->at) || is_route(&head)) {
		control->sets_route = true;
		return 1;
	}
	step = (head.length + 7) & ~7ULL;
	/* The kernel refuses all of it, or this was the last. */
	if (head.length < sizeof(head) || head.length > control->rest || step >= control->rest)
		return 1;
	control->at += step;
	control->rest -= step;
	return 0;
}

/* Whether the control data of a message sets a route. More than can be looked at is taken for one. */
static __always_inline bool sends_by_route(struct msghdr *message)
{
	struct control control = {
		.at = (u64)BPF_CORE_READ(message, msg_control),
		.rest = BPF_CORE_READ(message, msg_controllen),
	};

	if (!control.at || !control.rest)
		return false;
	return bpf_loop(MOST_HEADS, look_at_head, &control, 0) >= MOST_HEADS || control.sets_route;
}

#endif
