/** A canister that is recorded in the host's TPM, because the host's configuration names it. */
import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { nameBy, replayLedger } from "../../packages/attest/src/register/index.ts";
import { NamingKey } from "../../packages/isoline/src/register/naming-key.ts";
import { needsSwtpm, SoftwareTpm } from "../attest/swtpm.ts";
import { missing, Workshop } from "./bundle.ts";

const why = missing("runc", "busybox") ?? (needsSwtpm ? "needs swtpm" : undefined);
const label = { "dev.isoline.mode": "check", "dev.isoline.contour": "good.contour" };

describe.skipIf(why !== undefined)(`a canister and the host's TPM${why === undefined ? "" : ` (${why})`}`, () => {
  const tpm = new SoftwareTpm();
  let shop: Workshop;
  let ledgers = "";
  beforeAll(async () => {
    await tpm.start();
    shop = new Workshop();
    shop.run("echo on", "learn", "good.contour");
    ledgers = shop.path("ledger");
    mkdirSync(ledgers, { mode: 0o700 });
  });
  afterAll(async () => {
    shop?.close();
    await tpm.close();
  });
  const start = (command: string, more: Readonly<Record<string, string>> = {}) =>
    shop.runc("run", "--bundle", shop.bundle(command, { ...label, ...more }), shop.id());
  const ledgerNow = () => {
    const file = readdirSync(ledgers).find((name) => name.endsWith(".ledger")) ?? "none";
    return { path: join(ledgers, file), ledger: replayLedger(readFileSync(join(ledgers, file))) };
  };

  it("has its birth, its departure and its end in the ledger", () => {
    shop.configure({ tpm: { address: tpm.address, ledger: ledgers, pcr: 14 } });
    expect(start("echo on; cat /etc/passwd > /dev/null")).toMatchObject({ status: 0 });
    const file = readdirSync(ledgers).find((name) => name.endsWith(".ledger")) ?? "none";
    const ledger = replayLedger(readFileSync(join(ledgers, file)));
    expect(ledger.begin.pcr).toBe(14);
    const [facts] = ledger.namespaces.values();
    expect(facts?.birth.mode).toBe("watch");
    expect(facts?.departures.length).toBeGreaterThan(0);
    expect(facts?.end?.off).toBeGreaterThan(0);
  });

  it("has one name in the ledger and for all who ask, also where its id gives none", () => {
    shop.configure({ tpm: { address: tpm.address, ledger: ledgers, pcr: 14 } });
    const id = `_${shop.id()}`;
    const bundle = shop.bundle("echo on; cat /etc/passwd > /dev/null", label);
    expect(shop.runc("run", "--bundle", bundle, id)).toMatchObject({ status: 0 });
    const kept = shop.path("run/isoline/isoline-kept");
    const heads = readdirSync(kept).map((file) => {
      const [head = ""] = readFileSync(join(kept, file), "utf8").split("\n");
      return JSON.parse(head) as { readonly name: string; readonly command: string };
    });
    const { name = "" } = heads.find(({ command }) => command.endsWith(id)) ?? {};
    expect(name).toMatch(/^[0-9a-f]{8}$/);
    const { path, ledger } = ledgerNow();
    const proof = NamingKey.open(path, ledger.begin.names).proofOf(name);
    expect([...ledger.namespaces.values()].at(-1)?.birth.name).toEqual(nameBy(proof));
  });

  it("has an end as well where it does not start for another reason, or its node could not be believed any more", () => {
    shop.configure({ tpm: { address: tpm.address, ledger: ledgers, pcr: 14 } });
    expect(start("echo on")).toMatchObject({ status: 0 });
    const before = ledgerNow().ledger.namespaces.size;
    expect(start("echo on", { "dev.isoline.ima-policy": "/missing" })).toMatchObject({
      ...{ status: 125, stdout: "" },
      stderr: expect.stringContaining("/missing"),
    });
    const born = [...ledgerNow().ledger.namespaces.values()].slice(before);
    expect(born.map(({ end }) => end)).toMatchObject([{ events: 0, off: 0, refused: 0, lost: 0 }]);
  });

  it("does not start, and is not born, where its name is that of a live namespace", async () => {
    shop.configure({ tpm: { address: tpm.address, ledger: ledgers, pcr: 14 } });
    expect(start("echo on", { "dev.isoline.name": "taken" })).toMatchObject({ status: 0, stdout: "on\n" });
    const before = ledgerNow().ledger.namespaces.size;
    const other = createServer().listen(shop.path("run/isoline/taken.sock"));
    await new Promise((resolve) => other.once("listening", resolve));
    expect(start("echo on", { "dev.isoline.name": "taken" })).toMatchObject({
      ...{ status: 125, stdout: "" },
      stderr: expect.stringContaining("taken.sock is there already") as string,
    });
    other.close();
    expect(ledgerNow().ledger.namespaces.size).toBe(before);
  });

  it("does not start if that TPM does not answer, or is none", () => {
    shop.configure({ tpm: { address: "unix:/nowhere/tpm", ledger: ledgers } });
    expect(start("echo on")).toMatchObject({
      status: 125,
      stdout: "",
      stderr: expect.stringContaining("/nowhere/tpm"),
    });
    shop.configure({ tpm: { address: tpm.address, pcr: 23 } });
    expect(start("echo on")).toMatchObject({ status: 125, stderr: expect.stringContaining("programs can reset") });
    shop.configure({ tpm: { address: tpm.address, register: 1 } });
    expect(start("echo on")).toMatchObject({ status: 125, stderr: expect.stringContaining("only the keys address") });
    expect(existsSync(shop.path("ledger"))).toBe(true);
  });
});
