/** What the kernel does before, or after, it asks about an act: it looks names up, and takes flags of a file system. */
import { deepEqual, equal, match } from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, test } from "node:test";
import { cwd, endAll, EPERM } from "../asking.mjs";
import { withoutPrograms as skip } from "../bpf-programs.mjs";
import { enforce, forgetNames, learn } from "../doing-again.mjs";

describe("what the kernel does before it asks", { skip }, () => {
  afterEach(endAll);

  test("a file that is there already does not become the namespace's own by an open that would make it", async () => {
    await learn("made", { "make tmp.Hc4gW7pRt9": 0 });
    writeFileSync(join(cwd, "tmp.Xn6dB3zKq5"), "of a stranger");
    forgetNames();
    const { ask, told } = await enforce("made");
    equal(await ask("take tmp.Xn6dB3zKq5"), EPERM);
    equal(await ask("make tmp.Jm2yF8sLv7"), 0);
    const { departures } = await told();
    deepEqual(
      departures.map((/** @type {{ act: string }} */ { act }) => act.split(" ")[0]),
      ["open"],
    );
  });

  test("a file that is there already is opened, whether the kernel remembers its name or not", async () => {
    writeFileSync(join(cwd, "log"), "");
    await learn("log", { "append log": 0 });
    const { ask, told } = await enforce("log");
    for (let turn = 0; turn < 3; turn++) {
      forgetNames();
      equal(await ask("append log"), 0);
    }
    deepEqual((await told()).departures, []);
  });

  test("where no missing name is remembered, what is there is opened, and what is not there is made", async () => {
    const place = mkdtempSync("/run/machine/share/names-");
    mkdirSync(join(place, "below"));
    const log = join(place, "below", "log");
    await learn("far", { [`append ${log}`]: 0 });
    const { ask, told } = await enforce("far");
    for (let turn = 0; turn < 2; turn++) {
      forgetNames();
      equal(await ask(`append ${log}`), 0);
      rmSync(log);
      equal(await ask(`append ${log}`), 0);
    }
    deepEqual((await told()).departures, []);
    rmSync(place, { recursive: true });
  });

  test("a file system that is set up with other flags is another act", async () => {
    await learn("tmpfs", { "tmpfs ro": 0 });
    const { ask, told } = await enforce("tmpfs");
    equal(await ask("tmpfs ro"), 0);
    equal(await ask("tmpfs sync"), EPERM);
    equal(await ask("tmpfs ro"), 0);
    const { departures } = await told();
    equal(departures.length, 1);
    match(departures[0].act, /^mount .*options=create,sync/);
  });
});
