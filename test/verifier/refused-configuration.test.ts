/** What is wrong with a configuration is told by the command in one line, with what to do. */
import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isBuilt, isolineProgram } from "../support/isoline.ts";

describe.skipIf(!isBuilt)("a configuration that cannot be (needs a build)", () => {
  const place = mkdtempSync(join(tmpdir(), "isoline-verifier-"));
  beforeAll(() => mkdirSync(join(place, "trust"), { mode: 0o700 }));
  afterAll(() => rmSync(place, { recursive: true, force: true }));

  it.each([
    ["listen: 0.0.0.0:1", "isoline: listen: expected tls, or an address of this machine alone"],
    ["otlp: http://10.0.0.1/v1/metrics", "isoline: otlp.url: expected https://HOST:PORT/v1/metrics"],
    ["nats: { servers: 'nats.example:4222' }", "isoline: nats.servers: expected tls://HOST:PORT"],
    ["otlp: { url: 'https://a/b', ca: verifier.yaml }", "isoline: otlp.ca: expected certificates in PEM"],
  ])("%s is refused in one line", (line, why) => {
    const file = join(place, "verifier.yaml");
    const usual = line.startsWith("listen") ? "" : "listen: 127.0.0.1:0\n";
    writeFileSync(file, `${usual}${line}\ndatabase: pglite:store\nkeys: keys\ntrust: trust\n`);
    const { status, stderr } = spawnSync(isolineProgram, ["verifier", "--config", file], { encoding: "utf8" });
    expect([status, stderr.split("\n").length]).toEqual([1, 2]);
    expect(stderr).toContain(why);
  });

  it("what should be trusted and is not there is not taken for a folder without signers, whose policies count unsigned", () => {
    mkdirSync(join(place, "linked"), { mode: 0o700 });
    symlinkSync(join(place, "unmounted/policy-signers"), join(place, "linked/policy-signers"));
    for (const trust of ["unmounted", "linked"]) {
      const file = join(place, `${trust}.yaml`);
      writeFileSync(file, `listen: 127.0.0.1:0\ndatabase: pglite:store\nkeys: keys\ntrust: ${trust}\n`, {
        mode: 0o600,
      });
      const { status, stderr } = spawnSync(isolineProgram, ["verifier", "--config", file], {
        encoding: "utf8",
        timeout: 30_000,
      });
      expect([status, stderr.split("\n").length]).toEqual([1, 2]);
      expect(stderr).toMatch(/(?:unmounted|policy-signers): expected a folder that this user can read, got none;/);
    }
  });

  it("an empty file of makers is called empty", () => {
    mkdirSync(join(place, "empty/makers"), { recursive: true, mode: 0o700 });
    writeFileSync(join(place, "empty/makers/swtpm.pem"), "", { mode: 0o600 });
    const file = join(place, "empty.yaml");
    writeFileSync(file, "listen: 127.0.0.1:0\ndatabase: pglite:store\nkeys: keys\ntrust: empty\n", { mode: 0o600 });
    const { status, stderr } = spawnSync(isolineProgram, ["verifier", "--config", file], { encoding: "utf8" });
    expect([status, stderr.split("\n").length]).toEqual([1, 2]);
    expect(stderr).toMatch(/makers\/swtpm\.pem: expected certificates in PEM, or one in DER, got an empty file/);
  });

  it.each([
    ["622", "pglite:store", "expected a file of root's or yours that only its owner can write"],
    ["660", "pglite:store", "expected a file of root's or yours that only its owner can write"],
    ["644", "postgres://isoline:secret@127.0.0.1:1/isoline", "it has a password, and other users may read it"],
    ["640", "postgres://127.0.0.1:1/isoline?user=isoline&password=secret", "it has a password, and other users may"],
    ["600", "postgres://isoline:secret@127.0.0.1:1/isoline", "the database does not answer"],
    ["644", "postgres://isoline@127.0.0.1:1/isoline", "the database does not answer"],
  ])("a file of mode %s with %s: in one line, and without the password", (mode, database, why) => {
    const file = join(place, "modes.yaml");
    writeFileSync(file, `listen: 127.0.0.1:0\ndatabase: "${database}"\nkeys: keys\ntrust: trust\n`);
    chmodSync(file, Number.parseInt(mode, 8));
    const { status, stderr } = spawnSync(isolineProgram, ["verifier", "--config", file], { encoding: "utf8" });
    expect([status, stderr.split("\n").length]).toEqual([1, 2]);
    expect(stderr).toContain(why);
    expect(stderr).not.toContain("secret");
  });
});
