/**
 * Names that are derived from content, as object stores and caches give them: git, npm's and pip's caches, go-build,
 * ccache, OSTree. Their bits follow from data, so what they hold may vary (a commit holds its time) while the behaviour is
 * the same; and there may be thousands, so they are not numbered.
 *
 * Asked only about names that come to be inside the namespace.
 */

/** Stands for the bits of the name. */
export const HASH = "$hash";

/** From 128 bits on; with what stores put around it: `pack-….idx`, `….tar.gz`, `…-d`. Prefix and suffix are words, not numbers. */
const NAME = /^((?:[a-z]{1,16}[-_.])?)([0-9a-f]{30,128})((?:[-.][a-z]{1,8}){0,2})$/;

/** Directories in which stores spread their entries over two-digit (one-digit) directories. */
const STORE = /^(?:objects|sha\d{1,3}|md5|blake\d[a-z]?|(?:index|content)-v\d+|go-build|http(?:-v\d+)?|ccache|cas)$/;
const FAN = /^[0-9a-f]{1,2}$/;
const MAX_FANS = 5;

/** The name with its bits replaced, or undefined if it is not derived from content. */
export function contentAddress(name: string): string | undefined {
  const parts = NAME.exec(name);
  if (!parts) return undefined;
  const [, prefix, bits, suffix] = parts as unknown as [string, string, string, string];
  return /\d/.test(bits) && /[a-f]/.test(bits) ? `${prefix}${HASH}${suffix}` : undefined;
}

/**
 * How many of the directories at the end of `directories` (outermost first) are a store's fan-out: `objects/3f` has one,
 * `content-v2/sha512/ab/cd` two.
 */
export function fanDepth(directories: readonly string[]): number {
  let fans = 0;
  while (fans < MAX_FANS && FAN.test(directories.at(-1 - fans) ?? "")) fans += 1;
  return fans > 0 && STORE.test(directories.at(-1 - fans) ?? "") ? fans : 0;
}
