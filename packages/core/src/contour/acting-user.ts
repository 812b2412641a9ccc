/** As which user programs act, for a reader of their acts: with all ids and capabilities where the user alone would hide something. */

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
