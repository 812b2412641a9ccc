/**
 * Attempts to leave a namespace, and to act on its supervisor and its BPF programs: refused before an effect. When learnt, they
 * are allowed, except for acts on what the sensor protects.
 */
import { deepEqual, equal, ok } from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { after, afterEach, before, describe, test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { endAll, EPERM, report } from "../asking.mjs";
import { casesMissing } from "../cases.mjs";
import { beginEscapes, childNamed, lay, listen, mapOf, pins, threadOf, world } from "../escaping.mjs";
import { beginNamespace } from "../kernel-namespace.mjs";

/** @typedef {Awaited<ReturnType<typeof beginEscapes>>} Escapes */
/** @typedef {Record<string, number | string>} Answers */

const ENFORCE = ["--sensor", "bpf", "--enforce", "-q", "--report"];
/** Operations that act on a supervisor. */
const TO_SUPERVISOR = ["adjust", "getfd", "kill", "perf", "ptrace", "sigio", "vm"];
/** The ids after each call that sets one: real, effective and saved user, and the same of the group. */
const IDS = {
  setuid: "65534,65534,65534,0,0,0",
  setgid: "0,0,0,65534,65534,65534",
  setreuid: "65534,0,0,0,0,0",
  setregid: "0,0,0,65534,0,0",
  setresuid: "0,65534,0,0,0,0",
  setresgid: "0,0,0,0,65534,0",
};
const ROOT = Object.fromEntries(Object.keys(IDS).map((call) => [`${call}-is`, "0,0,0,0,0,0"]));
const CHANGED = Object.fromEntries(Object.entries(IDS).map(([call, ids]) => [`${call}-is`, ids]));
/** A ring, and one with a thread that polls it, are made. */
const RINGS = { io_uring_setup: 0, poller: 0 };

/**
 * How many acts were lost. On a busy machine a verdict on what a ring does may come too late; nothing else may be lost.
 *
 * @param {readonly { reason: string, count: number }[]} losses
 */
function onlyLate(losses) {
  const other = losses.filter(({ reason }) => reason !== "an act was refused because its verdict came too late");
  deepEqual(other, []);
  return losses.reduce((sum, { count }) => sum + count, 0);
}

/** The same result for each of these. @param {Answers} answers @param {number} answer */
const all = (answers, answer) => Object.fromEntries(Object.keys(answers).map((step) => [step, answer]));

describe("escapes", { skip: casesMissing() }, () => {
  /** @type {ReturnType<typeof beginNamespace>} */
  let kept;
  /** @type {Awaited<ReturnType<typeof listen>>} */
  let server;
  before(async () => {
    kept = beginNamespace();
    server = await listen();
    lay();
    const still = await beginEscapes("learn", "--sensor", "bpf", "-q", "-o", "still.contour");
    still.end();
    await still.over;
  });
  afterEach(endAll);
  after(() => {
    kept.leave();
    server.close();
  });

  /** The arguments of each group of attempts. @param {Escapes} run */
  function words({ child: { pid = 0 } }) {
    const keeper = childNamed(pid, /isoline-keeper/) ?? pid;
    return {
      rings: [server.port],
      supervisor: [threadOf(pid), keeper],
      sensor: [mapOf(kept), pins()],
    };
  }

  /** Acts on what the sensor protects: refused whatever the contour says. @param {Escapes} run */
  async function attack(run) {
    const { supervisor, sensor } = words(run);
    const seen = world();
    const answers = {
      ...(await run.try("supervisor", ...supervisor)),
      ...(await run.try("adjust")),
      ...(await run.try("owner")),
      ...(await run.try("sensor", ...sensor)),
    };
    deepEqual(answers, all(answers, EPERM));
    deepEqual(world(), seen);
    const listed = await run.try("list");
    deepEqual(listed, all(listed, 0));
  }

  test("off contour: refused before an effect, and reported", async () => {
    lay();
    const run = await beginEscapes("run", "still.contour", ...ENFORCE, "refused.json");
    const { rings, supervisor, sensor } = words(run);
    const seen = world();
    const answers = {
      ...(await run.try("world")),
      ...(await run.try("others")),
      ...(await run.try("supervisor", ...supervisor)),
      ...(await run.try("adjust")),
      ...(await run.try("owner")),
      ...(await run.try("sensor", ...sensor)),
      ...(await run.try("cover")),
      ...(await run.try("program")),
      ...(await run.try("rings", ...rings)),
      ...(await run.try("routes")),
      ...(await run.try("ids", 65534)),
    };
    // Creating a ring is on the contour, with a thread that polls it as well: one is created at the beginning.
    deepEqual(answers, { ...all(answers, EPERM), ...ROOT, ...RINGS });
    deepEqual(world(), seen);
    equal(await run.sibling(), "number 1");
    equal(server.count(), 0);
    run.end();
    await run.over;
    const { departures, incomplete, kept, off, refused } = report("refused.json");
    // A program in memory has no readable content, so it is refused without a look at the contour.
    const unread = incomplete.find((/** @type {{ reason: string }} */ { reason }) =>
      /content could not be read/.test(reason),
    );
    deepEqual(incomplete, unread ? [unread] : []);
    equal(refused, off + (unread?.count ?? 0));
    const acts = departures.map((/** @type {{ act: string }} */ { act }) => act);
    const toSupervisor = acts.filter((/** @type {string} */ act) => act.includes("relation=supervisor"));
    deepEqual(new Set(toSupervisor.map((/** @type {string} */ act) => act.split(" ")[0])), new Set(TO_SUPERVISOR));
    deepEqual(
      acts.filter((/** @type {string} */ act) => act.includes("relation=outside")),
      [],
    );
    const entries = ["coredump_filter", "environ", "fd", "mem", "mounts", "oom_score_adj"];
    const opened = acts.map((/** @type {string} */ act) => /^open .*path=\/proc\/\$supervisor\/(\w+)/.exec(act)?.[1]);
    deepEqual(opened.filter(Boolean).sort(), entries);
    ok(kept >= toSupervisor.length + entries.length, String(kept));
    const told = new Set(departures.map((/** @type {{ act: string }} */ { act }) => act.split(" ")[0]));
    if (unread) told.delete("exec");
    const operations = ["namespace", "chroot", "mount", "pivot", "umount", "ptrace", "open", "vm", "getfd", "kill"];
    const others = [
      "adjust",
      "sigio",
      "bpf",
      "mkdir",
      "rename",
      "unlink",
      "chmod",
      "chown",
      "connect",
      "setid",
      "capset",
      "perf",
      "admin",
    ];
    deepEqual(told, new Set([...operations, ...others, ...(unread ? [] : ["exec"])]));
  });

  describe("on contour", () => {
    test("learnt: done, except for acts on what the sensor protects", async () => {
      lay();
      const run = await beginEscapes("learn", "--sensor", "bpf", "-q", "-o", "all.contour", "--report", "all.json");
      for (const group of /** @type {const} */ (["world", "others", "routes", "program"])) {
        const answers = await run.try(group);
        deepEqual(answers, all(answers, 0));
      }
      equal(await run.sibling(), "number 2");
      const answers = await run.try("rings", ...words(run).rings);
      deepEqual([answers["before-open"], answers["before-connect"], answers["before-associate"]], [0, 0, 0]);
      deepEqual({ ...answers, ...RINGS }, answers);
      const ids = await run.try("ids", 65534);
      deepEqual(ids, { ...all(ids, 0), ...CHANGED });
      await attack(run);
      await hidePins(run);
      run.end();
      const status = await run.over;
      equal(status, onlyLate(report("all.json").incomplete) === 0 ? 0 : 4);
    });

    test("enforced: done, except for acts on what the sensor protects", async () => {
      lay();
      const run = await beginEscapes("run", "all.contour", ...ENFORCE, "let-go.json");
      for (const group of /** @type {const} */ (["world", "others", "routes"])) {
        const answers = await run.try(group);
        deepEqual(answers, all(answers, 0));
      }
      equal(await run.sibling(), "number 2");
      await attack(run);
      await hidePins(run);
      const answers = await run.try("ids", 65534);
      deepEqual(answers, { ...all(answers, 0), ...CHANGED });
      const others = await run.try("ids", 65533);
      deepEqual(others, { ...all(others, EPERM), ...ROOT });
      await useRings(run);
      run.end();
      await run.over;
      const { off, refused, kept, incomplete, departures } = report("let-go.json");
      const { length } = departures.filter((/** @type {{ act: string }} */ { act }) =>
        /^(setid|capset) .*(65533|0x1ffdf)/.test(act),
      );
      deepEqual([off, refused - kept - onlyLate(incomplete), length], [10, 10, 10]);
    });
  });

  /** With another mount above the pins, the supervisor still decides. @param {Escapes} run */
  async function hidePins(run) {
    deepEqual(await run.try("cover"), { "mount-above-pins": 0 });
    equal(await run.sibling(), "number 2");
    await setTimeout(500);
    equal(spawnSync("umount", ["/sys/fs"]).status, 0);
  }

  /** An act through a ring is not held: it waits in place for its verdict. @param {Escapes} run */
  async function useRings(run) {
    const { rings } = words(run);
    let answers = await run.try("rings", ...rings);
    for (let times = 0; times < 50 && Object.values(answers).includes(EPERM); times++) {
      await setTimeout(100);
      answers = await run.try("rings", ...rings);
    }
    equal(Object.values(answers).includes(EPERM), false, JSON.stringify(answers));
    deepEqual({ ...answers, ...RINGS }, answers);
    deepEqual(world().files, ["datagrams", "directory-by-ring", "moved-by-ring", "new", "told"]);
  }
});
