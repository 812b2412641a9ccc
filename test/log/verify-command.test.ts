/** `isoline log verify` of proofs that no honest witness makes. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { formatVerifierKey, signatureLine, signerKey, signNote } from "../../packages/log/src/note/index.ts";
import { formatProof, proveEntry } from "../../packages/log/src/proof/index.ts";
import { Log } from "../../packages/log/src/writer/index.ts";
import { isBuilt, isoline } from "../support/isoline.ts";
import { entry, MemoryStore } from "./logs.ts";

it.skipIf(!isBuilt)("says the time of a witness also where it is none of a calendar (needs a build)", async () => {
  const place = mkdtempSync(join(tmpdir(), "isoline-verify-"));
  const [key, witness] = [signerKey("example.com/log", "log"), signerKey("witness.example/one", "witness")];
  const store = new MemoryStore();
  const log = await Log.create(store, key);
  await log.append([entry(0)]);
  const text = log.signed.slice(0, log.signed.indexOf("\n\n") + 1);
  const shown = log.signed + signatureLine(signNote(text, witness, 8.64e12 + 1));
  const policy = [`log ${formatVerifierKey(key)}`, `witness one ${formatVerifierKey(witness)}`, "quorum one"];
  writeFileSync(join(place, "policy"), `${policy.join("\n")}\n`);
  writeFileSync(join(place, "entry"), entry(0));
  writeFileSync(join(place, "proof"), formatProof(await proveEntry(store.read, 0, shown)));
  const verified = await isoline(["log", "verify", "entry", "proof", "--policy", "policy"], { cwd: place });
  rmSync(place, { recursive: true });
  expect(verified).toMatchObject({
    status: 0,
    stdout: "entry 0 of example.com/log, seen by witness.example/one at 8640000000001 s after 1970\n",
  });
});
