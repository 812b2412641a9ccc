/** Who is who: people by an OpenID provider, nodes by certificates, and files with secrets that others must not read. */
import { spawnSync } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { chmodSync, copyFileSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { Agent, request } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { connect as connectSecurely } from "node:tls";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { SignJWT } from "jose";
import Provider from "oidc-provider";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { NodeList } from "../../packages/verifier/src/http/model.ts";
import { isInstalled } from "../support/machine.ts";
import { Rig } from "./rig.ts";
import { SoftwareNode } from "./software-node.ts";

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

const rig = new Rig();
const node = new SoftwareNode("node-1");
const foreign = new SoftwareNode("node-2");

beforeAll(() => rig.enrol([node, [foreign, "umbrella"]]), 120_000);
afterAll(() => rig.close());

describe("people that an OpenID provider vouches for", () => {
  let server: Server;
  let issuer: string;
  /** How the provider answers when it is asked for its keys. */
  let ofKeys: "as they are" | "refused" | "too long" | "byte by byte" = "as they are";
  const clients = {
    ola: ["operator", "acme"],
    ann: ["admin", "*"],
    bob: ["intern", "acme"],
    eve: ["admin", undefined],
  } as const;
  const tokenOf = async (who: string, audience = "urn:isoline"): Promise<string> => {
    const answer = await fetch(`${issuer}/token`, {
      method: "POST",
      headers: {
        authorization: `Basic ${Buffer.from(`${who}:secret-of-a-test`).toString("base64")}`,
        "content-type": "application/x-www-form-urlencoded",
      },
      body: new URLSearchParams({ grant_type: "client_credentials", scope: "fleet", resource: audience }),
    });
    return ((await answer.json()) as { access_token: string }).access_token;
  };

  beforeAll(async () => {
    server = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const provider = new Provider(issuer, {
      clients: Object.keys(clients).map((name) => ({
        ...{ client_id: name, client_secret: "secret-of-a-test", redirect_uris: [], response_types: [] },
        grant_types: ["client_credentials"],
      })),
      extraTokenClaims: (_, token) => {
        const [role, tenant] = clients[token.clientId as keyof typeof clients];
        return { isoline_role: role, ...(tenant !== undefined && { isoline_tenant: tenant }) };
      },
      features: {
        clientCredentials: { enabled: true },
        devInteractions: { enabled: false },
        resourceIndicators: {
          enabled: true,
          getResourceServerInfo: (_, audience) => ({ scope: "fleet", audience, accessTokenFormat: "jwt" }),
        },
      },
    });
    const answering = provider.callback();
    server.on("request", (request, response) => {
      if (ofKeys === "as they are" || request.url !== "/jwks") return answering(request, response);
      if (ofKeys === "refused") return void response.writeHead(500).end();
      response.writeHead(200, { "content-type": "application/json" });
      if (ofKeys === "too long") return void response.end(`{"keys":[]}${" ".repeat(1 << 20)}`);
      const dribbling = setInterval(() => {
        // As happens by itself, sooner or later.
        collectGarbage();
        response.write(" ");
      }, 200);
      response.once("close", () => clearInterval(dribbling));
    });
    await rig.start({ people: { oidc: { issuer, audience: "urn:isoline" } } });
  });
  afterAll(async () => {
    await rig.stop();
    server.close();
  });

  it("are no strangers while the provider's keys cannot be fetched, and not known either", async () => {
    const token = await tokenOf("ola");
    for (const how of ["refused", "too long", "byte by byte"] as const) {
      ofKeys = how;
      const answer = await rig.get("/v1/nodes", token);
      expect([how, answer]).toMatchObject([how, { status: 503, body: { error: { code: "provider-unreachable" } } }]);
    }
    ofKeys = "as they are";
    expect(rig.failures).toEqual([]);
  }, 30_000);

  it("see and do what their claims say", async () => {
    const ola = await tokenOf("ola");
    const { body } = await rig.get<NodeList>("/v1/nodes", ola);
    expect(body.items.map(({ name }) => name)).toEqual(["node-1"]);
    expect((await rig.get<NodeList>("/v1/nodes", await tokenOf("ann"))).body.items).toHaveLength(2);
    const put = { body: "{}", token: ola };
    expect((await rig.call("PUT", "/v1/policies/default", put)).status).toBe(403);
  });

  it("are strangers without a role, without a tenant, or with a token for another audience", async () => {
    for (const token of [await tokenOf("bob"), await tokenOf("eve"), await tokenOf("ann", "urn:other")])
      expect((await rig.get("/v1/nodes", token)).status).toBe(401);
  });

  it("are strangers with a token that another key signed, or none", async () => {
    const claims = { isoline_role: "admin", isoline_tenant: "*", sub: "ann" };
    const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const [head = ""] = (await tokenOf("ann")).split(".");
    const { kid } = JSON.parse(Buffer.from(head, "base64url").toString()) as { kid: string };
    const forged = await new SignJWT(claims)
      .setProtectedHeader({ alg: "RS256", kid })
      .setIssuer(issuer)
      .setAudience("urn:isoline")
      .setExpirationTime("1h")
      .sign(privateKey);
    expect((await rig.get("/v1/nodes", forged)).status).toBe(401);
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
    const unsigned = `${part({ alg: "none" })}.${part({ ...claims, iss: issuer, aud: "urn:isoline", exp: 9e9 })}.`;
    expect((await rig.get("/v1/nodes", unsigned)).status).toBe(401);
  });
});

describe.skipIf(!isInstalled("openssl"))("nodes that have certificates (needs openssl)", () => {
  const at = (name: string) => join(rig.place, "tls", name);
  const openssl = (...words: readonly string[]) => {
    const { status, stderr } = spawnSync("openssl", words, { cwd: join(rig.place, "tls"), encoding: "utf8" });
    if (status !== 0) throw new Error(stderr);
  };
  const authority = (name: string) => {
    const words = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"];
    openssl(...words, "-subj", `/CN=${name}`, "-keyout", `${name}.key`, "-out", `${name}.pem`);
  };
  const certificate = (by: string, name: string, common: string, more: string) => {
    const words = ["req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
    openssl(...words, "-subj", `/CN=${common}`, "-keyout", `${name}.key`, "-out", `${name}.csr`);
    writeFileSync(at(`${name}.cnf`), `subjectAltName=${more}\n`);
    openssl(
      "x509",
      "-req",
      "-in",
      `${name}.csr`,
      "-CA",
      `${by}.pem`,
      "-CAkey",
      `${by}.key`,
      "-days",
      "1",
      "-extfile",
      `${name}.cnf`,
      "-out",
      `${name}.pem`,
    );
  };
  const get = (path: string, own: string | undefined, agent: Agent | false = false) =>
    new Promise<{ status: number | undefined; body: string; isKept: boolean }>((resolve, reject) => {
      const file = (name: string) => readFileSync(at(name));
      const identity = own === undefined ? {} : { cert: file(`${own}.pem`), key: file(`${own}.key`) };
      const asked = request(
        rig.address + path,
        { ca: file("authority.pem"), agent, headers: { authorization: `Bearer ${node.token}` }, ...identity },
        (response) => {
          void text(response).then((body) =>
            resolve({ status: response.statusCode, body, isKept: asked.reusedSocket }),
          );
        },
      );
      asked.on("error", reject).end();
    });

  beforeAll(async () => {
    mkdirSync(join(rig.place, "tls"));
    authority("authority");
    authority("stranger");
    certificate("authority", "server", "verifier", "IP:127.0.0.1");
    certificate("authority", "node-1", "node-1", "DNS:node-1");
    certificate("authority", "spiffe", "any", "URI:spiffe://example.org/fleet/node/node-2");
    certificate("authority", "unknown", "node-9", "DNS:node-1");
    certificate("authority", "within", "any", "@names\n[names]\nDNS.1 = a, URI:spiffe://example.org/node/node-2, b");
    certificate("authority", "canister", "node-1", "URI:spiffe://example.org/node/node-1/canister/web");
    certificate("stranger", "forged", "node-1", "DNS:node-1");
    await rig.start({ tls: { certificate: at("server.pem"), key: at("server.key"), clients: at("authority.pem") } });
  });
  afterAll(() => rig.stop());

  it("are who the certificate says, by its SPIFFE id or its common name", async () => {
    expect((await get("/v1/nodes/node-1/challenge", "node-1")).status).toBe(200);
    expect((await get("/v1/nodes/node-2/challenge", "spiffe")).status).toBe(200);
    expect((await get("/v1/nodes/node-2/challenge", "node-1")).status).toBe(403);
  });

  it("are strangers without one, with one of another authority, or of a name that is not enrolled", async () => {
    for (const own of [undefined, "forged", "unknown", "within", "canister"])
      expect((await get("/v1/nodes/node-1/challenge", own)).status).toBe(401);
  });

  it("are strangers on a connection that goes on after their certificate has run out", async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const asked = () => get("/v1/nodes/node-1/challenge", "node-1", agent);
    expect(await asked()).toMatchObject({ status: 200 });
    const days = (many: number) => Date.now() + many * 86_400_000;
    const clock = vi.spyOn(Date, "now").mockReturnValue(days(2));
    const late = await asked();
    clock.mockRestore();
    expect(late).toMatchObject({ status: 401, isKept: true });
    expect(late.body).toMatch(/expected a client certificate that is still valid, got one up to \w+ +\d+ .* GMT;/);
    expect(await asked()).toMatchObject({ status: 200, isKept: true });
    agent.destroy();
  });

  it("are strangers without one, also where they take up an earlier session again", async () => {
    const ask = (session?: Buffer) =>
      new Promise<{ status: string | undefined; session: Buffer; isTakenUp: boolean }>((resolve, reject) => {
        const { hostname: host, port } = new URL(rig.address);
        const ca = readFileSync(at("authority.pem"));
        const socket = connectSecurely({ host, port: Number(port), ca, ...(session && { session }) });
        let kept = Buffer.alloc(0);
        let isTakenUp = false;
        socket.on("session", (bytes) => void (kept = bytes)).on("error", reject);
        socket.on("secureConnect", () => void (isTakenUp = socket.isSessionReused()));
        socket.write("GET /v1/nodes/node-1/challenge HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n");
        void text(socket).then((said) => {
          const [, status] = /^HTTP\/1\.1 (\d{3})/.exec(said) ?? [];
          resolve({ status, session: kept, isTakenUp });
        });
      });
    const first = await ask();
    expect(first.status).toBe("401");
    expect(await ask(first.session)).toMatchObject({ status: "401", isTakenUp: true });
    expect(rig.failures).toEqual([]);
  });
});

describe("files with secrets", () => {
  it("that others can read are refused, by name", async () => {
    const tokens = join(rig.place, "tokens");
    chmodSync(tokens, 0o644);
    await expect(rig.start()).rejects.toThrow(/tokens: expected one of this user, mode 600, got user \d+ and mode 644/);
    chmodSync(tokens, 0o600);
    chmodSync(join(rig.place, "keys/ear.pem"), 0o640);
    await expect(rig.start()).rejects.toMatchObject({ code: "unsafe-secret" });
    chmodSync(join(rig.place, "keys/ear.pem"), 0o600);
  });

  it("in a folder that others can write are refused, by its name, unless only owners rename there", async () => {
    const folder = join(rig.place, "open");
    const tokens = join(folder, "below/tokens");
    mkdirSync(join(folder, "below"), { recursive: true, mode: 0o755 });
    copyFileSync(join(rig.place, "tokens"), tokens);
    for (const mode of [0o777, 0o775]) {
      chmodSync(folder, mode);
      const given = new RegExp(
        `open: on the way to .*below/tokens, expected what belongs to .* mode ${mode.toString(8)};`,
      );
      await expect(rig.start({ people: { tokens } })).rejects.toThrow(given);
      await expect(rig.start({ trust: join(folder, "trust") })).rejects.toMatchObject({ code: "unsafe-secret" });
      await expect(rig.start({ keys: join(folder, "keys") })).rejects.toMatchObject({ code: "unsafe-secret" });
    }
    chmodSync(folder, 0o1777);
    await rig.start({ people: { tokens } });
    await rig.stop();
  });

  it("behind a link that another user could lead elsewhere are refused, by the folder that the link is in", async () => {
    const folder = join(rig.place, "links");
    mkdirSync(join(folder, "safe"), { recursive: true, mode: 0o755 });
    copyFileSync(join(rig.place, "tokens"), join(folder, "safe/tokens"));
    mkdirSync(join(folder, "open"));
    symlinkSync("../safe", join(folder, "open/link"));
    const tokens = join(folder, "open/link/tokens");
    await rig.start({ people: { tokens } });
    await rig.stop();
    chmodSync(join(folder, "open"), 0o777);
    await expect(rig.start({ people: { tokens } })).rejects.toThrow(
      /links\/open: on the way to .*open\/link\/tokens, expected/,
    );
    mkdirSync(join(folder, "trust"), { mode: 0o755 });
    symlinkSync("../open/link", join(folder, "trust/policy-signers"));
    await expect(rig.start({ trust: join(folder, "trust") })).rejects.toMatchObject({ code: "unsafe-secret" });
  });

  it("a verifier does not listen to a network without TLS, and says what is odd in its configuration", async () => {
    await expect(rig.start({ listen: "0.0.0.0:0" })).rejects.toThrow(
      "listen: expected tls, or an address of this machine alone",
    );
    await expect(rig.start({ due: 60, stale: 60 })).rejects.toThrow("stale: expected more than due");
    await expect(rig.start({ databse: "x" })).rejects.toMatchObject({ code: "bad-configuration" });
    await expect(rig.start({ people: { oidc: { issuer: "http://example.org", audience: "a" } } })).rejects.toThrow(
      "people.oidc.issuer: expected https",
    );
    const page = (redirect: string) => ({
      oidc: { issuer: "https://a.example", audience: "a", page: { client: "p", redirect } },
    });
    for (const redirect of [
      "http://example.org/",
      "http://localhost@example.org/",
      "https://example.org/?a",
      "https://example.org/#",
    ])
      await expect(rig.start({ people: page(redirect) })).rejects.toThrow("people.oidc.page.redirect: expected https");
  });
});
