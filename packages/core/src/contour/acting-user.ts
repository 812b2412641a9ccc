/** As which user programs act, for a reader of their acts: with all ids and capabilities where the user alone would hide something. */
import type { Credentials } from "../event/event.ts";
import { formatId } from "../event/text.ts";
import { formatCredentials } from "./credentials.ts";

interface Acting {
  readonly chain: readonly string[];
  /** As `formatCredentials` writes them. */
  readonly credentials: string;
}

/**
 * The user of each of these, or all of its credentials: where its ids differ, where a user who is not root has capabilities, and where
 * one of the others is called alike and has other credentials.
 */
export function actingUsers(all: readonly Acting[]): (one: Acting) => string {
  const called = new Map<string, Set<string>>();
  for (const one of all) called.set(nameOf(one), (called.get(nameOf(one)) ?? new Set()).add(one.credentials));
  return (one) => ((called.get(nameOf(one))?.size ?? 0) > 1 ? one.credentials : userIn(one.credentials));
}

function nameOf({ chain, credentials }: Acting): string {
  return `${chain.join("\n")} ${userIn(credentials)}`;
}

function userIn(credentials: string): string {
  const [uid = "", ...others] = credentials.split(" ").map((word) => word.slice(word.indexOf("=") + 1));
  const isPlain = others.slice(0, 3).every((id) => id === uid) && (uid === "0" || others.at(-1) === "0x0");
  return isPlain ? uid : credentials;
}

/** Credentials in few words, and in different words for different ones: `user`, `0 with 0x1ffffffffff`, `33:44`. */
export function briefCredentials(credentials: Credentials): string {
  const { uid, euid, suid, fsuid, gid, egid, sgid, fsgid, capabilities } = credentials;
  if ([euid, suid, fsuid].some((id) => id !== uid) || [egid, sgid, fsgid].some((id) => id !== gid))
    return formatCredentials(credentials);
  const group = gid === uid ? "" : `:${formatId(gid)}`;
  return `${formatId(uid)}${group}${capabilities === 0n ? "" : ` with 0x${capabilities.toString(16)}`}`;
}
