/** A node that shows a certificate in place of its token, with a real TPM in software: it joins, attests, and its files are renewed. */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readEnrolment } from "../../packages/isoline/src/fleet/node-place.ts";
import { needsSwtpm, SoftwareTpm } from "../attest/swtpm.ts";
import { isBuilt, isoline } from "../support/isoline.ts";
import { isInstalled } from "../support/machine.ts";
import { VerifierProcess } from "../verifier/process.ts";
import { attestedOnce } from "./attested-once.ts";

const needs = needsSwtpm || !isInstalled("swtpm_setup") || !isInstalled("openssl") || !isBuilt;

describe.skipIf(needs)("a node with a certificate (needs swtpm, openssl and a build)", () => {
  const place = mkdtempSync(join(tmpdir(), "isoline-certified-"));
  const at = (...parts: readonly string[]) => join(place, ...parts);
  const software = new SoftwareTpm();
  let verifier: VerifierProcess;

  const openssl = (...words: readonly string[]) => execFileSync("openssl", words, { cwd: place, stdio: "ignore" });
  /** A key and a certificate of this authority, in place of those before. */
  const issue = (file: string, subject: string, more: readonly string[] = []) => {
    const request = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc", "-days", "2"];
    const by = file === "authority" ? [] : ["-CA", "authority.pem", "-CAkey", "authority.key"];
    openssl(...request, "-subj", subject, ...by, ...more, "-keyout", "new.key", "-out", "new.pem");
    renameSync(at("new.key"), at(`${file}.key`));
    renameSync(at("new.pem"), at(`${file}.pem`));
  };
  const fleet = (...words: readonly string[]) =>
    isoline(["fleet", ...words], {
      cwd: place,
      env: { ISOLINE_FLEET_CONFIG: at("fleet.yaml"), ISOLINE_HOST_DIRECTORY: place },
    });
  const attested = (enrolled: ReturnType<typeof readEnrolment>) => attestedOnce(place, enrolled);

  beforeAll(async () => {
    software.certify();
    await software.start();
    mkdirSync(at("trust/makers"), { recursive: true });
    writeFileSync(at("trust/makers/all.pem"), software.authority().root + software.authority().issuer);
    writeFileSync(at("people"), "ann admin * admin-token-0123456789\n", { mode: 0o600 });
    issue("authority", "/CN=authority", ["-addext", "keyUsage=critical,keyCertSign"]);
    issue("server", "/CN=verifier", ["-addext", "subjectAltName=IP:127.0.0.1"]);
    issue("node", "/CN=node-1");
    verifier = await VerifierProcess.start(place, {
      ...{
        listen: "127.0.0.1:0",
        database: "pglite:store",
        keys: "keys",
        trust: "trust",
        people: { tokens: "people" },
      },
      tls: { certificate: "server.pem", key: "server.key", clients: "authority.pem" },
    });
    const server = { name: "own", url: verifier.address, token: "admin-token-0123456789", ca: "authority.pem" };
    writeFileSync(at("fleet.yaml"), JSON.stringify({ current: "own", servers: [server] }), { mode: 0o600 });
    writeFileSync(
      at("policy.json"),
      JSON.stringify({ policy: 1, name: "default", version: 1, ledger: "if-there", canisters: [] }),
    );
  });
  afterAll(async () => {
    await verifier.end("SIGTERM");
    await software.close();
    rmSync(place, { recursive: true, force: true });
  });

  it("joins, and attests by its certificate, also by one that was renewed beneath it", async () => {
    expect((await fleet("policy", "default", "--set", "policy.json")).stderr).toContain("published");
    const { stdout: token } = await fleet("token", "--tenant", "shop", "--name", "node-1");
    writeFileSync(at("token"), token, { mode: 0o600 });
    const joined = await fleet(
      ...["join", "--server", verifier.address, "--token-file", "token", "--name", "node-1", "--tpm", software.address],
      ...["--ca", "authority.pem", "--certificate", at("node.pem"), "--key", at("node.key")],
    );
    expect([joined.stderr, joined.stdout]).toEqual([expect.any(String), expect.stringMatching(/^node-1: enrolled/)]);
    const enrolled = readEnrolment(at("fleet"));
    expect(await attested(enrolled)).toMatchObject({ state: "affirming" });
    const before = readFileSync(at("node.pem"), "utf8");
    issue("node", "/CN=node-1");
    expect(readFileSync(at("node.pem"), "utf8")).not.toBe(before);
    expect(await attested(enrolled)).toMatchObject({ state: "affirming" });
  });

  it("waits, and says why, while the certificate and its key do not fit; and goes on when they do", async () => {
    const enrolled = readEnrolment(at("fleet"));
    const before = readFileSync(at("node.pem"));
    issue("node", "/CN=node-1");
    const renewed = readFileSync(at("node.pem"));
    writeFileSync(at("node.pem"), before);
    expect(await attested(enrolled)).toMatch(/expected a certificate and the key of it, got two that do not fit/);
    writeFileSync(at("node.pem"), renewed);
    expect(await attested(enrolled)).toMatchObject({ state: "affirming" });
  });

  it("is not named by the version that a link leads to: the next one would never be read", async () => {
    symlinkSync(at("node.key"), at("linked.key"));
    const enrolled = { ...readEnrolment(at("fleet")), key: at("linked.key") };
    const said = await attested(enrolled);
    expect(said).toContain("got a symbolic link; copy the key to a regular file of mode 0600, and renew it there");
  });

  it("is refused with a certificate of another name, and with its token alone", async () => {
    const enrolled = readEnrolment(at("fleet"));
    issue("node", "/CN=node-2");
    expect(await attested(enrolled)).toMatch(/expected the certificate of an enrolled node, got none that is known/);
    const { certificate: _, key: __, ...byToken } = enrolled;
    expect(await attested(byToken)).toMatch(/expected a client certificate by an authority that is trusted here/);
  });
});
