/** An embedded store that could not be opened: this process does not keep itself out of it. */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { openStore } from "../../packages/verifier/src/store/index.ts";
import { Rig } from "./rig.ts";

const rig = new Rig();
afterAll(() => rig.close());

it("an embedded store can be opened once what kept it from being opened is gone", async () => {
  const inTheWay = join(rig.place, "store", "data");
  mkdirSync(join(rig.place, "store"), { mode: 0o700 });
  writeFileSync(inTheWay, "a file");
  const opened = openStore(rig.database).then(
    () => "opened",
    () => "refused",
  );
  expect(await opened).toBe("refused");
  rmSync(inTheWay);
  await (await openStore(rig.database)).close();
});
