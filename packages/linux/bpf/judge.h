/* SPDX-License-Identifier: GPL-2.0-only */
/* From an act to its verdict: describe it, make its key, look the key up. An act that is not known is reported, held or refused. */
#ifndef ISOLINE_JUDGE_H
#define ISOLINE_JUDGE_H

#include "describe.h"
#include "other-abis.h"
#include "wait-in-place.h"

/*
 * An act that cannot be described, or that differs from the one that was judged. It is counted as lost, and refused unless
 * unknown acts go ahead (MODE_TELL).
 */
static __always_inline int unseen(struct member *member, u32 operation)
{
	lose(member->namespace_id, operation);
#ifdef ATTACH_TRACEPOINTS
	/* It has happened, and cannot be refused. */
	return 0;
#else
	return default_action_of(member->namespace_id) == MODE_TELL ? 0 : -EPERM;
#endif
}

/* Replaces the act in the scratch buffer: a call of another ABI was made, and nothing else is said. */
static __always_inline void make_foreign(struct act *act)
{
	u64 call = call_number();

	act->operation = OP_ABI;
	act->arguments[0] = is_compat() ? ARCH_I386 : ARCH_X32;
	act->arguments[1] = (u32)call;
	act->arguments[2] = 0;
	act->arguments[3] = 0;
	act->objects = 0;
	act->text_length = 0;
}

/*
 * The act is decided without being held again. Where the task was held for another act, the kernel has dropped the error of that one, and
 * the stop is still to come: the supervisor would not find the task to wake it.
 */
static __always_inline void end_hold(struct scratch *scratch)
{
	struct held_key key = { .namespace_id = scratch->record.namespace_id, .tid = scratch->record.tid };
	struct held *held = bpf_map_lookup_elem(&holding, &key);
	bool is_other = held && (held->key[0] != scratch->record.key[0] || held->key[1] != scratch->record.key[1]);

	release(scratch);
	if (is_other)
		bpf_send_signal(SIGCONT);
}

/* The verdict on the act in the scratch buffer: 0, -EPERM or -ERESTARTNOINTR. */
__noinline int judge_scratch(struct scratch *scratch, u32 patience)
{
	bool foreign = comes_by_other_abi();
	struct counters *counters;
	struct namespace_state *state;
	int verdict;
	u32 id, mode;

	if (!scratch)
		return -EPERM;
	id = scratch->record.namespace_id;
	if (foreign) {
		make_foreign(&scratch->record.act);
		scratch->record.key[0] = 0;
		scratch->record.key[1] = 0;
	}
	counters = tally_of(id, scratch->record.act.operation);
	/* Some acts bring their own key. */
	if (!(scratch->record.key[0] | scratch->record.key[1]))
		make_key(scratch);
	if (counters)
		__sync_fetch_and_add(&counters->seen, 1);
	if (foreign)
		return refuse(scratch, counters, FATE_REFUSED);
	state = bpf_map_lookup_elem(&namespace_states, &id);
	if (!state)
		return -EPERM;
	if (state->bars && (scratch->record.is_barred || is_barred(id, scratch->record.process))) {
		/*
		 * A verdict for this thread may be waiting: the act may be the reason why its process is barred, and the call
		 * is restarted only now. Of a call that is not restarted, it was for an earlier try.
		 */
		verdict = is_left_to_next_try(&scratch->record.act) ? 1 : take_ticket(scratch);
		if (verdict == 1)
			verdict = refuse(scratch, counters, FATE_REFUSED);
	} else {
		verdict = decided_before(scratch);
	}
	if (verdict != 1) {
		if (scratch->was_held)
			end_hold(scratch);
		return verdict;
	}
	mode = default_action_of(id);
	if (mode == MODE_TELL) {
		/* For a supervisor that has ended. */
		if (scratch->was_held)
			end_hold(scratch);
		scratch->record.pending = scratch->next;
		send(scratch);
		return 0;
	}
	if (scratch->is_granted) {
		if (scratch->was_held)
			end_hold(scratch);
		return 0;
	}
#ifdef ATTACH_TRACEPOINTS
	/*
	 * An act that has happened cannot be held, and the verifier limits the depth of calls. The barrier keeps the argument
	 * in use.
	 */
	barrier_var(patience);
#else
	if (mode == MODE_HOLD && supervisor_of(id) && patience != AT_ONCE) {
		/*
		 * What a ring does is not made again: where it is decided each time, it would be refused each time. What is done under a
		 * spinlock is known by the next time.
		 */
		if (can_hold())
			patience = patience == UNDER_SPINLOCK ? BY_RESTART : patience;
		else if (!is_under_spinlock(patience))
			patience = IN_PLACE_BRIEFLY;
		return patience == BY_RESTART ? hold(scratch) : wait_in_place(scratch, longest_wait(patience));
	}
#endif
	if (scratch->was_held)
		end_hold(scratch);
	return end_undecided(scratch, counters, FATE_REFUSED_UNDECIDED);
}

