/** X.509-SVIDs: who gets one, what it is, and that OpenSSL accepts it. */
import { spawnSync } from "node:child_process";
import { createHash, generateKeyPairSync, type KeyObject, sign, X509Certificate } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { svidStatement, writeQuote } from "../../packages/attest/src/evidence/index.ts";
import type { Refusal } from "../../packages/verifier/src/http/model.ts";
import { canisterSample } from "../attest/samples.ts";
import { isInstalled } from "../support/machine.ts";
import { Rig, samplePolicy } from "./rig.ts";
import { SoftwareNode } from "./software-node.ts";

interface Svid {
  readonly id: string;
  readonly certificate: string;
  readonly bundle: string;
  readonly until: string;
}
type Pair = { readonly publicKey: KeyObject; readonly privateKey: KeyObject };
interface Asked {
  readonly canister?: string | undefined;
  readonly pair?: Pair;
  /** Who quotes, if not the node itself. */
  readonly by?: SoftwareNode;
  readonly proof?: Pair;
  readonly resetCount?: number;
  readonly restartCount?: number;
  readonly challenge?: string;
  /** What is quoted, if not what is asked for. */
  readonly quoted?: string;
  readonly token?: string;
}

const P256 = () => generateKeyPairSync("ec", { namedCurve: "P-256" });
const bad = canisterSample("web", { counters: { events: 100, departures: 1, refused: 1, lost: 0, untrusted: 1 } });

