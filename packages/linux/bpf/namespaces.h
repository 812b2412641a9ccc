/* SPDX-License-Identifier: GPL-2.0-only */
/* What the maps have of a namespace: its verdicts, its counters, and what becomes of an act that is not known. */
#ifndef ISOLINE_NAMESPACES_H
#define ISOLINE_NAMESPACES_H

#include "maps.h"

/* The index of a namespace in the tables, rings and tallies. No two namespaces that exist have the same one. */
static __always_inline u32 place_of(u32 id)
{
	return id & (MOST_NAMESPACES - 1);
}

/*
 * `enum verdict`, if the entry is that of a key whose words give `words`; 0 if it is another one's by now. What is read of the entry
 * before is then this key's, too.
 */
static __always_inline u32 verdict_of(const struct decided *entry, u64 words)
{
	u64 verdict = *(const volatile u64 *)&entry->verdict ^ words;

	return verdict <= VERDICT_ORPHANED ? verdict : 0;
}

/* To be read before the verdict. */
static __always_inline u32 next_of(const struct decided *entry)
{
	return *(const volatile u32 *)&entry->next;
}

static __always_inline struct counters *tally_of(u32 id, u32 operation)
{
	u32 place = place_of(id);
	void *tally = bpf_map_lookup_elem(&tallies, &place);

	return tally ? bpf_map_lookup_elem(tally, &operation) : 0;
}

static __always_inline struct default_action *stance_of(u32 id)
{
	u32 place = place_of(id);
	struct default_action *default_action = bpf_map_lookup_elem(&default_actions, &place);

	return default_action && default_action->namespace_id == id ? default_action : 0;
}

/* If no default action is known, an act that is not known is refused. */
static __always_inline u32 default_action_of(u32 id)
{
	struct default_action *default_action = stance_of(id);

	if (!default_action)
		return MODE_REFUSE;
	return default_action->supervisor ? default_action->mode : default_action->alone;
}

/* The process id of the supervisor, or 0. */
static __always_inline u32 supervisor_of(u32 id)
{
	struct default_action *default_action = stance_of(id);

	return default_action ? default_action->supervisor : 0;
}

/* How many processors the supervisor may use. */
static __always_inline u32 processors_of(u32 id)
{
	struct default_action *default_action = stance_of(id);

	return default_action ? default_action->processors : 0;
}

/* An act could not be reported: the measurement is incomplete. */
__noinline int lose(u32 id, u32 operation)
{
	struct counters *counters = tally_of(id, operation);
	struct namespace_state *state = bpf_map_lookup_elem(&namespace_states, &id);

	if (counters)
		__sync_fetch_and_add(&counters->lost, 1);
	if (state)
		__sync_fetch_and_add(&state->lost, 1);
	return 0;
}

#endif
