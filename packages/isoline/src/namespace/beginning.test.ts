/** What a start demanded of a contour is demanded by the supervisor that takes the namespace over. */
import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Contour, writeContour } from "@isoline/core/contour";
import { sha256 } from "@isoline/core/digest";
import { canonicalPolicy, DEFAULT_POLICY, EXACT_POLICY, type Policy } from "@isoline/core/identity";
import { iso1 } from "@isoline/core/profile";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { fileDigestOf } from "../store/contour-file.ts";
import { signatureOf } from "../store/signature/demand.ts";
import { beginningOf, planToTakeOver, readBeginning } from "./beginning.ts";
import { loadModel } from "./load-model.ts";
import { type Plan, planUnder } from "./plan.ts";

const IMAGE = `sha256:${"a".repeat(64)}`;
const OTHER = `sha256:${"b".repeat(64)}`;
const places = {
  ...{ cwd: "/", home: "/root", temp: ["/tmp"], uid: 0, gid: 0 },
  ephemeralPorts: [32768, 60999],
} as const;
const orphan = { directory: "/sys/fs/bpf/isoline/lsm-0", id: 7, refuses: true };
const release = generateKeyPairSync("ed25519");
const stranger = generateKeyPairSync("ed25519");
const pem = release.publicKey.export({ type: "spki", format: "pem" }) as string;
const signed = { keys: [{ name: "release.pub", pem }], image: { digests: [IMAGE], named: true } };

