/** Evidence about a namespace whose supervisor is of an earlier isoline: it goes on after an upgrade, and says less. */
import { createHash, generateKeyPairSync } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Digest } from "@isoline/core/digest";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readCanisterBody, readNodeBody } from "../../packages/attest/src/evidence/index.ts";
import { makeEvidence } from "../../packages/isoline/src/attest/make-evidence.ts";
import { signatureOf } from "../../packages/isoline/src/store/signature/demand.ts";

const ZERO = "0".repeat(64);
const CONTOUR = "a contour";
const digest = createHash("sha256").update(CONTOUR).digest("hex") as Digest;
const key = generateKeyPairSync("ed25519").privateKey;

/** What the first isoline that could be asked for it answered to `GET /attest`: no member was there that a later one added. */
const FIRST = {
  ...{ isoline: 1, name: "web", command: "node server.js", image: null, started: "2026-01-02T03:04:05.678Z" },
  ...{ mode: "enforce", sensor: "seccomp", landlock: true, profile: "iso1", state: ZERO, measurement: ZERO, points: 7 },
  ...{
    bound: null,
    counters: { events: 1, departures: 0, refused: 0, lost: 0, untrusted: 0 },
    incomplete: [],
    register: null,
  },
};

describe("a supervisor of an earlier isoline", () => {
  let place: string;
  let server: Server;
  const at = (name: string) => join(place, name);

  beforeEach(async () => {
    place = mkdtempSync(join(tmpdir(), "isoline-earlier-"));
    process.env["ISOLINE_HOST_DIRECTORY"] = place;
    mkdirSync(at("run"), { mode: 0o700 });
    writeFileSync(at("web.contour"), CONTOUR);
    const answer = JSON.stringify({ ...FIRST, contour: { path: at("web.contour"), digest } });
    server = createServer((_, response) => void response.end(answer));
    await new Promise<void>((resolve) => server.listen(at("run/web.sock"), resolve));
  });
  afterEach(async () => {
    delete process.env["ISOLINE_HOST_DIRECTORY"];
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    rmSync(place, { recursive: true, force: true });
  });

  const told = async () => {
    const { node, canisters } = await makeEvidence({ challenge: new Uint8Array(32) });
    const { label, signature } = readCanisterBody(canisters[0]?.body ?? new Uint8Array());
    return { complete: readNodeBody(node).complete, label, signature: signature && Buffer.from(signature).toString() };
  };

  it("is told of, with the signature beside its contour", async () => {
    const signature = signatureOf("web.contour", { digest, images: [] }, key);
    writeFileSync(at("web.contour.sig"), signature);
    expect(await told()).toEqual({ complete: true, label: "web", signature });
  });

  it("is told of without a signature where that beside its contour is another contour's, or there is none", async () => {
    expect(await told()).toEqual({ complete: true, label: "web", signature: undefined });
    writeFileSync(at("web.contour.sig"), signatureOf("web.contour", { digest: ZERO as Digest, images: [] }, key));
    expect(await told()).toEqual({ complete: true, label: "web", signature: undefined });
  });
});
