/** Class rules and amendment under the bpf sensor: what a rule covers and what is accepted is permitted, and nothing else. */
import { deepEqual, equal, match } from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { begin, cwd, endAll, EPERM, isoline, report } from "../asking.mjs";
import { withoutPrograms as skip } from "../bpf-programs.mjs";

const POLICY = `classes:
  - at: "$CWD/{photo-<n>}.jpg"
    of: [create]
    replaces: 1
    accepts: "a number: photo-<n>.jpg"
    because: the machine's own test says so
`;
const SOCKET = "/run/isoline/isoline-kept/web.sock";
/** The server heard nothing of what was asked, and closed the connection. */
const NOT_HEARD = 104;
/** The supervisor offers it when the workload has begun, which takes long under emulation. */
async function offered() {
  while (!existsSync(SOCKET)) await setTimeout(100);
}
const made = ["photo-1.jpg", "photo-4711.jpg", "photo-x.jpg", "photo-2.png", "fresh", "fresher"];

describe("a contour under the bpf sensor", { skip }, () => {
  before(async () => {
    writeFileSync(join(cwd, "policy.yaml"), POLICY);
    const learnt = begin("learn", "--sensor", "bpf", "-q", "--lens", "policy.yaml", "-o", "web.contour");
    await learnt.hear();
    equal(await learnt.ask("make photo-1.jpg"), 0);
    equal(await learnt.ask("list /etc"), 0);
    learnt.end();
    await learnt.over;
  });
  after(() => {
    endAll();
    for (const name of made) rmSync(join(cwd, name), { force: true });
  });

  test("a class rule covers names of its form, and no other is made when enforcing", async () => {
    rmSync(join(cwd, "photo-1.jpg"));
    const { hear, ask, end, over } = begin(
      ...["run", "web.contour", "--sensor", "bpf", "--enforce", "-q", "--report", "classes.json"],
    );
    await hear();
    deepEqual([await ask("make photo-4711.jpg"), await ask("make photo-1.jpg")], [0, 0]);
    const others = ["make photo-x.jpg", "make photo-2.png", "make fresh"];
    for (const act of others) deepEqual([act, await ask(act)], [act, EPERM]);
    end();
    await over;
    const { off, refused, incomplete } = report("classes.json");
    deepEqual([off, refused, incomplete], [others.length, others.length, []]);
  });

  test("a live service is amended from outside: what was refused happens, and nothing else", async (t) => {
    const { hear, ask, end, over } = begin(
      ...["run", "web.contour", "--sensor", "bpf", "--enforce", "-q", "--name", "web", "--report", "amended.json"],
    );
    await hear();
    await offered();
    equal(await ask("make fresh"), EPERM);
    await t.test("not from inside, where the sensor refuses the way to the socket", async () => {
      equal(await ask(`reach ${SOCKET}`), EPERM);
    });
    const { status, stderr } = isoline("accept", "web.contour", "web", "--only", "$CWD/fresh");
    match(stderr, /1 departure accepted.*\n[^]*web goes on under it from now on/);
    equal(status, 0);
    deepEqual([await ask("make fresh"), await ask("make fresher")], [0, EPERM]);
    end();
    await over;
    deepEqual(report("amended.json").incomplete, []);
  });

  test("from inside nothing is heard, also where the way to the socket goes ahead", async () => {
    const { hear, ask, end, over } = begin(
      ...["run", "web.contour", "--sensor", "bpf", "-q", "--name", "web", "--report", "inside.json"],
    );
    await hear();
    await offered();
    equal(await ask(`reach ${SOCKET}`), NOT_HEARD);
    equal(await ask(`left ${SOCKET}`), NOT_HEARD);
    // It is there, and hears who is outside.
    const outside = spawnSync("curl", ["-s", "--unix-socket", SOCKET, "http://localhost/questions"], {
      encoding: "utf8",
    });
    equal(outside.stdout.trim(), "[]");
    end();
    await over;
    match(
      JSON.stringify(report("inside.json").departures),
      /connect family=unix type=stream address=[^"]*isoline-kept/,
    );
  });
});
