/** What a contour's withdrawal reads while it keeps others from the log: reference values only where they changed since. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { Administration } from "../../packages/verifier/src/fleet/administration.ts";
import type { Epochs } from "../../packages/verifier/src/fleet/epochs.ts";
import type { Ownership } from "../../packages/verifier/src/fleet/ownership.ts";
import { Rules } from "../../packages/verifier/src/fleet/rules.ts";
import type { Trusted } from "../../packages/verifier/src/fleet/trusted.ts";
import * as stores from "../../packages/verifier/src/store/index.ts";

const place = mkdtempSync(join(tmpdir(), "isoline-withdrawing-"));
const trusted = { policySigners: [], contourSigners: [] } as unknown as Trusted;
const [web, db] = ["04", "06"].map((byte) => byte.repeat(32)) as [string, string];
const ann = { who: "ann", tenant: null };
const naming = (name: string, contour: string) =>
  Buffer.from(JSON.stringify({ references: 1, contours: [{ name, contour, state: "05".repeat(32) }] }));
let store: stores.Connection;
const begun = () => {
  const rules = new Rules(store.db, trusted);
  const by = new Administration(store.db, {} as Ownership, rules, {} as Epochs);
  return { rules, by };
};

beforeAll(async () => {
  store = await stores.openStore(`pglite:${place}`);
});
afterAll(async () => {
  await store.close();
  rmSync(place, { recursive: true, force: true });
});

it("reads none that were loaded, and those that another verifier put since", async () => {
  const { rules, by } = begun();
  await by.putReference("web", naming("web", web), ann);
  await rules.namedContours();
  const reads = vi.spyOn(rules, "contoursIn");
  const refused = (name: string) => ({ code: "conflict", message: expect.stringContaining(`got "${name}" of them`) });
  await expect(by.withdrawContour(web, ann)).rejects.toMatchObject(refused("web"));
  expect(reads).not.toHaveBeenCalled();
  await begun().by.putReference("db", naming("db", db), ann);
  await expect(by.withdrawContour(db, ann)).rejects.toMatchObject(refused("db"));
  expect(reads).toHaveBeenCalled();
});
