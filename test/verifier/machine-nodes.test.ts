/** Nodes without a TPM: enrolment by a report of a confidential machine, what follows from it, and every way in which it is refused. */
import { generateKeyPairSync, sign, X509Certificate } from "node:crypto";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { makeEvidence } from "../../packages/isoline/src/attest/make-evidence.ts";
import { attestToFleet, rootOf } from "../../packages/isoline/src/fleet/attesting.ts";
import { joinFleet } from "../../packages/isoline/src/fleet/join.ts";
import type { AttestedAnswer } from "../../packages/isoline/src/fleet/model.ts";
import { readEnrolment } from "../../packages/isoline/src/fleet/node-place.ts";
import { askForSvid } from "../../packages/isoline/src/fleet/svid.ts";
import type { Audited, Result } from "../../packages/verifier/src/http/model.ts";
import * as amd from "../attest/tee/amd-vendor.ts";
import { FakeTsm } from "../attest/tee/fake-tsm.ts";
import { snpRules, tdxRules } from "../attest/tee/machine-policy.ts";
import { hasRecorded, recorded } from "../attest/tee/recorded.ts";
import { isBuilt, isoline } from "../support/isoline.ts";
import { isInstalled } from "../support/machine.ts";
import { dealings, type How } from "./machine-dealings.ts";
import { cloudGuest, forged, guest, MachineNode, replayed, tdxGuest } from "./machine-node.ts";
import { OPERATOR, Rig, samplePolicy } from "./rig.ts";
import { SoftwareNode } from "./software-node.ts";

const chip = (byte: number) => Buffer.alloc(64, byte);
const tee = { snp: snpRules, tdx: { ...tdxRules, statuses: ["Unknown"] } };
const demanding = (version: number, more: object = {}) => samplePolicy({ version, root: "tee", tee, ...more });

