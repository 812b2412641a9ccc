/** An act that is done again and again is decided each time where the same words may mean something else by then. */
import { deepEqual, equal, match } from "node:assert/strict";
import { once } from "node:events";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { afterEach, describe, test } from "node:test";
import { cwd, endAll, EPERM } from "../asking.mjs";
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
});