#define V9FS_MAGIC 0x01021997
#define CIFS_SUPER_MAGIC 0xFF534D42
#define SMB2_SUPER_MAGIC 0xFE534D42

/*
 * Whether a file system finds out anew whether a signal is pending, as 9p and SMB do (net/9p/client.c, p9_client_rpc;
 * fs/smb/client/transport.c, __smb_send_rqst): once a held task was woken there is none, and it would be given the kernel's internal error.
 */
static __always_inline bool forgets_signals(const struct super_block *system)
{
	switch (BPF_CORE_READ(system, s_magic)) {
	case V9FS_MAGIC:
	case CIFS_SUPER_MAGIC:
	case SMB2_SUPER_MAGIC:
		return true;
	}
	return false;
}

/* Takes a scratch buffer for an event of this member; 0 if none is free. */
static __always_inline struct scratch *begin_event(struct member *member, u32 operation)
{
	struct scratch *scratch = take_scratch();

	if (scratch)
		begin(scratch, member, KIND_EVENT, operation);
	return scratch;
}

/* A hook may return 0 or an error, and the verifier must be able to prove it. */
static __always_inline int judge(struct scratch *scratch, enum patience patience)
{
	int verdict = judge_scratch(scratch, patience);

	if (verdict == 0)
		return 0;
	return verdict == -ERESTARTNOINTR ? -ERESTARTNOINTR : -EPERM;
}

/* The verdict on a described event. Releases the scratch buffer. */
static __always_inline int end_event_by(struct scratch *scratch, enum patience patience)
{
	int verdict = judge(scratch, patience);

	leave_scratch(scratch);
	return verdict;
}

/* Refuses an act on the sensor itself, and reports it without waiting for a verdict. Always -EPERM. */
__noinline int refuse_kept(struct scratch *scratch)
{
	struct counters *counters;

	if (!scratch)
		return -EPERM;
	if (comes_by_other_abi())
		make_foreign(&scratch->record.act);
	scratch->record.act.is_kept = 1;
	make_key(scratch);
	counters = tally_of(scratch->record.namespace_id, scratch->record.act.operation);
	if (counters)
		__sync_fetch_and_add(&counters->seen, 1);
	refuse(scratch, counters, FATE_REFUSED);
	if (scratch->was_held)
		end_hold(scratch);
	return -EPERM;
}

/*
 * The same for an act that may be on the sensor itself (`is_kept`). By tracepoints it has happened, and is reported like any
 * other act.
 */
static __always_inline int end_kept(struct scratch *scratch, enum patience patience, bool is_kept)
{
#ifndef ATTACH_TRACEPOINTS
	if (is_kept) {
		refuse_kept(scratch);
		leave_scratch(scratch);
		return -EPERM;
	}
#endif
	return end_event_by(scratch, patience);
}

/*
 * The longest step of a call from one object to the next, in nanoseconds. It takes microseconds; a host may take the processor from a
 * virtual machine meanwhile.
 */
#define LONGEST_STEP 100000000ULL

/* Whether the member makes a call with other arguments than the one that it asked for before. */
static __always_inline bool has_other_arguments(struct member *member)
{
	struct pt_regs *regs = (struct pt_regs *)bpf_task_pt_regs(bpf_get_current_task_btf());
	u64 first = system_call() << 32 | (u32)BPF_CORE_READ(regs, di), second = BPF_CORE_READ(regs, si);
	bool is_other = first != member->called_with[0] || second != member->called_with[1];

	member->called_with[0] = first;
	member->called_with[1] = second;
	return is_other;
}

