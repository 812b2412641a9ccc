/** A verifier whose log is in an object store: what it stated is there, and the store may be away for a while. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { parseCheckpoint, parseNote, signerKey } from "../../packages/log/src/note/index.ts";
import { readStatement } from "../../packages/log/src/statement/index.ts";
import { fetchEntries } from "../../packages/log/src/tiles/index.ts";
import { CHECKPOINT, Log, ObjectStore } from "../../packages/log/src/writer/index.ts";
import { ObjectServer } from "../log/object-server.ts";
import { isInstalled } from "../support/machine.ts";
import { Rig } from "./rig.ts";
import { SoftwareNode } from "./software-node.ts";

const byName = (one: unknown, other: unknown) => (String(one) < String(other) ? -1 : 1);

describe.skipIf(!isInstalled("moto_server"))("a verifier whose log is in a bucket (needs python3-moto)", () => {
  const rig = new Rig();
  const server = new ObjectServer();
  const key = signerKey("example.com/fleet", "log");
  const at = (name: string) => join(rig.place, name);
  const configured = { log: { directory: "s3://logs/fleet", credentials: at("bucket"), key: at("log.pem") } };
  const kinds = async () => {
    const { read } = new ObjectStore(server.bucket("fleet"));
    const { size } = parseCheckpoint(parseNote(Buffer.from((await read(CHECKPOINT)) ?? []).toString("utf8")));
    return (await fetchEntries(read, size, 0)).map((entry) => readStatement(entry)?.kind);
  };

  beforeAll(async () => {
    await rig.enrol([new SoftwareNode("node-1")]);
    await server.start();
    writeFileSync(at("bucket"), server.credentials(), { mode: 0o600 });
    writeFileSync(at("log.pem"), key.secret.export({ type: "pkcs8", format: "pem" }), { mode: 0o600 });
    await Log.create(new ObjectStore(server.bucket("fleet")), key);
  });
  afterAll(async () => {
    await rig.close();
    await server.stop();
  });

  it("states there what is in force, and what was stated while the store was away once it is back", async () => {
    await rig.start(configured);
    await vi.waitFor(async () => expect(await kinds()).toEqual(["enrolment", "root"]), {
      timeout: 10_000,
      interval: 50,
    });
    server.lies = { before: () => ({ status: 403, headers: {}, body: Buffer.from("<Code>AccessDenied</Code>") }) };
    await rig.rules();
    await rig.stop();
    server.lies = {};
    await rig.start(configured);
    await rig.stop();
    expect((await kinds()).toSorted(byName)).toEqual(
      ["enrolment", "root", "publish-policy", "publish-reference", "publish-contour"].toSorted(byName),
    );
  });

  it("goes on where the store lets nothing be removed, and says so once", async () => {
    const before = rig.noted.length;
    const states = async () => (await kinds()).length;
    const had = await states();
    server.lies = {
      before: ({ method, path }) =>
        method === "DELETE" || path === "?delete"
          ? { status: 403, headers: {}, body: Buffer.from("<Code>AccessDenied</Code>") }
          : undefined,
    };
    await rig.start(configured);
    await rig.rules();
    await vi.waitFor(async () => expect(await states()).toBeGreaterThan(had), { timeout: 10_000, interval: 50 });
    await rig.stop();
    await rig.start(configured);
    await rig.stop();
    server.lies = {};
    const said = rig.noted.slice(before).filter((line) => line.includes("files stay that no reader needs"));
    expect(said).not.toEqual([]);
    expect(said[0]).toMatch(/^log: files stay that no reader needs.*AccessDenied.*no entry is lost/);
    expect(said.length).toBeLessThanOrEqual(2);
  });

  it("does not start with credentials that others can read, or without any", async () => {
    writeFileSync(at("open"), server.credentials(), { mode: 0o644 });
    await expect(rig.start({ log: { ...configured.log, credentials: at("open") } })).rejects.toThrow(/mode 600/);
    await expect(rig.start({ log: { ...configured.log, credentials: undefined } })).rejects.toThrow(/log\.credentials/);
  });
});
