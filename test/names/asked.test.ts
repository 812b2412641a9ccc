/** A person is asked about hosts by their names: about the lookup first, and then about the connection. */
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ended, isolineProgram } from "../support/isoline.ts";
import { Lab, PORT, possible } from "./lab.ts";

interface Question {
  readonly key: string;
  readonly says: string;
  readonly act: string;
}

describe.skipIf(!possible)("questions about hosts (needs root, a build, dnsmasq, iproute2)", () => {
  let lab: Lab;
  let program: readonly string[] | undefined;
  beforeAll(async () => {
    lab = new Lab();
    lab.serve({ "service.test": "198.51.100.7", "other.test": "198.51.100.8" });
    program = lab.client("Python");
    await lab.learn([...(program ?? []), "service.test", PORT]);
  });
  afterAll(() => lab?.clear());

  /** Calls isoline as the user of the run, and from outside of its network. */
  const call = (...args: readonly string[]) => {
    const { directory, uid } = lab.bench;
    return ended(isolineProgram, args, { cwd: directory, uid });
  };

  /** Answers each question of a run as it comes; returns the acts that were asked about. */
  async function answering(name: string, answer: string, isOver: () => boolean): Promise<readonly string[]> {
    const acts: string[] = [];
    for (; !isOver(); await pause(100)) {
      const { status, stdout } = await call("approve", name, "--list", "--json");
      const open = status === 0 ? (JSON.parse(stdout) as readonly Question[]) : [];
      for (const { key, act } of open) if ((await call("approve", name, key, answer)).status === 0) acts.push(act);
    }
    return acts;
  }

  it.each([
    ["once", "connected\n", 2],
    ["refuse", "not found\n", 1],
  ] as const)("%s: the host is called by its name", async (answer, output, questions) => {
    const name = `hosts-${answer}`;
    let isOver = false;
    const run = lab
      .run(`run -q --ask --answer-within 60 contour --name ${name}`, [...(program ?? []), "other.test", PORT])
      .finally(() => {
        isOver = true;
      });
    const acts = await answering(name, answer, () => isOver);
    expect((await run).stdout).toBe(output);
    expect(acts).toEqual(
      [
        expect.stringMatching(/^resolve name=other\.test records=address/),
        expect.stringMatching(`^connect .*address=other\\.test:${PORT}`),
      ].slice(0, questions),
    );
  });
});
