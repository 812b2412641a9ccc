/**
 * Acts of a rule that is not in the policy any more: nothing that happens can be one of them. A rule is undone by deleting its
 * line, so a contour may hold such acts until what they replaced is put back.
 */
import { type Event, subjectRecord } from "../../event/event.ts";
import { isFoundState } from "./found-state.ts";
import { componentsOf } from "./levelled-path.ts";
import { NameClass } from "./name-class.ts";
import { classFields } from "./operations.ts";
import type { ClassRule } from "./rule.ts";

/** Tells which levelled events no event can become under these rules. */
export class StaleActs {
  readonly #names: ReadonlySet<string>;
  readonly #found: ReadonlySet<string>;

  constructor(rules: readonly ClassRule[]) {
    this.#names = new Set(rules.filter(({ found }) => found === undefined).map(({ at }) => at));
    this.#found = new Set(rules.filter(({ found }) => found !== undefined).map(({ at }) => at));
  }

  has(event: Event): boolean {
    const fields = classFields[event.op];
    if (fields === undefined) return false;
    const subject = subjectRecord(event);
    if (isFoundState(event) && !this.#found.has(directoryOf(String(subject[fields.at(-1) as string])))) return true;
    return fields.some((field) => this.#isUnruled(subject[field]));
  }

  #isUnruled(path: unknown): boolean {
    if (typeof path !== "string" || !path.includes("<")) return false;
    const components = componentsOf(path);
    if (components === undefined) return false;
    return components.some((component, at) => {
      const isClass = component.includes("<") && NameClass.parse(component) instanceof NameClass;
      return isClass && !this.#names.has(components.slice(0, at + 1).join("/"));
    });
  }
}

/** As `found` rules name a directory. */
function directoryOf(path: string): string {
  return (componentsOf(path) ?? [path]).slice(0, -1).join("/");
}
