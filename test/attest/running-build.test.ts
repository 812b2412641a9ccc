/** Which isoline a process says that it runs, while an upgrade replaces what is installed. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { readNodeBody } from "../../packages/attest/src/evidence/index.ts";
import { buildDigest, runningBuild } from "../../packages/isoline/src/attest/collect/build.ts";
import { makeEvidence } from "../../packages/isoline/src/attest/make-evidence.ts";

const place = mkdtempSync(join(tmpdir(), "isoline-build-"));
const bundle = join(place, "bundle");

beforeAll(() => {
  process.env["ISOLINE_HOST_DIRECTORY"] = place;
  mkdirSync(bundle);
});
afterAll(() => {
  delete process.env["ISOLINE_HOST_DIRECTORY"];
  rmSync(place, { recursive: true, force: true });
});

it("is the one that it began with, in all evidence", async () => {
  const said = async () => readNodeBody((await makeEvidence({ challenge: new Uint8Array(32) })).node).build;
  writeFileSync(join(bundle, "main.js"), "one");
  const [installed, running] = [buildDigest(bundle), runningBuild(bundle)];
  expect(running.digest).toEqual(installed);
  writeFileSync(join(bundle, "main.js"), "another");
  expect(await said()).toEqual(running);
  rmSync(bundle, { recursive: true });
  expect(await said()).toEqual(running);
});