describe.skipIf(!isInstalled("openssl"))("X.509-SVIDs (needs openssl)", () => {
  const rig = new Rig();
  const [node, other] = [new SoftwareNode("node-1"), new SoftwareNode("node-2")];
  const at = (name: string) => join(rig.place, name);
  const openssl = (...words: readonly string[]) => {
    const { status, stdout, stderr } = spawnSync("openssl", words, { cwd: rig.place, encoding: "utf8" });
    return { status, said: stdout + stderr };
  };
  const root = (name: string, curve: string, ...more: readonly string[]) => {
    const key = ["-newkey", "ec", "-pkeyopt", `ec_paramgen_curve:${curve}`, "-keyout", `${name}.key`, "-noenc"];
    const usage = ["-addext", "keyUsage=critical,keyCertSign", "-days", "2", "-subj", `/CN=${name}`];
    const { status, said } = openssl("req", "-x509", ...key, ...usage, ...more, "-out", `${name}.pem`);
    if (status !== 0) throw new Error(said);
  };
  const svid = (more: object = {}) => ({
    svid: { trustDomain: "example.org", key: at("root.key"), certificate: at("root.pem"), minutes: 2, ...more },
  });
  const ask = async <T = Svid>(whose: SoftwareNode, asked: Asked = {}) => {
    const { canister, pair = P256(), by = whose, proof = pair, resetCount, restartCount, quoted = canister } = asked;
    const challenge = asked.challenge ?? (await rig.challenge(whose));
    const key = pair.publicKey.export({ type: "spki", format: "der" });
    const stated = (label: string | undefined) => svidStatement(Buffer.from(challenge, "hex"), label, key);
    const digest = Uint8Array.from(createHash("sha256").update(stated(quoted)).digest());
    const body = {
      ...{ challenge, canister, key: key.toString("base64") },
      proof: sign("sha256", stated(canister), proof.privateKey).toString("base64"),
      quote: Buffer.from(writeQuote(by.quote(digest, { resetCount, restartCount }))).toString("base64"),
    };
    return rig.call<T>("POST", `/v1/nodes/${whose.name}/svid`, { token: asked.token ?? whose.token, body });
  };
  const refused = async (asked: Asked, whose = node) => {
    const { status, body } = await ask<Refusal>(whose, asked);
    return `${status} ${body.error.message}`;
  };

  beforeAll(async () => {
    root("root", "P-384", "-addext", "subjectAltName=URI:spiffe://example.org");
    await rig.enrol([node, [other, "umbrella"]]);
    await rig.start(svid());
    await rig.rules();
  });
  afterAll(() => rig.close());

  it("are given to no node that has not attested to this verifier", async () => {
    expect(await refused({})).toMatch(/^403 expected an attestation of node-1 that affirms it .* got unknown; attest/);
  });

  it("are given to an affirmed node and its affirmed canister, and lead to the root, as OpenSSL sees it", async () => {
    expect((await rig.attest(node)).body.state).toBe("affirming");
    for (const canister of [undefined, "web"]) {
      const pair = P256();
      const { status, body } = await ask(node, { canister, pair });
      const id = `spiffe://example.org/tenant/acme/node/node-1${canister === undefined ? "" : "/canister/web"}`;
      expect({ status, id: body.id }).toEqual({ status: 200, id });
      writeFileSync(at("leaf.pem"), body.certificate);
      writeFileSync(at("bundle.pem"), body.bundle);
      for (const purpose of ["sslclient", "sslserver"]) {
        const words = ["verify", "-x509_strict", "-purpose", purpose, "-CAfile", "bundle.pem", "leaf.pem"];
        expect(openssl(...words)).toEqual({ status: 0, said: "leaf.pem: OK\n" });
      }
      const leaf = new X509Certificate(body.certificate);
      expect([leaf.subjectAltName, leaf.ca, leaf.subject]).toEqual([`URI:${id}`, false, undefined]);
      expect(leaf.checkPrivateKey(pair.privateKey)).toBe(true);
      const { said } = openssl("x509", "-in", "leaf.pem", "-noout", "-text");
      expect(said).toMatch(/Key Usage: critical\n +Digital Signature\n/);
      expect(said).toMatch(/Basic Constraints: critical\n +CA:FALSE\n/);
      expect(said).toMatch(/Subject Alternative Name: critical\n +URI:spiffe:/);
      expect(said).toMatch(/TLS Web Server Authentication, TLS Web Client Authentication/);
    }
  });

  it("end with the attestation, and after the minutes of the configuration at the latest", async () => {
    const leftOf = async () => (Date.parse((await ask(node)).body.until) - Date.now()) / 1000;
    const byMinutes = await leftOf();
    expect([byMinutes > 100, byMinutes <= 120]).toEqual([true, true]);
    await rig.rules(samplePolicy({ version: 2, validity: 30 }));
    await rig.attest(node);
    expect(await leftOf()).toBeLessThanOrEqual(30);
    await rig.rules(samplePolicy({ version: 3, validity: 0 }));
    await rig.attest(node);
    expect(await refused({})).toMatch(/^403 expected an attestation of node-1 that affirms it and has not ended/);
    await rig.rules(samplePolicy({ version: 4 }));
    await rig.attest(node);
  });

  it("are for a key that the node's TPM vouches for, after the attestation, in the same boot", async () => {
    expect(await refused({ by: other })).toMatch(/^400 .*not signed by the attestation key/);
    expect(await refused({ canister: "web", quoted: "api" })).toMatch(/^400 .*about another statement/);
    expect(await refused({ proof: P256() })).toMatch(/^400 expected a signature by the key of the SVID/);
    expect(await refused({ resetCount: 2 })).toMatch(/^409 expected a quote of the boot that was attested/);
    expect(await refused({ restartCount: 1 })).toMatch(/^409 expected a quote of the boot that was attested/);
    expect(await refused({ resetCount: 0 })).toMatch(/^400 expected a quote after reset 1/);
    const challenge = await rig.challenge(other);
    expect(await refused({ challenge })).toMatch(/^409 expected a challenge that was made for this node/);
  });

  it("are for keys for ECDSA on P-256 and P-384", async () => {
    expect((await ask(node, { pair: generateKeyPairSync("ec", { namedCurve: "P-384" }) })).status).toBe(200);
    const pair = generateKeyPairSync("ec", { namedCurve: "secp256k1" });
    expect(await refused({ pair })).toMatch(/^400 expected a key for ECDSA on P-256 or P-384/);
  });

  it("are given to no canister that is unknown, has left its contour, or has a label that no SPIFFE id can have", async () => {
    expect(await refused({ canister: "api" })).toMatch(
      /^403 expected a canister that the last evidence of node-1 affirms/,
    );
    await rig.attest(node, { canisters: [canisterSample("a/../b"), bad] });
    expect(await refused({ canister: "web" })).toMatch(/^403 expected a canister/);
    expect(await refused({ canister: "a/../b" })).toMatch(/^400 expected a label of letters, digits/);
    expect((await ask(node)).status).toBe(200);
  });

  it("are given to no node that is no longer affirmed, or was revoked, and to none in the name of another", async () => {
    const registers = Array.from({ length: 16 }, () => new Uint8Array(32));
    expect((await rig.attest(node, { registers })).body.state).toBe("unverifiable");
    expect(await refused({})).toMatch(/^403 expected an attestation .* got unverifiable/);
    // The verifier answers the same evidence again, and does not write the verdict.
    await rig.attest(node);
    expect((await rig.attest(node, { registers })).body.state).toBe("unverifiable");
    expect((await ask(node)).status).toBe(200);
    await rig.attest(other);
    expect((await ask(other)).body.id).toBe("spiffe://example.org/tenant/umbrella/node/node-2");
    expect(await refused({ token: node.token }, other)).toMatch(/^403 expected node node-2, got node-1/);
    const challenge = await rig.challenge(other);
    expect((await rig.call("POST", "/v1/nodes/node-2/revocation", { body: { reason: "sold" } })).status).toBe(200);
    expect(await refused({ challenge }, other)).toMatch(/^403 node-2 was revoked; enrol it anew/);
  });

  it("have a bundle that needs no token, in the form of SPIFFE", async () => {
    const { body } = await rig.get<{ keys: Record<string, unknown>[] }>("/v1/svid-bundle", "");
    expect(body.keys).toMatchObject([{ kty: "EC", crv: "P-384", use: "x509-svid" }]);
    const [{ x5c, kid } = {}] = body.keys;
    expect(kid).toBeUndefined();
    const [der = ""] = x5c as string[];
    expect(new X509Certificate(Buffer.from(der, "base64")).subjectAltName).toBe("URI:spiffe://example.org");
  });

  it("are not there where they are not configured, or where the authority is none", async () => {
    await rig.stop();
    root("leaf-only", "P-256", "-addext", "basicConstraints=critical,CA:FALSE");
    root("another", "P-256", "-addext", "subjectAltName=URI:spiffe://example.com");
    const start = (more: object) =>
      rig.start(svid(more)).then(
        () => "started",
        (fault: Error) => fault.message,
      );
    expect(await start({ certificate: at("leaf-only.pem"), key: at("leaf-only.key") })).toMatch(
      /an authority that may sign/,
    );
    expect(await start({ certificate: at("another.pem"), key: at("another.key") })).toMatch(
      /no URI but spiffe:..example.org/,
    );
    expect(await start({ key: at("another.key") })).toMatch(/the certificate of the key as the first/);
    expect(await start({ trustDomain: "Example.org" })).toMatch(/svid.trustDomain: expected lower-case letters/);
    await rig.start();
    expect((await rig.get("/v1/svid-bundle", "")).status).toBe(404);
    expect(rig.failures).toEqual([]);
  });
});
