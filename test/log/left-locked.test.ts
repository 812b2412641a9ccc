/** The directory of a log that could not be opened or closed in order: this process does not keep itself out of it. */
import { mkdirSync, mkdtempSync, rmdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { lock } from "../../packages/linux/src/index.ts";
import { DirectoryStore } from "../../packages/log/src/writer/index.ts";

describe("the directory of a log", () => {
  const place = mkdtempSync(join(tmpdir(), "isoline-log-"));
  const open = () => new DirectoryStore(place, (fd) => lock(fd, 0));

  beforeAll(() => mkdirSync(join(place, "tile")));
  afterAll(() => rmSync(place, { recursive: true, force: true }));

  it("can be opened once what kept it from being opened is gone", async () => {
    const inTheWay = join(place, ".unfinished");
    mkdirSync(inTheWay);
    expect(open).toThrow(/unfinished/);
    rmdirSync(inTheWay);
    await open().close();
  });

  it("can be opened after it could not be closed in order", async () => {
    const store = open();
    store.write("tile/0", Buffer.from("tile"));
    rmSync(join(place, "tile"), { recursive: true });
    await expect(store.close()).rejects.toThrow(/ENOENT/);
    await open().close();
  });

  it("is kept from others while it is open", async () => {
    const store = open();
    expect(open).toThrow(/another process appends to/);
    await store.close();
  });
});
