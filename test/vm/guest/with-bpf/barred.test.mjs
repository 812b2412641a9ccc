/** The table of processes that may do nothing more, which all namespaces share: what has an entry there, and what if there is no room. */
import { deepEqual, equal, ok } from "node:assert/strict";
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterEach, before, describe, test } from "node:test";
import { begin, cwd, endAll, EPERM, learn, report, withReaction } from "../asking.mjs";
import { withoutPrograms as skip } from "../bpf-programs.mjs";

const { BpfMap } = await import("../../../../packages/linux/dist/libbpf/map.js");
const { loadDirectories } = await import("../../../../packages/linux/dist/sensor/bpf/pins.js");
const { barredKey, u32 } = await import("../../../../packages/linux/dist/sensor/bpf/structures.js");

const MOST_BARRED = 65_536;
const KEY_BYTES = 24;
/** The number of a namespace that there is not. */
const NOWHERE = 0xffff_fff0;

/** Does something with the table. @template T @param {(barred: import("../../../../packages/linux/dist/libbpf/map.js").BpfMap) => T} use */
function withTable(use) {
  const [directory] = loadDirectories();
  const barred = BpfMap.pinned("barred", `${directory}/barred`);
  try {
    return use(barred);
  } finally {
    barred.close();
  }
}

const entries = () => withTable((barred) => barred.keys(KEY_BYTES, MOST_BARRED).length);

describe("processes that may do nothing more", { skip }, () => {
  before(() => learn("beside it", "peek it"));
  afterEach(() => {
    endAll();
    for (const name of ["made", "other"]) rmSync(join(cwd, name), { force: true });
  });

  /** @param {string} file */
  async function watch(file) {
    const run = begin("check", withReaction("deny-all"), "--sensor", "bpf", "-q", "--report", file);
    await run.hear();
    return run;
  }

  test("have an entry as long as they live", async () => {
    const { ask, end, over } = await watch("lived.json");
    deepEqual([await ask("child /var"), await ask("child /var"), entries()], [0, 0, 0]);
    deepEqual([await ask("list /etc"), await ask("make other"), entries()], [0, 0, 1]);
    end();
    equal(await over, 3);
    equal(entries(), 0);
  });

  test("give what they fork no entry, and no way to act", async () => {
    const { ask, end, over } = await watch("forked.json");
    deepEqual([await ask("make other"), await ask("forks 300"), entries()], [0, 0, 1]);
    deepEqual([await ask("child /etc"), entries()], [EPERM, 1]);
    end();
    equal(await over, 3);
  });

  test("have no verdict left of a call that was refused because its verdict came too late", async () => {
    const { ask, end } = await watch("late.json");
    equal(await ask("beside it"), 0);
    let isLeft = false;
    for (let turn = 0; turn < 40 && !isLeft; turn++) isLeft = (await ask("peek it")) === EPERM;
    deepEqual([await ask("make other"), await ask("peek it"), await ask("peek it")], [0, EPERM, EPERM]);
    end();
  });

  test("are ended where the table is full, before their departure has an effect, and the run is incomplete", async (t) => {
    const { ask, say, end, over } = await watch("full.json");
    const keys = Array.from({ length: MOST_BARRED }, (_, process) => barredKey(NOWHERE, process + 1));
    t.after(() => withTable((barred) => keys.filter((key) => !barred.delete(key))));
    // Memory for an entry may be wanting for a moment.
    const unset = withTable((barred) =>
      [1, 2].reduce((left) => left.filter((key) => !barred.update(key, u32(1))), keys),
    );
    deepEqual(unset, []);
    equal(await ask("list /etc"), 0);
    say("make other");
    equal(await over, 3);
    end();
    const { exit, incomplete } = report("full.json");
    deepEqual([exit, existsSync(join(cwd, "other"))], [{ signal: "SIGKILL" }, false]);
    ok(incomplete.some((/** @type {{ reason: string }} */ { reason }) => /could not be noted as barred/.test(reason)));
  });
});