describe.skipIf(!isInstalled("openssl"))("a node without a TPM (needs openssl)", () => {
  const rig = new Rig();
  const trust = (name: string) => join(rig.place, "trust", name);
  const at = (name: string) => join(rig.place, name);
  const software = new SoftwareNode("with-tpm");
  let version = 0;
  const { token, begin, end, said, enrol, challengeFor, send, attest, shown } = dealings(rig);
  const start = () =>
    rig.start({ svid: { trustDomain: "example.org", key: at("svid.key"), certificate: at("svid.pem") } });
  /** Changes something of a verifier that is down meanwhile. */
  const restarted = async (change: () => void) => {
    await rig.stop();
    change();
    await start();
  };
  const publish = (more: object = {}) => rig.rules(demanding((version += 1), more));

  beforeAll(async () => {
    mkdirSync(trust("tee-makers"), { mode: 0o700 });
    mkdirSync(at("host"), { mode: 0o700 });
    process.env["ISOLINE_HOST_DIRECTORY"] = at("host");
    writeFileSync(trust("tee-makers/ark.der"), amd.ark.der);
    writeFileSync(trust("tee-makers/ask.der"), amd.ask.der);
    const { root } = await import("../attest/tee/intel-vendor.ts");
    writeFileSync(trust("tee-makers/intel.der"), root.der);
    if (hasRecorded) writeFileSync(trust("tee-makers/amd.pem"), recorded("ask_ark_milan.pem"));
    const words = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -days 2 -subj /CN=root".split(" ");
    const files = ["-keyout", at("svid.key"), "-out", at("svid.pem")];
    execFileSync("openssl", [...words, "-addext", "keyUsage=critical,keyCertSign", ...files]);
    await rig.enrol([software]);
    await start();
  });
  afterAll(async () => {
    delete process.env["ISOLINE_HOST_DIRECTORY"];
    await rig.close();
  });

  it("is enrolled only where its policy accepts nodes without a TPM, and its token is not used up", async () => {
    const node = new MachineNode("early");
    const once = await token();
    expect(said(await begin(node, once))).toMatch(
      /^403 expected a policy for this node with root "tee", got no policy/,
    );
    await rig.rules(samplePolicy({ version: (version += 1) }));
    expect(said(await begin(node, once))).toMatch(/^403 .* got "default" with root "tpm"; publish one, or enrol/);
    await publish();
    expect((await begin(node, once)).status).toBe(200);
    expect(said(await begin(node, once))).toMatch(/^401 expected an enrolment token that was not used/);
  });

  it("is refused by a verifier that trusts no maker, and its token is not used up", async () => {
    const once = await token();
    await restarted(() => renameSync(trust("tee-makers"), at("set-aside")));
    const refused = said(await begin(new MachineNode("unmade"), once));
    await restarted(() => renameSync(at("set-aside"), trust("tee-makers")));
    expect(refused).toMatch(/^403 expected makers of confidential machines in tee-makers\/ of this verifier, got none/);
    expect((await begin(new MachineNode("unmade"), once)).status).toBe(200);
  });

  it("joins, attests, gets an SVID, and shows which machine it is on and that no TPM was asked", async () => {
    const reports = new FakeTsm({ auxblob: guest().certificates });
    const directory = at("joined");
    const order = {
      server: rig.address,
      token: await token({ labels: { rack: "7" } }),
      name: "joined",
      directory,
      reports,
    };
    await joinFleet(order);
    expect(statSync(join(directory, "node.json")).mode & 0o777).toBe(0o600);
    await expect(joinFleet(order)).rejects.toThrow("this node is enrolled already");
    expect(await shown("joined")).toMatchObject({
      ...{ state: "unknown", root: "none", labels: { rack: "7" } },
      machine: `snp:${"c5".repeat(64)}`,
    });
    const enrolled = readEnrolment(directory);
    await publish({ losses: "warn" });
    const { tee: root } = rootOf(enrolled, undefined);
    const ending = new AbortController();
    const verdict = await new Promise<AttestedAnswer>((resolve, reject) => {
      void attestToFleet({
        enrolled,
        signal: ending.signal,
        evidence: (challenge) => makeEvidence({ challenge, tee: { ...root, reports } }),
        onVerdict: resolve,
        onFailure: reject,
      });
    });
    ending.abort();
    expect(verdict).toMatchObject({ state: "affirming" });
    const { root: proven, links } = await shown("joined");
    expect([proven, links.find(({ name }) => name === "machine")?.state]).toEqual(["tee", "passed"]);
    const ofTpm = new Set(["quote", "counters", "boot-log", "ima-list", "ledger", "boot"]);
    expect(links.filter(({ name }) => ofTpm.has(name))).toEqual([]);
    const { id, certificate } = await askForSvid({ enrolled, key: at("joined.key"), reports });
    expect(id).toBe("spiffe://example.org/tenant/acme/node/joined");
    expect(new X509Certificate(certificate).subjectAltName).toBe(`URI:${id}`);
    const { body } = await rig.get<{ items: Audited[] }>("/v1/audit", OPERATOR);
    expect(body.items.find(({ act }) => act === "enrol")?.detail).toMatch(/^id [0-9a-f]{64}, on snp:c5/);
  });

  it.skipIf(!isBuilt)(
    "is shown by isoline fleet, and joins nowhere else than in such a machine (needs a build)",
    async () => {
      writeFileSync(at("operator"), OPERATOR, { mode: 0o600 });
      const servers = [{ name: "one", url: rig.address, tokenFile: at("operator") }];
      writeFileSync(at("fleet.yaml"), JSON.stringify({ current: "one", servers }), { mode: 0o600 });
      const fleet = (...words: readonly string[]) =>
        isoline(["fleet", ...words], { cwd: rig.place, env: { ISOLINE_FLEET_CONFIG: at("fleet.yaml") } });
      const text = (await fleet("show", "joined")).stdout;
      expect(text).toContain("without a TPM, root: tee");
      expect(text).toMatch(/machine +snp:(?:c5){64}\n/);
      expect(text).toMatch(/ok {4}machine\n/);
      expect(text).not.toContain("quote");
      expect((await fleet("nodes")).stdout).toMatch(/joined +affirming +tee/);
      expect((await fleet("why", "joined")).status).toBe(0);
      const words = [
        "join",
        "--server",
        rig.address,
        "--token",
        await token(),
        "--name",
        "nowhere",
        "--state",
        at("nowhere"),
      ];
      const { status, stderr } = await fleet(...words, "--tee");
      expect([status, stderr]).toEqual([1, expect.stringMatching(/no report of this machine: .*attest doctor/)]);
      expect(existsSync(at("nowhere/node.json"))).toBe(false);
      expect((await fleet(...words, "--tee", "--tpm", "tcp:localhost:1")).stderr).toContain(
        "expected one of --tpm and --tee",
      );
    },
  );

  it.each<[why: string, how: How, saying: RegExp]>([
    ["of a signature about another name", { name: "another" }, /^400 expected a signature by the key of the node/],
    ["of a report about another name", { reportedName: "another" }, /another challenge, key, aggregate/],
    ["of a report about another key", { reportedKey: new MachineNode("x").key }, /another challenge, key, aggregate/],
    ["of a signature by another key", { by: new MachineNode("x") }, /^400 expected a signature by the key of the node/],
    ["of a guest that its host may debug", { machine: guest(chip(1), { policy: 0xa0000n }) }, /may debug it/],
    ["of another launch", { machine: guest(chip(1), { measurement: Buffer.alloc(48) }) }, /measurement: expected 3e/],
    ["of old firmware", { machine: guest(chip(1), { current_tcb: Buffer.alloc(8) }) }, /current_tcb/],
    ["of a low level of privilege", { machine: guest(chip(1), { vmpl: 2 }) }, /privilege level 2/],
    ["of a chip that hides", { machine: guest(Buffer.alloc(64)) }, /hides the chip/],
    ["of a report about another challenge", { machine: replayed }, /another challenge, key, aggregate/],
    ["of a report that no chip signed", { machine: forged }, /not signed by the key of its certificate/],
    ["of a cloud that the policy does not name", { machine: cloudGuest }, /which the policy does not name/],
  ])("is refused because %s", async (_, how, saying) => {
    expect(await enrol(new MachineNode("refused"), { how })).toMatch(saying);
    expect((await rig.get("/v1/nodes/refused")).status).toBe(404);
  });

  it("is refused with another node's report, an old challenge, and an answer for another enrolment", async () => {
    const [one, two] = [new MachineNode("one", guest(chip(1))), new MachineNode("two", guest(chip(2)))];
    const [first, second] = [await begin(one, await token()), await begin(two, await token())];
    const right = await one.answer(first.body.challenge);
    expect(said(await end(second.body.enrolment, right))).toMatch(/^400 .*expected one of node/);
    const stolen = { ...(JSON.parse(right) as object), node: two.id };
    const third = await begin(two, await token());
    expect(said(await end(third.body.enrolment, JSON.stringify(stolen)))).toMatch(/^400 expected a signature/);
    // Its own signature beside a report that was made for the other.
    const asked = await begin(two, await token());
    const signed = JSON.parse(await two.answer(asked.body.challenge)) as object;
    const { report, certificates } = JSON.parse(right) as Record<"report" | "certificates", string>;
    expect(said(await end(asked.body.enrolment, JSON.stringify({ ...signed, report, certificates })))).toMatch(
      /about another challenge, key, aggregate/,
    );
    const again = await begin(one, await token());
    expect(said(await end(again.body.enrolment, right))).toMatch(/^400 expected a signature by the key of the node/);
    expect(said(await end(first.body.enrolment, right))).toBe("200 enrolled");
    expect(said(await end(first.body.enrolment, right))).toMatch(/^404 no enrolment waits/);
  });

  it("is refused with what is no request, no key, or too large", async () => {
    const node = new MachineNode("odd");
    const once = await token();
    const key = (bytes: Uint8Array) =>
      node.request.replace(/"key": ".*"/, `"key": "${Buffer.from(bytes).toString("base64")}"`);
    const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 }).publicKey.export({ type: "spki", format: "der" });
    for (const [request, saying] of [
      [key(rsa), /^400 expected a key for ECDSA/],
      [key(Buffer.concat([node.key, Buffer.of(0)])), /^400 expected a key for ECDSA/],
      [key(Buffer.alloc(600)), /^400 .*expected 32 to 512 bytes in "key"/],
      [node.request.replace("}", ', "more": 1}'), /^400 .*expected no member "more"/],
      ["[]", /^400 not an enrolment document: expected a table/],
      ["x".repeat(70_000), /^400 /],
    ] as const)
      expect(said(await begin(node, once, request))).toMatch(saying);
    const { body } = await begin(node, once);
    const large = { ...guest(), certificates: new Uint8Array(24_000) };
    const answer = await node.answer(body.challenge, { machine: large });
    expect(said(await end(body.enrolment, answer))).toMatch(/^400 .*expected 0 to 20480 bytes in "certificates"/);
  });

  it("is one of a chip that has no other name, also when two come at once, unless a list says how many", async () => {
    const place = guest(chip(9));
    const pair = [new MachineNode("nine-1", place), new MachineNode("nine-2", place)];
    const both = await Promise.all(pair.map((node) => enrol(node)));
    expect(both.filter((one) => one === "200 enrolled")).toHaveLength(1);
    expect(both.find((one) => one !== "200 enrolled")).toMatch(/^409 expected a machine with less than 1 other nodes/);
    await restarted(() => writeFileSync(trust("tee-machines"), `# ours\nsnp:${"09".repeat(64)} 2\n`));
    const late = pair.find(({ token: own }) => own === "") as MachineNode;
    expect(await enrol(late)).toBe("200 enrolled");
    expect(await enrol(new MachineNode("nine-3", place))).toMatch(
      /^409 expected a machine with less than 2 other nodes/,
    );
    expect(await enrol(new MachineNode("stranger", guest(chip(8))))).toMatch(
      /^403 expected a machine of the list, got snp:08/,
    );
    writeFileSync(trust("tee-machines"), "snp:09 2\n");
    await rig.stop();
    await expect(rig.start()).rejects.toThrow(/^tee-machines: expected snp:ID or tdx:ID and a number, got "snp:09 2"/);
    rmSync(trust("tee-machines"));
    await start();
  });

  it("is affirmed by its own report, of the machine that was enrolled; nothing else counts", async () => {
    const [node, other] = [new MachineNode("push", guest(chip(3))), new MachineNode("other", guest(chip(4)))];
    expect([await enrol(node), await enrol(other)]).toEqual(["200 enrolled", "200 enrolled"]);
    expect(await attest(node)).toMatchObject({ state: "affirming", canisters: [{ label: "web", state: "affirming" }] });
    expect(await attest(node, { machine: other.machine })).toMatchObject({
      state: "contraindicated",
      why: expect.stringMatching(/expected a report of the machine that was enrolled, snp:03.* got snp:04/) as string,
    });
    expect(await attest(node, { about: other })).toMatchObject({ failure: "untrusted-platform" });
    expect(await attest(node, { machine: guest(chip(3), { policy: 0xa0000n }) })).toMatchObject({
      failure: "untrusted-platform",
    });
    const [before, mine, theirs] = [await challengeFor(node), await challengeFor(node), await challengeFor(other)];
    const kept = await node.evidence(Buffer.from(before, "hex"));
    const evidence = await other.evidence(Buffer.from(theirs, "hex"));
    expect(await send(node, theirs, evidence)).toMatchObject({ error: { code: "challenge-refused" } });
    expect((await send(node, mine, evidence)).failure).toBe("stale");
    // That proved nothing and was not written, so what the node made before it still counts.
    expect(await send(node, before, kept)).toMatchObject({ state: "affirming" });
    expect(await attest(node)).toMatchObject({ state: "affirming" });
    for (const late of [before, mine])
      expect(await send(node, late, kept)).toMatchObject({
        error: {
          message: expect.stringMatching(/^expected a challenge that was given after that of the last/) as string,
        },
      });
    const next = await challengeFor(node);
    const quoted = software.evidence(Buffer.from(next, "hex"), { node: { node: node.id } });
    expect(await send(node, next, quoted)).toMatchObject({
      why: expect.stringContaining("expected an enrolled node") as string,
    });
    expect(await attest(node, { departures: 1 })).toMatchObject({ canisters: [{ failure: "off-contour" }] });
    expect(await attest(node)).toMatchObject({ canisters: [{ failure: "rollback" }] });
  });

  it("takes no place of a node with a TPM, which cannot leave its quote out either; and none with a TPM takes its place", async () => {
    const usurper = new MachineNode("with-tpm", guest(chip(5)));
    expect(await enrol(usurper, { more: { name: "with-tpm" } })).toMatch(
      /^409 expected with-tpm to be enrolled by its TPM, as it was, got the other/,
    );
    // Another tenant is not told what the node of that name is.
    expect(await enrol(usurper, { more: { name: "with-tpm", tenant: "umbrella" } })).toMatch(
      /^409 expected a name and a key that are not enrolled yet, got with-tpm, of which one is/,
    );
    const node = new MachineNode("down", guest(chip(5)));
    node.token = software.token;
    const challenge = await rig.challenge(software);
    // As the node with the TPM would say it itself, with a report of a machine in place of its quote.
    const told = await node.evidence(Buffer.from(challenge, "hex"), { of: software.id });
    const { body } = await rig.send<Result>(software, challenge, told);
    expect(body).toMatchObject({
      ...{ state: "contraindicated", failure: "untrusted-platform" },
      why: expect.stringContaining("expected a node whose engine's key is enrolled") as string,
    });
    const bare = software.evidence(Buffer.from(challenge, "hex"));
    expect((await rig.send<Result>(software, challenge, bare)).body.why).toContain(
      "a report of a confidential machine, got none",
    );
  });

  it("comes again with another key by a token for its name alone, and its old token and key end", async () => {
    const [node, anew] = [new MachineNode("again", guest(chip(6))), new MachineNode("again", guest(chip(6)))];
    expect(await enrol(node)).toBe("200 enrolled");
    expect((await attest(node)).state).toBe("affirming");
    expect(await enrol(anew)).toMatch(/^409 expected a name and a key that are not enrolled yet/);
    expect(await enrol(anew, { more: { name: "again", tenant: "umbrella" } })).toMatch(/^409/);
    expect(await enrol(anew, { more: { name: "again" } })).toBe("200 enrolled");
    expect((await rig.get("/v1/nodes/again/challenge", node.token)).status).toBe(401);
    expect((await attest(anew)).state).toBe("affirming");
    expect((await shown("again")).id).toBe(anew.id);
    // The key of another name is no key for a new one.
    const borrowed = Object.assign(Object.create(anew) as MachineNode, { name: "borrowed" });
    expect(await enrol(borrowed)).toMatch(/^409/);
  });

  it("does not take a name that another node got while it was asked", async () => {
    const [slow, fast] = [new MachineNode("race", guest(chip(7))), new MachineNode("race", guest(chip(10)))];
    const begun = await begin(slow, await token());
    expect(await enrol(fast)).toBe("200 enrolled");
    expect(said(await end(begun.body.enrolment, await slow.answer(begun.body.challenge)))).toMatch(/^409/);
    expect((await shown("race")).id).toBe(fast.id);
    expect((await attest(fast)).state).toBe("affirming");
  });

  it("is revoked as any other, and its chip gets no other name by that", async () => {
    const node = new MachineNode("sold", guest(chip(11)));
    expect(await enrol(node)).toBe("200 enrolled");
    await attest(node);
    const { status } = await rig.call("POST", "/v1/nodes/sold/revocation", { body: { reason: "sold" } });
    expect(status).toBe(200);
    expect(await attest(node)).toMatchObject({ error: { code: "not-allowed" } });
    expect(await enrol(new MachineNode("bought", guest(chip(11))))).toMatch(/^409 expected a machine with less than 1/);
    expect(await enrol(node, { more: { name: "sold" } })).toBe("200 enrolled");
    expect((await attest(node)).state).toBe("affirming");
  });

  it("gets an SVID by its own report and key alone", async () => {
    const [node, other] = [new MachineNode("svid", guest(chip(12))), new MachineNode("svid-2", guest(chip(13)))];
    expect([await enrol(node), await enrol(other)]).toEqual(["200 enrolled", "200 enrolled"]);
    const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const key = publicKey.export({ type: "spki", format: "der" });
    const ask = async (change: (order: Awaited<ReturnType<MachineNode["svidOrder"]>>) => object, by = node) => {
      const order = await node.svidOrder(await challengeFor(node), key, (it) => sign("sha256", it, privateKey), by);
      const body = change(order);
      return said(await rig.call("POST", "/v1/nodes/svid/svid", { token: node.token, body }));
    };
    const as = (order: object) => order;
    expect(await ask(as)).toMatch(/^403 expected an attestation of svid that affirms it/);
    await attest(node);
    const spent = await node.svidOrder(await challengeFor(node), key, (it) => sign("sha256", it, privateKey));
    expect(await ask(as)).toMatch(/^200 /);
    expect(await ask((order) => ({ ...order, report: undefined }))).toMatch(
      /^403 expected a report, since svid has no TPM, got none/,
    );
    expect(await ask(as, other)).toMatch(/^400 expected a signature by the key of the node/);
    expect(await ask((order) => ({ ...order, report: spent.report }))).toMatch(
      /^400 expected a signature by the key of/,
    );
    const old = await ask((order) => ({ ...order, report: { ...spent.report, proof: order.report.proof } }));
    expect(old).toMatch(/^400 .*about another challenge, key, aggregate/);
    const moved = Object.assign(Object.create(node) as MachineNode, { machine: other.machine });
    expect(await ask(as, Object.defineProperty(moved, "sign", { value: node.sign.bind(node) }))).toMatch(
      /^403 expected a report of the machine that was enrolled, snp:0c.* got one of snp:0d/,
    );
  });

  it("may be a guest of TDX, known by its platform, or of a cloud that the policy names", async () => {
    const node = new MachineNode("tdx", tdxGuest);
    expect(await enrol(node)).toBe("200 enrolled");
    expect((await shown("tdx")).machine).toBe(`tdx:${"09".repeat(16)}`);
    expect((await attest(node)).state).toBe("affirming");
    await publish({ tee: { ...tee, snp: { ...snpRules, clouds: [amd.CLOUD] } } });
    const [one, two] = [new MachineNode("cloud-1", cloudGuest), new MachineNode("cloud-2", cloudGuest)];
    expect([await enrol(one), await enrol(two)]).toEqual(["200 enrolled", "200 enrolled"]);
    expect((await shown("cloud-1")).machine).toBe(`cloud:${amd.CLOUD}`);
    expect((await attest(one)).state).toBe("affirming");
  });

  it.skipIf(!hasRecorded)(
    "is refused with a real processor's report, which leads to AMD's root and is about another node (needs recorded reports)",
    async () => {
      const report = Uint8Array.from(recorded("coco-snp.report.bin"));
      const certificates = amd.certificateTable([amd.VCEK, recorded("coco-snp.vcek.der")]);
      const machine = { provider: "sev_guest", certificates, report: () => report } as const;
      expect(await enrol(new MachineNode("real"), { how: { machine } })).toMatch(/another challenge, key, aggregate/);
    },
  );

  it("lets nothing fail that is not a caller's fault", () => {
    expect(rig.failures).toEqual([]);
    expect(readFileSync(at("joined/node.json"), "utf8")).toContain("BEGIN PRIVATE KEY");
  });
});