/* Whether the member makes another call than the one that it asked about objects for. */
static __always_inline bool is_other_call(struct scratch *scratch, struct member *member, u64 object)
{
	return has_other_arguments(member) || (object && object == member->first_object) ||
	       scratch->record.time > member->asked_at + LONGEST_STEP;
}

/*
 * The verdict where the kernel asks about one act repeatedly in a call, from the second time on perhaps under a spinlock. Registers do not
 * change during a call, so where they are others than before, it asks for the first time. Where they are not, nothing tells this call from
 * one before. So there is hardly a wait, and what this act was granted a moment ago counts.
 */
static __always_inline int end_repeated(struct scratch *scratch, struct member *member)
{
	enum patience patience = IN_PLACE;
	int verdict;

	make_key(scratch);
	if (!has_other_arguments(member)) {
		patience = IN_PLACE_UNDER_SPINLOCK;
		scratch->is_granted = scratch->record.key[0] == member->granted[0] && scratch->record.key[1] == member->granted[1] &&
				      scratch->record.time <= member->granted_at + LONGEST_STEP;
	}
	verdict = judge(scratch, patience);
	/* Nothing is granted twice by one verdict: the time goes on from there. */
	if (verdict == 0 && !scratch->is_granted) {
		member->granted[0] = scratch->record.key[0];
		member->granted[1] = scratch->record.key[1];
		member->granted_at = bpf_ktime_get_ns();
	}
	leave_scratch(scratch);
	return verdict;
}

/*
 * The same where the kernel asks about one object after another, and goes on to the next whatever the answer is: the processes of a group,
 * the keys of a search. Meanwhile it holds a lock, or nothing that RCU guards is freed. So one call waits no longer than one act may.
 *
 * A call with other arguments or one that comes later is another one, and so is one that reaches the first object again; 0 for objects
 * that a call reaches repeatedly.
 */
static __always_inline int end_each(struct scratch *scratch, struct member *member, u64 object, enum patience patience, bool is_kept)
{
	int verdict;

	if (is_kept)
		return end_kept(scratch, patience, is_kept);
	if (is_other_call(scratch, member, object)) {
		member->first_object = object;
		member->waited = 0;
	}
	scratch->waited = member->waited;
	verdict = judge(scratch, patience);
	member->waited = scratch->waited;
	member->asked_at = bpf_ktime_get_ns();
	leave_scratch(scratch);
	return verdict;
}

static __always_inline int unseen_kept(struct member *member, u32 operation, bool is_kept)
{
	int verdict = unseen(member, operation);

	return is_kept ? -EPERM : verdict;
}

static __always_inline int end_event(struct scratch *scratch)
{
	return end_event_by(scratch, BY_RESTART);
}

/* Four numbers that describe an act; record.ts knows what they mean for each operation. */
struct said {
	u64 first, second, third, fourth;
};

/* The verdict on an act that numbers describe completely; 0 if the task is in no namespace. */
static __always_inline int judge_numbers(u32 operation, struct said said, enum patience patience)
{
	struct member *member = current_member();
	struct scratch *scratch;

	if (!member)
		return 0;
	scratch = begin_event(member, operation);
	if (!scratch)
		return unseen(member, operation);
	scratch->record.act.arguments[0] = said.first;
	scratch->record.act.arguments[1] = said.second;
	scratch->record.act.arguments[2] = said.third;
	scratch->record.act.arguments[3] = said.fourth;
	return end_event_by(scratch, patience);
}

/* The same for an act on an object, with two further numbers. */
static __always_inline int judge_path(const struct path *path, u32 operation, u64 first, u64 second)
{
	struct member *member = current_member();
	struct scratch *scratch;

	if (!member)
		return 0;
	scratch = begin_event(member, operation);
	if (!scratch)
		return unseen(member, operation);
	scratch->record.act.arguments[0] = first;
	scratch->record.act.arguments[1] = second;
	add_object(scratch, path->dentry->d_inode, path->dentry, mount_of(path->mnt));
	return end_event(scratch);
}

#endif
