/**
 * Applies the rule `names`: in a place of a toolchain, a digest in a name is `$hash` and a counted number `@n`, also where an
 * earlier run left the file.
 *
 *   digest   target/debug/deps/shop-6f83984a8ace2e05 → shop-$hash
 *   directory   /tmp/pytest-of-ann → {pytest-of-@any}
 *   number   go-build1234/b002/shop.test → {b@n}/shop.test
 *
 * Without the rule such a name is levelled in the run that makes the file, and stands in full in every later one.
 */
import { contentAddress, HASH } from "../content-address.ts";
import type { Labelled } from "../creations.ts";
import { Glob } from "../glob.ts";
import type { NameRule, ToolRule } from "./rule.ts";

/** What cargo and rustc put behind the name of a crate. */
const SUFFIXED = /^(.+-)[0-9a-f]{16}((?:\.[a-z][a-z0-9]{0,7}){0,2})$/;

/** What go puts behind the letter b, for each package that it builds. */
const NUMBERED = /^([a-z]{1,16})\d{1,9}$/;

export class LevelledNames {
  readonly #places: readonly { readonly glob: Glob; readonly form: NameRule["form"] }[];

  constructor(rules: readonly ToolRule[]) {
    this.#places = rules
      .filter((rule): rule is NameRule => rule.kind === "names")
      .map((rule) => ({ glob: Glob.of(rule.in), form: rule.form }));
  }

  get isEmpty(): boolean {
    return this.#places.length === 0;
  }

  /** The labels of names below a place. `text` is the path with a token for its directory; `shift` leads back to the path itself. */
  labelsIn(text: string, shift: number): Labelled[] {
    for (const { glob, form } of this.#places) {
      const below = glob.match(text);
      if (below > 0 && form === "directory") return [directoryLabel(glob.text, text, below, shift)];
      if (below > 0) return labelsBelow(text, below, shift, form === "digest" ? withoutDigest : withoutNumber);
    }
    return [];
  }
}

function directoryLabel(pattern: string, text: string, end: number, shift: number): Labelled {
  const start = text.lastIndexOf("/", end - 1) + 1;
  const name = pattern.slice(pattern.lastIndexOf("/") + 1).replaceAll("*", "@any");
  return { start: start + shift, end: end + shift, label: { text: `{${name}}`, fans: 0, rule: "names" } };
}

function labelsBelow(
  text: string,
  below: number,
  shift: number,
  labelOf: (name: string) => string | undefined,
): Labelled[] {
  const labels: Labelled[] = [];
  for (let start = below + 1; start < text.length; ) {
    const slash = text.indexOf("/", start);
    const end = slash < 0 ? text.length : slash;
    const label = labelOf(text.slice(start, end));
    if (label !== undefined)
      labels.push({ start: start + shift, end: end + shift, label: { text: label, fans: 0, rule: "names" } });
    start = end + 1;
  }
  return labels;
}

function withoutDigest(name: string): string | undefined {
  const parts = SUFFIXED.exec(name);
  return parts ? `${parts[1]}${HASH}${parts[2]}` : contentAddress(name);
}

function withoutNumber(name: string): string | undefined {
  const parts = NUMBERED.exec(name);
  return parts ? `{${parts[1]}@n}` : undefined;
}
