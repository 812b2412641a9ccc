/** An act that is done again and again is decided each time where the same words may mean something else by then. */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { once } from "node:events";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { afterEach, describe, test } from "node:test";
import { begin, cwd, endAll, EPERM, learn as learnAsking } from "../asking.mjs";
import { withoutPrograms as skip } from "../bpf-programs.mjs";
import { enforce, learn } from "../doing-again.mjs";

describe("acts that are repeated", { skip }, () => {
  afterEach(endAll);

  test("a port that was the namespace's own is that of a process outside once one has it", async () => {
    writeFileSync(join(cwd, "port"), "");
    await learn("port", { "serve port": 0, "reach own": 0 });
    const { ask, told } = await enforce("port");
    equal(await ask("serve port"), 0);
    for (let turn = 0; turn < 3; turn++) equal(await ask("reach own"), 0);
    equal(await ask("leave it"), 0);
    const port = Number(readFileSync(join(cwd, "port"), "utf8"));
    const stranger = createServer().listen(port, "127.0.0.1");
    await once(stranger, "listening");
    equal(await ask(`reach ${port}`), EPERM);
    stranger.close();
    const { departures } = await told();
    equal(departures.length, 1);
    match(departures[0].act, /^connect /);
  });

  test("each process that binds to no port in particular gets one of its own", async () => {
    await learn("offer", { "offer it": 0 });
    const { ask, told } = await enforce("offer");
    for (let turn = 0; turn < 3; turn++) equal(await ask("offer it"), 0);
    deepEqual((await told()).departures, []);
  });

  test("a directory may be moved as often as it is moved", async () => {
    mkdirSync(join(cwd, "out"));
    const names = ["tmp.Kq3vX9bLz2", "tmp.w7RjT4nPc8", "tmp.Zf5hY2mQd6", "tmp.b8NsV3kGx4"];
    await learn("aside", Object.fromEntries(names.map((name) => [`aside ${name}`, 0])));
    const { ask, told } = await enforce("aside");
    for (const name of names) equal(await ask(`aside ${name}`), 0);
    deepEqual((await told()).departures, []);
  });

  test("a name that was removed stands for no file of a stranger, and is the namespace's own when it is made again", async () => {
    const name = "tmp.Qw8nT3vKx5";
    const make = () => writeFileSync(join(cwd, name), "of a stranger");
    make();
    await learn("stale", { [`drop ${name}`]: 0, [`make ${name}`]: 0, [`drop ./${name}`]: 0 });
    make();
    const { ask, told } = await enforce("stale");
    for (const act of ["drop", "make", "drop"]) equal(await ask(`${act} ${name}`), 0, act);
    make();
    equal(await ask(`look ${name}`), EPERM);
    rmSync(join(cwd, name));
    for (const act of ["make", "drop", "make"]) equal(await ask(`${act} ${name}`), 0, act);
    const { departures } = await told();
    equal(departures.length, 1);
    match(departures[0].act, /^open /);
  });

  test("a process that looks into the memory of its child is refused until the first verdict, and not again", async () => {
    await learnAsking("beside it", "peek it");
    const { ask, hear, end, over } = begin("run", "asking.contour", "--sensor", "bpf", "--enforce", "-q");
    await hear();
    // Each child is another process.
    for (let child = 0; child < 2; child++) {
      equal(await ask("beside it"), 0);
      let tries = 0;
      while (tries < 500 && (await ask("peek it")) === EPERM) tries += 1;
      const answers = [];
      for (let turn = 0; turn < 20; turn++) answers.push(await ask("peek it"));
      deepEqual([...new Set(answers)], [0], `after ${tries} tries`);
    }
    end();
    await over;
  });

  test("rings that reach a socket at once for the first time stop no processor, and get there when they try again", async () => {
    const names = ["alpha.sock", "beta.sock", "gamma.sock", "delta.sock", "omega.sock"];
    await learn("rings", Object.fromEntries(names.map((name) => [`rings ${name}`, 0])));
    for (const name of names) rmSync(join(cwd, name));
    const { ask, told } = await enforce("rings");
    const longest = [];
    for (const name of names) {
      equal(await ask(`rings ${name}`), 0);
      longest.push(await ask("longest try"));
    }
    // All but one of five: one may take long on a busy machine.
    const [, , , fourth = 0] = longest.sort((one, other) => one - other);
    ok(fourth < 900, longest.join());
    deepEqual((await told()).departures, []);
  });
});
