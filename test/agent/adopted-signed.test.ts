/**
 * A namespace of the bpf sensor that began under a contour with a signature, at the next agent: the contour must be signed then as well.
 * Where no signature was demanded, it goes on under the contour as it is, and its report says that it is another one. Here the sensor only
 * gets reports; the virtual machines test it where it refuses (test/vm/guest/without-supervisor/taking-over-signed.test.mjs).
 */
import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { copyFileSync, existsSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { attachesByTracepoints } from "../bpf/attachment.ts";
import { missing, Workshop } from "../canister/bundle.ts";
import { until } from "../faults/bench.ts";
import { isBuilt } from "../support/isoline.ts";
import { isRoot } from "../support/machine.ts";
import { TestAgent } from "./agent.ts";

const MISSING = "what happened before this supervisor took over is not in this measurement";
const OTHER = "what happened before this supervisor took over was decided by a contour with another digest";

/** A client is over once no process has its streams. */
const QUIET = "exec > said 2>&1";

function writeKeys(at: (name: string) => string): void {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const pem = (key: KeyObject, type: "spki" | "pkcs8") => key.export({ type, format: "pem" } as never) as string;
  writeFileSync(at("release.pub"), pem(publicKey, "spki"), { mode: 0o644 });
  writeFileSync(at("release.key"), pem(privateKey, "pkcs8"), { mode: 0o600 });
}

const needs = !isBuilt || !isRoot || !attachesByTracepoints;
describe.skipIf(needs)("a signed contour at the next agent (needs a build, root and tracepoints for BPF)", () => {
  const agent = new TestAgent();
  const at = (name: string) => join(agent.directory, name);
  const env = { ISOLINE_HOST_DIRECTORY: agent.directory };
  const logged = (word: string, name: string) =>
    agent.log.find(({ event, namespace }) => event === word && namespace === name);

  beforeAll(async () => {
    await agent.start("adopt: true\n", env);
    writeKeys(at);
    for (const [contour, script] of [
      ["learnt.contour", `${QUIET}; [ -e hold ]; sleep 0.1`],
      ["other.contour", `${QUIET}; [ -e hold ]; sleep 0.1; cat /etc/hostname`],
    ] as const)
      await agent.isoline(["learn", "-q", "--sensor", "bpf", "-o", contour, "--", "sh", "-c", script]);
  });
  afterEach(() => rmSync(at("hold"), { force: true }));
  afterAll(() => agent.clear());

  const sign = (contour: string) => agent.isoline(["sign", at(contour), "--key", at("release.key")]);
  /** Runs a command until `hold` is removed, under `web.contour`. The agent ends meanwhile. */
  async function left(name: string, words: readonly string[] = []): Promise<void> {
    copyFileSync(at("learnt.contour"), at("web.contour"));
    await sign("web.contour");
    writeFileSync(at("hold"), "");
    const script = `${QUIET}; while [ -e hold ]; do sleep 0.1; done`;
    const running = agent.run(["-q", "web.contour", "--sensor", "bpf", "--name", name, ...words], script);
    await until(() => logged("began", name) !== undefined);
    await agent.end("SIGTERM");
    expect(await running).toMatchObject({ status: 125 });
  }

  it("is not exchanged for one without a signature, until it is signed", async () => {
    await left("signed", ["--require-signature", at("release.pub")]);
    copyFileSync(at("other.contour"), at("web.contour"));
    rmSync(at("web.contour.sig"));
    await agent.start("adopt: true\n", env);
    await until(() => logged("lost", "signed") !== undefined);
    expect(logged("lost", "signed")?.why).toMatch(
      /web\.contour: expected a signature by .*release\.pub at .*\.sig, found nothing; sign it with isoline sign; then: isoline attach signed$/,
    );
    const unsigned = expect.stringMatching(/expected a signature by .*release\.pub/) as string;
    for (const words of [[], ["--contour", "other.contour"]])
      expect(await agent.isoline(["attach", "signed", "-q", ...words])).toMatchObject({ status: 1, stderr: unsigned });

    await sign("web.contour");
    await agent.start("adopt: true\n", env);
    await until(() => logged("began", "signed") !== undefined);
    rmSync(at("hold"));
    await until(() => logged("ended", "signed") !== undefined);
  });

  it("that nothing demanded may be another one by then, which the report says", async () => {
    await left("amended");
    copyFileSync(at("other.contour"), at("web.contour"));
    await agent.start("adopt: true\n", env);
    await until(() => logged("began", "amended") !== undefined);
    rmSync(at("hold"));
    await until(() => logged("ended", "amended") !== undefined);
    expect(logged("ended", "amended")).toMatchObject({
      // Events may have been lost as well, while there was no supervisor.
      incomplete: expect.arrayContaining([
        { reason: MISSING, count: 1 },
        { reason: OTHER, count: 1 },
      ]) as unknown,
    });
  });

  const why = missing("runc", "busybox");
  it.skipIf(why !== undefined)(`is demanded for a container${why === undefined ? "" : ` (${why})`}`, async () => {
    const shop = new Workshop();
    process.env["ISOLINE_AGENT"] = agent.socket;
    const canisters = { ISOLINE_CANISTERS: shop.path("host.json"), XDG_RUNTIME_DIR: shop.path("run") };
    const contour = shop.path("contours/web.contour");
    const label = { "dev.isoline.mode": "check", "dev.isoline.contour": "web.contour", "dev.isoline.sensor": "bpf" };
    /** The agent is restarted, and takes the container over or not. */
    const next = async (word: "began" | "lost", id: string) => {
      await agent.end("SIGTERM");
      await agent.start("adopt: true\n", canisters);
      await until(() => logged(word, id) !== undefined);
      return logged(word, id)?.why;
    };
    try {
      writeKeys((name) => shop.path(name));
      expect(shop.run("sleep 0.1", "learn", "web.contour").status).toBe(0);
      expect(shop.isoline("sign", contour, "--key", shop.path("release.key")).status).toBe(0);
      shop.configure({ signatures: [{ image: "*", keys: ["release.pub"] }] });
      await agent.start("adopt: true\n", canisters);
      const id = shop.id();
      expect(shop.create("--bundle", shop.bundle("sleep 600", label), id).status).toBe(0);
      expect(shop.runc("start", id).status).toBe(0);
      await until(() => logged("began", id) !== undefined);
      expect(await next("began", id)).toBeUndefined();

      // As fetching it again without --trusted-key leaves it.
      renameSync(`${contour}.sig`, shop.path("kept.sig"));
      expect(await next("lost", id)).toMatch(/web\.contour: expected a signature by .*release\.pub .*found nothing/);
      renameSync(shop.path("kept.sig"), `${contour}.sig`);
      renameSync(contour, shop.path("elsewhere.contour"));
      symlinkSync(shop.path("elsewhere.contour"), contour);
      expect(await next("lost", id)).toMatch(/found a symbolic link; name the file itself; then: isoline attach/);
      renameSync(shop.path("elsewhere.contour"), contour);
      expect(await next("began", id)).toBeUndefined();
      expect(existsSync(`${contour}.sig`)).toBe(true);
    } finally {
      delete process.env["ISOLINE_AGENT"];
      shop.close();
    }
  });
});
