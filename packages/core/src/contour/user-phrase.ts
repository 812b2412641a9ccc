/** The rights of a program, in words for a reader. */
import { capabilityPhrase } from "../event/capabilities.ts";
import type { Credentials } from "../event/event.ts";
import { LAUNCH_USER } from "../event/text.ts";

/** As which user an act is done, in words: the user, then what it may become, its groups and its capabilities, where they are not plain. */
export function userPhrase(credentials: Credentials): string {
  const { uid, euid, suid, fsuid, gid, egid, sgid, fsgid, capabilities } = credentials;
  const acting = uid === euid ? named(uid) : `${named(uid)} acting as ${named(euid)}`;
  const able = [...new Set([suid, fsuid])].filter((id) => id !== uid && id !== euid);
  const groups = [...new Set([gid, egid, sgid, fsgid])];
  const others = groups.filter((id) => id !== uid).map(groupNamed);
  return [
    acting,
    ...(able.length === 0 ? [] : [`able to act as ${able.map(named).join(" and ")}`]),
    ...(others.length === 0 ? [] : [`${groups.includes(uid) ? "also in" : "in"} ${others.join(" and ")}`]),
    ...(capabilities === 0n ? [] : [`with ${capabilityPhrase(capabilities)}`]),
  ].join(" ");
}

function groupNamed(id: number): string {
  if (id === LAUNCH_USER) return "the group of the user who started it";
  return id === 0 ? "group 0 (root)" : `group ${id}`;
}

function named(id: number): string {
  if (id === LAUNCH_USER) return "the user who started it";
  return id === 0 ? "user 0 (root)" : `user ${id}`;
}
