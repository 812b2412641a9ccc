/** A contour that is amended while a canister runs under it: recorded, and affirming again once both contours are published. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import * as attest from "../../packages/isoline/src/attest/index.ts";
import { isBuilt, isoline, isolineProgram, SYSTEM_PATH } from "../support/isoline.ts";
import { needsSwtpm, SoftwareTpm } from "./swtpm.ts";

describe.skipIf(needsSwtpm || !isBuilt)("an amended contour (needs swtpm and a build)", () => {
  const software = new SoftwareTpm();
  const place = mkdtempSync(join(tmpdir(), "isoline-amended-"));
  const env = { ISOLINE_HOST_DIRECTORY: place };
  const at = (name: string) => join(place, name);
  const ledgers = at("ledger");
  let service: ChildProcess | undefined;
  const call = (...words: readonly string[]) => isoline(words, { cwd: place, env });

  /** Fresh evidence about the canister, appraised: the first check that failed, and why. */
  async function appraised(): Promise<readonly [string, string]> {
    const challenge = attest.challenge();
    const evidence = await attest.evidence({ challenge, tpm: software.address, ledgers, only: ["amended"] });
    const policy = readFileSync(at("policy.json"));
    const order = { evidence, challenge, trust: at("trust"), policy, about: ["amended"], now: new Date() };
    const { platform, canisters, status } = await attest.verify(order);
    const failed = [platform, ...canisters].flatMap(({ checks }) => checks).find(({ outcome }) => outcome === "failed");
    return failed ? [`${failed.name}: ${failed.failure}`, failed.why ?? ""] : [status, ""];
  }

  beforeAll(async () => {
    process.env["ISOLINE_HOST_DIRECTORY"] = place;
    mkdirSync(at("run"), { mode: 0o700 });
    for (const folder of ["makers", "contours"]) mkdirSync(at(`trust/${folder}`), { recursive: true });
    software.certify();
    await software.start();
    writeFileSync(at("trust/makers/all.pem"), software.authority().root + software.authority().issuer);
    // Other tests may run namespaces of this user, and end them meanwhile.
    const rules = [{ label: "amended", bound: "required" }];
    const policy = { policy: 1, name: "test", version: 1, losses: "warn", canisters: rules };
    writeFileSync(at("policy.json"), JSON.stringify(policy));
    writeFileSync(at("web.sh"), "until [ -e go ]; do [ ! -e two ] || cat two; sleep 0.1; done");
    const learn = (contour: string, ...words: readonly string[]) =>
      call("learn", "-q", "--merge", "-o", contour, "--", ...words);
    await learn("narrow.contour", "timeout", "1", "sh", "web.sh");
    writeFileSync(at("go"), "");
    await learn("narrow.contour", "sh", "web.sh");
    rmSync(at("go"));
    cpSync(at("narrow.contour"), at("wide.contour"));
    writeFileSync(at("two"), "two\n");
    await learn("wide.contour", "timeout", "1", "sh", "web.sh");
    rmSync(at("two"));
    cpSync(at("narrow.contour"), at("trust/contours/narrow.contour"));
    await call("attest", "enrol", "--tpm", software.address, "--trust", "trust", "--name", "node-1");
    const tpm = ["--tpm", software.address, "--tpm-ledger", ledgers];
    const words = ["run", "-q", "--enforce", "--name", "amended", ...tpm, "narrow.contour", "--"];
    service = spawn(isolineProgram, [...words, "timeout", "600", "sh", "web.sh"], {
      cwd: place,
      env: { PATH: SYSTEM_PATH, HOME: place, ...env },
    });
    for (let tries = 0; !(await call("ps", "-q")).stdout.includes("amended"); tries++) {
      if (tries === 200) throw new Error("the service did not start");
      await setTimeout(50);
    }
  });
  afterAll(async () => {
    delete process.env["ISOLINE_HOST_DIRECTORY"];
    writeFileSync(at("go"), "");
    if (service?.exitCode === null) await once(service, "exit");
    await software.close();
    rmSync(place, { recursive: true, force: true });
  });

  it("is refused while the verifier does not know it, and says that it was amended", async () => {
    const { status, stderr } = await call("amend", "amended", "wide.contour");
    expect([status, stderr]).toEqual([0, expect.stringContaining("goes on under")]);
    expect(await appraised()).toEqual([
      "contour: unknown-contour",
      expect.stringMatching(/to which it was amended while it ran \(record \d+ of the ledger\)/) as string,
    ]);
  });

  it("is affirming once both contours are published", async () => {
    cpSync(at("wide.contour"), at("trust/contours/wide.contour"));
    expect(await appraised()).toEqual(["affirming", ""]);
  });

  it("is refused where only the wider one is published", async () => {
    rmSync(at("trust/contours/narrow.contour"));
    expect(await appraised()).toEqual([
      "record: unknown-contour",
      expect.stringContaining("it was amended while it ran: publish that contour too") as string,
    ]);
  });
});
