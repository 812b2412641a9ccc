/** Departures when watching and when enforcing, under each reaction. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Policy } from "@isoline/core/identity";
import { Bench } from "./bench.ts";
import { compiler, NOBODY } from "./case.ts";
import { call, execution, inChild, left, nap, result, type Script } from "./script.ts";
import { isBuilt, PLAIN } from "./supervised.ts";
import { isRoot } from "../support/machine.ts";

const O_WRONLY = 1;
const O_TRUNC = 0o1000;
const EPERM = 1;
const SIGKILL = 9;

const ordinary: readonly Script[] = [call("open", "file", 0), call("socket", 2, 1, 0)];
const open = call("open", "file", 0);
const depart = call("mkdir", "new", 0o700);
const departElse = call("open", "other", O_WRONLY | O_TRUNC);

describe.skipIf(!compiler || !isBuilt)("modes (need gcc and a build)", () => {
  let bench: Bench;
  let departures: readonly Script[] = [];
  const learnt: string[][] = [];
  const contours = new Map<string, string>();
  const under = (reaction: Policy["reaction"]): string => contours.get(reaction) as string;

  beforeAll(async () => {
    bench = new Bench(isRoot ? NOBODY : undefined);
    const address = await bench.listen();
    departures = [
      departElse,
      call("unlink", "other"),
      depart,
      call("creat", "made", 0o600),
      call("rename", "other", "moved"),
      call("chmod", "file", 0o600),
      call("truncate", "other", 0),
      call("connect", result(1), address, 16),
      call("mmap", 0, 4096, 7, 0x22, -1, 0),
      call("prctl", 4, 1),
      ...execution("./probe", open),
    ];
    for (const reaction of ["log", "deny", "deny-all", "freeze", "kill"] as const) {
      const outcome = await bench.run([...ordinary, inChild(...ordinary)], { policy: { ...PLAIN, reaction } });
      learnt.push(bench.acts(outcome).map((act) => act.split(" ")[0] ?? ""));
      contours.set(reaction, outcome.learnt);
    }
  });
  beforeEach(() => {
    bench.lay();
    bench.connections = 0;
  });
  afterAll(() => bench?.close());

  it("what is learnt is the same under every reaction", () => {
    expect(learnt).toEqual(Array(5).fill(["exec", "open", "socket"]));
  });

  it("on contour, nothing is off and nothing refused, in every mode and under every reaction", async () => {
    for (const [, contour] of contours) {
      for (const mode of ["watch", "enforce"] as const) {
        const { stdout, report } = await bench.run(ordinary, { mode, contour });
        expect(stdout).toBe("2: ok\n41: ok\n");
        expect(report).toMatchObject({ off: 0, refused: 0, incomplete: [], departures: [] });
      }
    }
  });

  it("when watching, departures go ahead and are reported", async () => {
    const { stdout, report } = await bench.run([...ordinary, ...departures.slice(0, 3)], {
      mode: "watch",
      contour: under("log"),
    });
    expect(stdout).toBe("2: ok\n41: ok\n2: ok\n87: ok\n83: ok\n");
    expect(existsSync(bench.at("new"))).toBe(true);
    expect(report).toMatchObject({ off: 3, refused: 0 });
    expect(report.departures.map(({ act }) => act.split(" ")[0])).toEqual(["open", "unlink", "mkdir"]);
    expect(report.departures[2]?.why).toContain("probe");
  });

  it("when enforcing, departures are refused before they have an effect", async () => {
    const { stdout, report } = await bench.run([...ordinary, ...departures], {
      mode: "enforce",
      contour: under("log"),
    });
    const refused = departures.filter(([word]) => word === "call").map(([, number]) => `${number}: errno ${EPERM}\n`);
    expect(stdout).toBe(`2: ok\n41: ok\n${refused.join("")}`);
    expect(readFileSync(bench.at("other"), "utf8")).toBe("more\n");
    expect(["new", "made", "moved"].filter((name) => existsSync(bench.at(name)))).toEqual([]);
    expect(bench.connections).toBe(0);
    expect(report).toMatchObject({ off: refused.length, refused: refused.length });
  });

  it("when enforcing, an untrusted process may continue with what is on contour", async () => {
    const { stdout } = await bench.run([depart, ...ordinary], { mode: "enforce", contour: under("log") });
    expect(stdout).toBe(`83: errno ${EPERM}\n2: ok\n41: ok\n`);
  });

  it("deny refuses the departures of a process after its first", async () => {
    const { stdout } = await bench.run([depart, departElse, open], { mode: "watch", contour: under("deny") });
    expect(stdout).toBe(`83: ok\n2: errno ${EPERM}\n2: ok\n`);
    expect(readFileSync(bench.at("other"), "utf8")).toBe("more\n");
  });

  it("deny-all refuses every act of a process after its first departure", async () => {
    const { stdout } = await bench.run([depart, departElse, open], { mode: "watch", contour: under("deny-all") });
    expect(stdout).toBe(`83: ok\n2: errno ${EPERM}\n2: errno ${EPERM}\n`);
  });

  it("children are born as untrusted as their parent, earlier children are not, and no process becomes trusted again", async () => {
    const early = left(nap(300), open);
    const { stdout } = await bench.run([early, depart, inChild(open, inChild(open)), open], {
      mode: "watch",
      contour: under("deny-all"),
    });
    const lines = stdout
      .split("\n")
      .filter((line) => line.startsWith("2: "))
      .sort();
    expect(lines).toEqual([`2: errno ${EPERM}`, `2: errno ${EPERM}`, `2: errno ${EPERM}`, "2: ok"]);
  });

  it("an untrusted process stays so through exec", async () => {
    const { stdout } = await bench.run([depart, ...execution("./probe", open)], {
      mode: "watch",
      contour: under("deny-all"),
    });
    expect(stdout).toBe(`83: ok\n59: errno ${EPERM}\n`);
  });

  it("kill ends a process before its departure has an effect", async () => {
    const { stdout, exit } = await bench.run([open, depart, open], { mode: "watch", contour: under("kill") });
    expect(stdout).toBe("2: ok\n");
    expect(exit).toMatchObject({ state: "killed", signal: SIGKILL });
    expect(existsSync(bench.at("new"))).toBe(false);
  });

  it("freeze stops a process at its departure", async () => {
    let state: string | undefined;
    const { stdout } = await bench.run([call("write", 1, "ready\n", 6), depart, call("write", 1, "went on\n", 8)], {
      mode: "watch",
      contour: under("freeze"),
      // The supervisor continues, so that it sees the end of what it stopped.
      onOutput: async (text, supervisor) => {
        if (!text.includes("ready")) return;
        const pid = childOf(supervisor.pid as number);
        for (let tries = 0; tries < 200 && state !== "T"; tries++) {
          await new Promise((resolve) => setTimeout(resolve, 50));
          state = / (\S) /.exec(readFileSync(`/proc/${pid}/stat`, "latin1").replace(/^.*\)/, ")"))?.[1];
        }
        process.kill(pid, "SIGKILL");
      },
    });
    expect(state).toBe("T");
    expect(stdout).not.toContain("went on");
  });
});

/** The first child of a process, whichever of its threads is the parent by now. */
function childOf(pid: number): number {
  const lists = readdirSync(`/proc/${pid}/task`).map((tid) =>
    readFileSync(`/proc/${pid}/task/${tid}/children`, "utf8"),
  );
  return Number(lists.join("").trim().split(" ")[0]);
}
