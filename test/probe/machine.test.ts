/**
 * The probes on this machine: their results are complete, they leave nothing behind, and they agree with what the kernel does
 * elsewhere.
 */
import { execFileSync } from "node:child_process";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { landlockVersion } from "../../packages/linux/src/abi/landlock.ts";
import type { Probe } from "../../packages/linux/src/probe/probe.ts";
import { type Compiled, compileLinux } from "../compiled/linux.ts";
import { isRoot } from "../support/machine.ts";

const NOBODY = 65534;
const driver = fileURLToPath(new URL("./probing.mjs", import.meta.url));

interface Probing {
  readonly probes: readonly Probe[];
  readonly isRemembered: boolean;
  readonly before: unknown;
  readonly after: unknown;
}

describe("this machine", () => {
  let compiled: Compiled;
  beforeAll(() => {
    compiled = compileLinux();
  });
  afterAll(() => compiled.remove());

  const probing = (words: readonly string[] = [], uid?: number): Probing => {
    const directory = dirname(dirname(compiled.module("probe/probe-all.js")));
    const identity = uid === undefined ? {} : { uid, gid: uid };
    return JSON.parse(execFileSync(process.execPath, [driver, directory, ...words], { encoding: "utf8", ...identity }));
  };
  const named = ({ probes }: Probing, name: string) => probes.find((probe) => probe.name.startsWith(name)) as Probe;

  it("every probe reports its result and its needs, under a name of its own", () => {
    const { probes, isRemembered } = probing();
    expect(isRemembered).toBe(true);
    expect(new Set(probes.map(({ name }) => name)).size).toBe(probes.length);
    expect(probes.filter(({ detail, needs }) => detail === "" || needs === "")).toEqual([]);
    expect(new Set(probes.map(({ part }) => part))).toEqual(
      new Set(["machine", "seccomp", "landlock", "bpf", "mitigations"]),
    );
  });

  it("nothing is left behind: no filter, no no_new_privs, no child", () => {
    const { before, after } = probing();
    expect(after).toEqual(before);
  });

  it("Landlock is found where the kernel has it", () => {
    expect(named(probing(), "Landlock").works).toBe(landlockVersion() > 0);
  });

  it("a listener was really installed", () => {
    const found = named(probing(), "user notification");
    expect(found.detail).not.toContain("could not be tried");
  });

  it("under another listener: reported, with a remedy", ({ skip }) => {
    skip(!named(probing(), "user notification").works, "this machine has no user notification to be under");
    expect(named(probing(["under"]), "user notification")).toMatchObject({
      works: false,
      detail: expect.stringContaining("under a listener already"),
    });
  });

  it.skipIf(!isRoot)("an ordinary user gets the same results, except for root's (needs root to become one)", () => {
    const failing = (found: Probing) => found.probes.filter(({ works }) => !works).map(({ name }) => name);
    const [root, user] = [failing(probing()), failing(probing([], NOBODY))];
    const less = user.filter((name) => !root.includes(name));
    // Where root may attach BPF programs, only root may.
    expect(less.filter((name) => name !== "attachment")).toEqual(["set-user-ID programs"]);
  });
});
