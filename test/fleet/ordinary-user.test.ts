/** A node of an ordinary user: what it records and sends lies in that user's own directories, without an option that says so. */
import { chmodSync, chownSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { needsSwtpm, SoftwareTpm } from "../attest/swtpm.ts";
import { isBuilt, isoline } from "../support/isoline.ts";
import { hasOrdinaryUser, isRoot } from "../support/machine.ts";
import { TinyVerifier } from "./tiny-verifier.ts";

const USER = 61_031;
const uid = isRoot ? USER : undefined;
const isMissing = !isBuilt || !hasOrdinaryUser || needsSwtpm;

describe.skipIf(isMissing)("a node of an ordinary user (needs a build, swtpm, an ordinary user)", () => {
  let tpm: SoftwareTpm;
  let home: string;
  const ledgers = () => readdirSync(join(home, ".local/state/isoline/ledger"));
  const start = () => ({ cwd: home, env: { XDG_RUNTIME_DIR: join(home, "run") }, uid });

  /** The directory of an enrolment of this user's node. */
  const enrolledAt = (server: string) => {
    const enrolled = { server, name: "node-1", node: "01".repeat(32), nodeToken: "node-token-1", tpm: tpm.address };
    const state = join(home, "enrolment");
    mkdirSync(state, { mode: 0o700 });
    const file = join(state, "node.json");
    writeFileSync(file, JSON.stringify({ isoline: "fleet node 1", ...enrolled }), { mode: 0o600 });
    for (const place of isRoot ? [state, file] : []) chownSync(place, USER, USER);
    return state;
  };

  beforeEach(async () => {
    home = mkdtempSync(join(tmpdir(), "isoline-ordinary-"));
    mkdirSync(join(home, "run"), { mode: 0o700 });
    for (const place of isRoot ? [home, join(home, "run")] : []) chownSync(place, USER, USER);
    tpm = new SoftwareTpm();
    await tpm.start();
    chmodSync(tpm.place, 0o755);
    chmodSync(join(tpm.place, "socket"), 0o777);
  });
  afterEach(async () => {
    await tpm.close();
    rmSync(home, { recursive: true, force: true });
  });

  it("records in the user's own ledger what runs", async () => {
    await isoline(["learn", "-q", "-o", "true.contour", "--", "true"], start());
    const words = ["run", "true.contour", "--name", "web", "--tpm", tpm.address, "--", "true"];
    const { status, stderr } = await isoline(words, start());
    expect({ status, stderr }).toMatchObject({ status: 0, stderr: expect.stringContaining("recorded in the TPM") });
    expect(ledgers().filter((name) => name.endsWith(".ledger"))).toHaveLength(1);
  });

  it("begins no ledger of its own where another one is, which would fit the TPM no longer", async () => {
    await isoline(["learn", "-q", "-o", "true.contour", "--", "true"], start());
    const recorded = (...more: readonly string[]) =>
      isoline(["run", "true.contour", "--name", "web", "--tpm", tpm.address, ...more, "--", "true"], start());
    const first = ["--tpm-ledger", join(home, "first")];
    expect((await recorded(...first)).status).toBe(0);
    const { status, stderr } = await recorded();
    expect({ status, stderr }).toMatchObject({
      status: 125,
      stderr: expect.stringMatching(
        /expected PCR 13 to hold zeros where a ledger begins.*; if another user of this machine/,
      ),
    });
    expect(await recorded(...first)).toMatchObject({
      status: 0,
      stderr: expect.stringContaining("recorded in the TPM"),
    });
  });

  it("asks its verifier for a challenge, and watches the user's own ledger", async () => {
    let asks = () => {};
    const asked = new Promise<void>((resolve) => (asks = resolve));
    const server = await TinyVerifier.listen(() => {
      asks();
      return { status: 503, headers: { "retry-after": "600" } };
    });
    const ending = isoline(["fleet", "attest", "--state", enrolledAt(server.url)], {
      ...start(),
      onStart: (child) => void asked.then(() => child.kill("SIGTERM")),
    });
    const { stderr } = await ending;
    await server.close();
    expect(stderr).not.toContain("EACCES");
    expect(ledgers()).toEqual([]);
  });

  it("says what to do where it is told of a ledger that the user cannot make", async () => {
    const place = mkdtempSync(join(tmpdir(), "isoline-others-"));
    const words = [
      "fleet",
      "attest",
      "--state",
      enrolledAt("http://127.0.0.1:1"),
      "--tpm-ledger",
      join(place, "ledger"),
    ];
    const { stderr, status } = await isoline(words, start()).finally(() => rmSync(place, { recursive: true }));
    expect(stderr).toMatch(/EACCES.*; name a directory of this user's by --tpm-ledger\n$/);
    expect(status).toBe(1);
  });
});
