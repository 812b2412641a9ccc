/**
 * Names that are derived from content, as object stores and caches use them: git, npm's and pip's caches, go-build, ccache,
 * OSTree. Such a name varies with the data it stands for (a git commit contains its time) although the behaviour is the same.
 * There may be thousands of them, so they are not numbered.
 *
 * Applied only to names that are created inside the namespace.
 */

/** The token in place of the digits. */
export const HASH = "$hash";

/** At least 128 bits, with what stores put around them: `pack-….idx`, `….tar.gz`, `…-d`. Prefix and suffix are words, not numbers. */
const NAME = /^((?:[a-z]{1,16}[-_.])?)([0-9a-f]{30,128})((?:[-.][a-z]{1,8}){0,2})$/;

/** Names of stores that spread their entries over directories of two digits (of one digit). */
const STORE = /^(?:objects|sha\d{1,3}|md5|blake\d[a-z]?|(?:index|content)-v\d+|go-build|http(?:-v\d+)?|ccache|cas)$/;
const FAN = /^[0-9a-f]{1,2}$/;
const MAX_FANS = 5;

/** The name with its digits replaced, or undefined if it is not derived from content. */
export function contentAddress(name: string): string | undefined {
  const parts = NAME.exec(name);
  if (!parts) return undefined;
  const [, prefix, bits, suffix] = parts as unknown as [string, string, string, string];
  return /\d/.test(bits) && /[a-f]/.test(bits) ? `${prefix}${HASH}${suffix}` : undefined;
}

/**
 * The number of directories at the end of `directories` (outermost first) that are a store's fan-out: one in `objects/3f`, two
 * in `content-v2/sha512/ab/cd`.
 */
export function fanDepth(directories: readonly string[]): number {
  let fans = 0;
  while (fans < MAX_FANS && FAN.test(directories.at(-1 - fans) ?? "")) fans += 1;
  return fans > 0 && STORE.test(directories.at(-1 - fans) ?? "") ? fans : 0;
}