describe("a namespace that is taken over", () => {
  let directory: string;
  let file: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "isoline-beginning-"));
    file = join(directory, "web.contour");
    write(DEFAULT_POLICY);
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  /** Writes a contour; each policy makes another one. */
  function write(policy: Policy, path = file): void {
    writeFileSync(path, [...writeContour(Contour.create({ profile: iso1, policy: canonicalPolicy(policy) }))].join(""));
  }
  function sign(key: KeyObject = release.privateKey, images: readonly string[] = [IMAGE], path = file): void {
    writeFileSync(`${path}.sig`, signatureOf(path, { digest: sha256(readFileSync(path)), images }, key));
  }
  const surroundings = { sensor: "bpf", places, openFiles: undefined } as const;
  const planned = (more: Partial<Plan> = {}) => ({ ...planUnder(file, surroundings, { enforce: true }), ...more });

  /** Begins it, and returns what its supervisor noted. */
  async function noted(plan: Plan): Promise<readonly string[]> {
    const { contour } = await loadModel(plan, () => {});
    return [JSON.stringify(beginningOf(plan, fileDigestOf(contour))), JSON.stringify({ identity: {}, task: {} })];
  }
  const takeOver = (lines: readonly string[], contour?: string) =>
    planToTakeOver(orphan, readBeginning(lines), { label: "web\n", contour });
  const goOn = (lines: readonly string[], contour?: string) => loadModel(takeOver(lines, contour), () => {});

  describe("and began under a demand for a signature", () => {
    let lines: readonly string[];
    beforeEach(async () => {
      sign();
      lines = await noted(planned({ signed }));
    });

    it("goes on under the same contour, and under another one that is signed as well", async () => {
      expect(takeOver(lines)).toMatchObject({ mode: "enforce", sensor: "bpf", places, contour: file, signed });
      await expect(goOn(lines)).resolves.toBeDefined();
      write(EXACT_POLICY);
      sign();
      await expect(goOn(lines)).resolves.toBeDefined();
    });

    it.each<readonly [string, RegExp, () => void]>([
      [
        "without a signature",
        /web\.contour: expected a signature by release\.pub .* sign it/,
        () => rmSync(`${file}.sig`),
      ],
      ["that was exchanged", /expected the contour with the digest .* found /, () => write(EXACT_POLICY)],
      ["that another key signed", /expected a signature by release\.pub/, () => sign(stranger.privateKey)],
      ["that is for another image", /found one for sha256:b/, () => sign(release.privateKey, [OTHER])],
      ["that is for any image", /found one for any: sign with --image/, () => sign(release.privateKey, [])],
    ])("does not go on under a contour %s", async (_, why, change) => {
      change();
      await expect(goOn(lines)).rejects.toThrow(why);
    });

    it("does not go on under an unsigned contour that is named to its successor", async () => {
      const named = join(directory, "named.contour");
      write(DEFAULT_POLICY, named);
      await expect(goOn(lines, named)).rejects.toThrow(/named\.contour: expected a signature by release\.pub/);
      sign(release.privateKey, [IMAGE], named);
      await expect(goOn(lines, named)).resolves.toBeDefined();
    });

    it.each([
      ["no key", { ...signed, keys: [] }],
      ["a key without its text", { ...signed, keys: [{ name: "release.pub" }] }],
      ["no image", { keys: signed.keys }],
      ["something else", true],
    ])("is not taken over by a record whose demand has %s", (_, demand) => {
      const record = JSON.stringify({ ...JSON.parse(lines[0] ?? ""), signed: demand });
      expect(() => takeOver([record])).toThrow(
        /record of how it began: .*expected .* got .*; it cannot be taken over: .* isoline unpin/,
      );
    });
  });

  it("goes on under its contour as it is now, where no signature was demanded", async () => {
    const lines = await noted(planned());
    expect(takeOver(lines)).not.toHaveProperty("signed.keys");
    write(EXACT_POLICY);
    await expect(goOn(lines)).resolves.toMatchObject({ policy: EXACT_POLICY });
    expect(takeOver(lines).adopt?.begunUnder).toBe(JSON.parse(lines[0] ?? "").digest);
  });

  /** Puts a link where the contour was. */
  function putLink(): void {
    renameSync(file, join(directory, "elsewhere.contour"));
    symlinkSync(join(directory, "elsewhere.contour"), file);
  }

  it("follows a link where its start might follow one", async () => {
    const lines = await noted(planned());
    putLink();
    await expect(goOn(lines)).resolves.toBeDefined();
  });

  it("follows no link where its start followed none", async () => {
    const lines = await noted(planned({ links: "refuse" }));
    putLink();
    await expect(goOn(lines)).rejects.toThrow(/found a symbolic link; name the file itself/);
  });

  it("keeps to the policy that was asked for when it began", async () => {
    const lines = await noted(planned({ policy: canonicalPolicy(DEFAULT_POLICY) }));
    await expect(goOn(lines)).resolves.toBeDefined();
    write(EXACT_POLICY);
    await expect(goOn(lines)).rejects.toThrow(/learnt under another policy .*isoline attach --contour$/);
  });

  it("is decided about by no engine here, where one elsewhere decided, unless a contour is named", async () => {
    const engine = { address: "unix:/run/engine.sock", proves: [], key: "a secret", milliseconds: 5000 };
    const record = JSON.stringify(beginningOf(planned({ engine }), undefined));
    expect(record).not.toContain("secret");
    expect(() => takeOver([record])).toThrow(/expected the engine at unix:\/run\/engine\.sock .* got none.*--contour/);
    expect(takeOver([record], file).contour).toBe(file);
  });

  it("is watched again where the kernel says that nothing was refused without its supervisor", async () => {
    const [record = ""] = await noted(planned({ mode: "watch" }));
    const taken = planToTakeOver({ ...orphan, refuses: false }, readBeginning([record]), { label: "web\n" });
    expect(taken.mode).toBe("watch");
  });

  it("is taken over by the record of an earlier version, without a demand and without following a link", async () => {
    const record = JSON.stringify({ places, contour: file, mode: "enforce", holdSeconds: 3 });
    expect(takeOver([record])).toMatchObject({ contour: file, places, holdSeconds: 3, signed: undefined });
    await expect(goOn([record])).resolves.toBeDefined();
  });

  it("that was learning goes on under a contour that is named, and under no other", () => {
    const learning = { ...planned(), mode: "learn", contour: undefined, output: file } as const;
    const record = JSON.stringify(beginningOf(learning, undefined));
    expect(() => takeOver([record])).toThrow(/^it was learning, and what it had learnt is lost; see isoline attach/);
    expect(takeOver([record], file)).toMatchObject({ contour: file, signed: undefined });
  });

  it.each([
    ["no line", []],
    ["the line of a program first", ['{"identity":{"serial":1},"task":{}}']],
    ["no JSON", ["{"]],
  ])("has no record in notes with %s", (_, lines) => {
    expect(() => takeOver(lines, file)).toThrow(/no record of how it began.*see isoline unpin/);
  });
});
