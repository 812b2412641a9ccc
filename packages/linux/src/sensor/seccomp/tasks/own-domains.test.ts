import { describe, expect, it } from "vitest";
import type { Origin } from "./lineage.ts";
import { OwnDomains } from "./own-domains.ts";
import type { Process } from "./process.ts";

const process = (of: Partial<Process> = {}): Process =>
  ({ restrictsItself: false, adopts: false, hasRestrictedForker: false, ...of }) as Process;
const childOf = (parent: Process | undefined, others: readonly Process[] = []): Origin =>
  ({ parent, others, guessed: false }) as unknown as Origin;
const lives = () => true;

describe("processes that may have Landlock rules of their own", () => {
  it("do not exist as long as no process restricts itself", () => {
    expect(new OwnDomains().inherits(childOf(undefined), undefined, lives)).toBe(false);
  });

  it("are those that asked, and their children", () => {
    const domains = new OwnDomains();
    const [restricted, other] = [process(), process()];
    domains.restricts(restricted);
    expect(restricted.restrictsItself).toBe(true);
    expect(domains.inherits(childOf(restricted), restricted, lives)).toBe(true);
    expect(domains.inherits(childOf(other), other, lives)).toBe(false);
  });

  const blurred: [string, Process, (parent: Process) => Origin, (process: Process) => boolean][] = [
    ["the parent that /proc names adopts orphans", process({ adopts: true }), childOf, lives],
    ["the parent that /proc names is gone", process(), childOf, () => false],
    ["the parent is a guess", process(), () => childOf(process()), lives],
    ["others may be the parent", process(), (parent) => childOf(parent, [process()]), lives],
    ["a child of the parent may have created it as a sibling", process({ hasRestrictedForker: true }), childOf, lives],
  ];
  it.each(blurred)("may be any new one when %s", (_, named, origin, isAlive) => {
    const domains = new OwnDomains();
    domains.restricts(process());
    expect(domains.inherits(origin(named), named, isAlive)).toBe(true);
  });

  it("may be any new one whose parent is not in the namespace", () => {
    const domains = new OwnDomains();
    domains.restricts(process());
    expect(domains.inherits(childOf(process()), undefined, lives)).toBe(true);
  });
});
