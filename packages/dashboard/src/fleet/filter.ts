/**
 * The filter line of the page: terms with spaces between, all of which must hold.
 *
 *   web            the name has `web` in it
 *   state=stale    state · tenant · root · failure · node · image, or a label, has this value
 *   region=eu*     begins with `eu`
 *   !state=stale   the opposite
 */

/** What a filter looks at: a node, or a canister. */
export interface Filtered {
  readonly name: string;
  readonly fields: Readonly<Record<string, string | undefined>>;
  readonly labels: Readonly<Record<string, string>>;
}

interface Term {
  readonly negated: boolean;
  readonly key: string | undefined;
  readonly value: string;
  readonly prefix: boolean;
}

export type Filter = readonly Term[];

export function parseFilter(line: string): Filter {
  return line
    .split(/\s+/)
    .filter((word) => word !== "" && word !== "!")
    .map((word) => {
      const negated = word.startsWith("!");
      const term = negated ? word.slice(1) : word;
      const at = term.indexOf("=");
      if (at <= 0) return { negated, key: undefined, value: term.toLowerCase(), prefix: false };
      const value = term.slice(at + 1);
      const prefix = value.endsWith("*");
      return { negated, key: term.slice(0, at), value: prefix ? value.slice(0, -1) : value, prefix };
    });
}

export const passes = (filter: Filter, of: Filtered): boolean =>
  filter.every((term) => holds(term, of) !== term.negated);

function holds({ key, value, prefix }: Term, { name, fields, labels }: Filtered): boolean {
  if (key === undefined) return name.toLowerCase().includes(value);
  const has = Object.hasOwn(fields, key) ? fields[key] : Object.hasOwn(labels, key) ? labels[key] : undefined;
  return has !== undefined && (prefix ? has.startsWith(value) : has === value);
}

/** What the verifier can filter by itself: one state, one tenant, and labels by equality. */
export interface Query {
  readonly state?: string;
  readonly tenant?: string;
  /** Each as `key=value`. */
  readonly label?: readonly string[];
}

/** Whether the verifier lists it when it is asked so. */
export const isAskedFor = (
  { state, tenant, label = [] }: Query,
  of: { readonly state: string; readonly tenant: string; readonly labels: Readonly<Record<string, string>> },
): boolean =>
  (state ?? of.state) === of.state &&
  (tenant ?? of.tenant) === of.tenant &&
  label.every((one) => Object.entries(of.labels).some(([key, value]) => one === `${key}=${value}`));

export function atTheVerifier(filter: Filter): Query {
  const equal = filter.filter(({ negated, key, prefix }) => !negated && key !== undefined && !prefix);
  const one = (name: string) => equal.find(({ key }) => key === name)?.value;
  const state = one("state");
  const tenant = one("tenant");
  const local = new Set(["state", "tenant", "root", "failure", "node", "image", "name"]);
  const label = equal.filter(({ key = "" }) => !local.has(key)).map(({ key, value }) => `${key}=${value}`);
  return {
    ...(state === undefined ? {} : { state }),
    ...(tenant === undefined ? {} : { tenant }),
    ...(label.length === 0 ? {} : { label }),
  };
}

/** The same line with this term set, or taken out where it is there already. */
export function toggled(line: string, term: string): string {
  const words = line.split(/\s+/).filter((word) => word !== "");
  if (words.includes(term)) return words.filter((word) => word !== term).join(" ");
  const key = `${term.split("=")[0]}=`;
  return [...words.filter((word) => !word.startsWith(key)), term].join(" ");
}
