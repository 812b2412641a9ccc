/** As which user programs act, for a reader of their acts: with all ids and capabilities where the user alone would hide something. */
import type { Credentials } from "../event/event.ts";
import { formatId } from "../event/text.ts";
import { formatCredentials, parseCredentials } from "./credentials.ts";

interface Acting {
  readonly chain: readonly string[];
  /** As `formatCredentials` writes them. */
  readonly credentials: string;
}

/**
 * The user of each of these, with a group that is not the user's own: `33:44`. All of its credentials where its user ids or its group ids
 * differ, and where a user who is not root has capabilities; also where one of the others is called alike and has other credentials.
 */
export function actingUsers(all: readonly Acting[]): (one: Acting) => string {
  const called = new Map<string, Set<string>>();
  for (const one of all) called.set(nameOf(one), (called.get(nameOf(one)) ?? new Set()).add(one.credentials));
  return (one) => ((called.get(nameOf(one))?.size ?? 0) > 1 ? one.credentials : userIn(one.credentials));
}

function nameOf({ chain, credentials }: Acting): string {
  return `${chain.join("\n")} ${userIn(credentials)}`;
}

/** The user and, where it is not the user's own, the group; all of the credentials where these two would hide rights. */
function userIn(text: string): string {
  const credentials = parseCredentials(text);
  if (credentials === undefined) return text;
  const { uid, capabilities } = credentials;
  const isPlain = areEqual(credentials) && (uid === 0 || capabilities === 0n);
  return isPlain ? briefCredentials({ ...credentials, capabilities: 0n }) : text;
}

/** Whether a program has the rights of one user and of one group. */
function areEqual({ uid, euid, suid, fsuid, gid, egid, sgid, fsgid }: Credentials): boolean {
  return [euid, suid, fsuid].every((id) => id === uid) && [egid, sgid, fsgid].every((id) => id === gid);
}

/** Credentials in few words, and in different words for different ones: `user`, `0 with 0x1ffffffffff`, `33:44`. */
export function briefCredentials(credentials: Credentials): string {
  const { uid, gid, capabilities } = credentials;
  if (!areEqual(credentials)) return formatCredentials(credentials);
  const group = gid === uid ? "" : `:${formatId(gid)}`;
  return `${formatId(uid)}${group}${capabilities === 0n ? "" : ` with 0x${capabilities.toString(16)}`}`;
}
