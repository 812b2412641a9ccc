/** Reads a list of the API, page by page, up to a bound that is said. */
import { read } from "../wire/request.ts";

/** Beyond it, the verifier filters: see `capped`. */
export const MOST_ITEMS = 20_000;
const PAGE = "1000";

export interface Page<T> {
  readonly items: readonly T[];
  readonly next?: string | undefined;
}

export interface Loaded<T, P extends Page<T>> {
  readonly items: readonly T[];
  /** Whether there are more than the page keeps. */
  readonly capped: boolean;
  /** The first page, for what it counts of all. */
  readonly first: P;
}

/** @param partly is given what has arrived so far, so that a large fleet appears at once. */
export async function loadAll<T, P extends Page<T>>(
  path: string,
  query: Readonly<Record<string, string | readonly string[] | undefined>>,
  ending: AbortSignal,
  partly: (loaded: Loaded<T, P>) => void = () => undefined,
): Promise<Loaded<T, P>> {
  const first = await read<P>(path, { ...query, limit: PAGE }, ending);
  const items = [...first.items];
  let cursor = first.next;
  while (cursor !== undefined && items.length < MOST_ITEMS) {
    partly({ items: [...items], capped: false, first });
    const page = await read<P>(path, { ...query, limit: PAGE, cursor }, ending);
    items.push(...page.items);
    cursor = page.next;
  }
  return { items, capped: cursor !== undefined, first };
}
