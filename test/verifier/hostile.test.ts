/** What comes over the wire is hostile: bytes that mean nothing, bodies that do not end, names and tokens of others. */
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { appendFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Node, NodeList, Refusal } from "../../packages/verifier/src/http/model.ts";
import { attested, canisterPage, canisterWhole, nodePage } from "../../packages/isoline/src/fleet/model.ts";
import { canisterSample } from "../attest/samples.ts";
import { contour, narrow, published } from "../forgery/published.ts";
import { OPERATOR, Rig, VIEWER } from "./rig.ts";
import { SoftwareNode } from "./software-node.ts";

const known = [200, 201, 204, 400, 401, 403, 404, 409, 413, 429];

const anyBody = fc.oneof(fc.json(), fc.string({ maxLength: 200 }), fc.constant('{"reason":7}'));

const rig = new Rig();
const node = new SoftwareNode("node-1");
const foreign = new SoftwareNode("node-2");
/** It never attests, so no verifier takes it over. */
const absent = new SoftwareNode("node-3");

describe("hostile input", () => {
  beforeAll(async () => {
    await rig.enrol([node, [foreign, "umbrella"], [absent, "umbrella"]]);
    await rig.start();
    await rig.rules();
    await rig.attest(node);
  });
  afterAll(() => rig.stop());

  /** A request whose body begins and goes on no further: the status that it is answered with, and when the verifier has read of it. */
  const unended = (method: string, path: string, token: string) => {
    const socket = connect(Number(new URL(rig.address).port), "127.0.0.1");
    const ended = new Promise<void>((resolve) => socket.once("close", () => resolve()));
    socket.on("error", () => {});
    const head = [`authorization: Bearer ${token}`, "content-type: text/plain", "transfer-encoding: chunked"];
    socket.write(`${method} ${path} HTTP/1.1\r\nhost: a\r\n${head.join("\r\n")}\r\nexpect: 100-continue\r\n\r\n`);
    const said = (form: RegExp) =>
      new Promise<string>((resolve) => {
        let text = "";
        socket.on("data", (bytes) => {
          text += String(bytes);
          const [, found] = form.exec(text) ?? [];
          if (found !== undefined) resolve(found);
        });
      });
    const isRead = said(/^HTTP\/1\.1 (100) /);
    void isRead.then(() => socket.write("5\r\nhello\r\n"));
    return { socket, ended, isRead, answer: said(/^HTTP\/1\.1 ([2-5]\d\d) /m) };
  };

  it("as evidence: any change of a byte is refused, and never affirmed", async () => {
    const challenge = await rig.challenge(node);
    const good = node.evidence(Buffer.from(challenge, "hex"));
    await fc.assert(
      fc.asyncProperty(fc.nat(good.length - 1), fc.integer({ min: 1, max: 255 }), async (at, by) => {
        const changed = Uint8Array.from(good);
        changed[at] = (changed[at] as number) ^ by;
        const { status, body } = await rig.send(node, challenge, changed);
        expect([status, body.state === "affirming"]).toEqual([200, false]);
      }),
      { numRuns: 60 },
    );
    for (const bytes of [0, 1, 100, 70_000])
      expect(await rig.send(node, challenge, Uint8Array.from(randomBytes(bytes)))).toMatchObject({
        status: 200,
        body: { state: "unverifiable", failure: "broken-evidence", canisters: [] },
      });
    expect((await rig.attest(node)).body.state).toBe("affirming");
  });

  it("as bodies, queries and paths: every answer is one that the API has", async () => {
    // A token of each path's own caller: what another one sends is refused before it is read.
    const paths = [
      ["/v1/nodes", OPERATOR],
      ["/v1/canisters", OPERATOR],
      ["/v1/audit", undefined],
      ["/v1/enrolments", ""],
      ["/v1/enrolment-tokens", OPERATOR],
      ["/v1/policies/default", undefined],
      ["/v1/policies/default/dry-run", OPERATOR],
      ["/v1/references/all", undefined],
      ["/v1/nodes/node-1/revocation", OPERATOR],
      ["/v1/nodes/node-1/departures", node.token],
      ["/v1/nodes/node-1/svid", node.token],
      ["/v1/epoch", undefined],
    ] as const;
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...paths),
        fc.constantFrom("GET", "PUT", "POST", "DELETE"),
        anyBody,
        fc.string({ maxLength: 40 }),
        async ([path, token], method, body, query) => {
          const address = `${path}?cursor=${encodeURIComponent(query)}&state=${encodeURIComponent(query)}&label=${encodeURIComponent(query)}`;
          const headers = { "content-type": "application/json" };
          const { status } = await rig.call(method, address, {
            token,
            headers,
            ...(method !== "GET" && { body }),
          });
          expect(known).toContain(status);
        },
      ),
      { numRuns: 80 },
    );
    expect(rig.failures).toEqual([]);
  });

  it.each([
    ["POST", "/v1/enrolments", ""],
    ["POST", "/v1/enrolments/00000000-0000-4000-8000-000000000000/answer", ""],
    ["POST", "/v1/enrolment-tokens", OPERATOR],
    ["PUT", "/v1/policies/default", undefined],
    ["POST", "/v1/policies/default/dry-run", OPERATOR],
    ["PUT", "/v1/references/all", undefined],
    ["POST", "/v1/nodes/node-1/revocation", OPERATOR],
    ["POST", "/v1/nodes/node-1/departures", node.token],
    ["POST", "/v1/nodes/node-1/svid", node.token],
  ] as const)(
    "as bodies by a caller that may send some: %s %s reads each, and refuses it",
    async (method, path, token) => {
      const headers = { "content-type": "application/json" };
      await fc.assert(
        fc.asyncProperty(anyBody, async (body) => {
          expect((await rig.call(method, path, { token, headers, body })).status).toBe(400);
        }),
        { numRuns: 20 },
      );
      expect(rig.failures).toEqual([]);
    },
  );

  it("of any size: more than a route takes is refused, also where the length is not told", async () => {
    const challenge = await rig.challenge(node);
    const tooLarge = { status: 413, body: { error: { code: "too-large" } } };
    expect(await rig.send<Refusal>(node, challenge, new Uint8Array(8 * 2 ** 20 + 1))).toMatchObject(tooLarge);
    const answer = await fetch(`${rig.address}/v1/enrolments`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      duplex: "half",
      body: new ReadableStream({
        pull: (controller) => controller.enqueue(new Uint8Array(65_536).fill(32)),
      }),
    } as RequestInit);
    expect(answer.status).toBe(413);
  });

  it("of any size, by strangers: none of it is read, also where the length is not told", async () => {
    const contour = `/v1/contours/${"a".repeat(64)}`;
    const paths = [
      ["PUT", contour],
      ["POST", "/v1/nodes/node-1/attestations"],
      ["POST", "/v1/nodes/node-1/attestations/delta"],
      ["PUT", "/v1/policies/default"],
      ["POST", "/v1/policies/default/dry-run"],
      ["PUT", "/v1/references/all"],
    ] as const;
    for (const [method, path] of paths) {
      const { answer, socket } = unended(method, path, `isn~node-1~${"B".repeat(43)}`);
      expect([path, await answer]).toEqual([path, "401"]);
      socket.destroy();
    }
  });

  it("of one node, many at once: the fifth is to wait, and takes nothing from other nodes", async () => {
    const path = "/v1/nodes/node-1/attestations";
    const four = Array.from({ length: 4 }, () => unended("POST", path, node.token));
    await Promise.all(four.map(({ isRead }) => isRead));
    const challenge = await rig.challenge(node);
    const fifth = await rig.send<Refusal>(node, challenge, node.evidence(Buffer.from(challenge, "hex")));
    expect(fifth).toMatchObject({ status: 429, body: { error: { code: "too-many" } } });
    expect(fifth.headers.get("retry-after")).toBe("1");
    expect((await rig.attest(foreign)).status).toBe(200);
    for (const { socket, ended } of four) {
      socket.destroy();
      await ended;
    }
    await expect.poll(async () => (await rig.attest(node)).status).toBe(200);
  });

  it("that never ends its headers: it is let go, and takes nothing from others", async () => {
    const { hostname, port } = new URL(rig.address);
    const socket = connect(Number(port), hostname);
    let answer = "";
    socket.setEncoding("latin1").on("data", (text: string) => (answer += text));
    socket.write("GET /healthz HTTP/1.1\r\nHost: verifier\r\n");
    expect((await rig.attest(node)).status).toBe(200);
    await once(socket, "close");
    expect(answer).toMatch(/^HTTP\/1\.1 408 /);
  });

  it("as a policy to be tried, so deep that reading it would end the process", async () => {
    const body = '{"a":'.repeat(3000);
    const { status } = await rig.call("POST", "/v1/policies/default/dry-run", { token: OPERATOR, body });
    expect(status).toBe(400);
    expect(rig.failures).toEqual([]);
  });

  it("by strangers: a token of none, of another node, of a person", async () => {
    const unknown = { status: 401, body: { error: { code: "unknown-caller" } } };
    expect(await rig.get("/v1/nodes", "")).toMatchObject(unknown);
    expect(await rig.get("/v1/nodes", "x".repeat(40))).toMatchObject(unknown);
    expect(await rig.get("/v1/nodes", node.token)).toMatchObject(unknown);
    expect(await rig.get("/v1/nodes/node-1/challenge")).toMatchObject(unknown);
    expect(await rig.get("/v1/nodes/node-2/challenge", node.token)).toMatchObject({ status: 403 });
    expect(await rig.get("/v1/nodes/node-1/challenge", node.token.replace(/A$/, "B"))).toMatchObject(unknown);
    expect(await rig.get("/metrics", "")).toMatchObject(unknown);
  });

  it("by people of one tenant about another: nothing is shown, made or ended", async () => {
    const tenant = { body: { tenant: "umbrella", expires: new Date(Date.now() + 60_000).toISOString() } };
    expect((await rig.call("POST", "/v1/enrolment-tokens", { token: OPERATOR, ...tenant })).status).toBe(403);
    const reason = { body: { reason: "mine now" } };
    expect((await rig.call("POST", "/v1/nodes/node-2/revocation", { token: OPERATOR, ...reason })).status).toBe(404);
    expect((await rig.call("POST", "/v1/nodes/node-1/revocation", { token: VIEWER, ...reason })).status).toBe(403);
    const policy = { tenant: "acme", labels: { policy: "lax" }, expires: tenant.body.expires };
    expect((await rig.call("POST", "/v1/enrolment-tokens", { token: OPERATOR, body: policy })).status).toBe(403);
    expect((await rig.get<Node>("/v1/nodes/node-2")).body.state).toBe("affirming");
  });

  it("as a contour that a node sends, with another digest than its own: it is refused", async () => {
    const text = "isoline contour 2\nnot one\nend\n";
    const named = (await rig.get<{ items: { contour: string }[] }>("/v1/nodes/node-1/canisters")).body.items[0]
      ?.contour;
    expect((await rig.call("PUT", `/v1/contours/${named}`, { token: node.token, body: text })).status).toBe(400);
  });

  it("as contours that its evidence does not name, or named once: none is kept; one that is makes no canister known", async () => {
    const digestOf = (file: Uint8Array) => createHash("sha256").update(file).digest("hex");
    const put = async (file: Uint8Array) =>
      (await rig.call("PUT", `/v1/contours/${digestOf(file)}`, { token: node.token, body: file })).status;
    const named = async (file: Uint8Array, started: number) => {
      const body = canisterSample("web", { contour: Uint8Array.from(Buffer.from(digestOf(file), "hex")), started });
      return (await rig.attest(node, { canisters: [body] })).body.need;
    };
    expect(await put(contour)).toBe(404);
    expect(await named(contour, 1)).toEqual([`contour:${digestOf(contour)}`]);
    expect(await put(narrow)).toBe(404);
    expect([await put(contour), await put(contour)]).toEqual([201, 204]);
    expect(await named(contour, 1)).toBeUndefined();
    // The file that the node sent itself is the verifier's now, and it is for show alone.
    const sent = canisterSample("web", { ...published, started: 1 });
    expect((await rig.attest(node, { canisters: [sent] })).body.canisters).toMatchObject([
      { state: "contraindicated", failure: "unknown-contour" },
    ]);
    expect(await named(narrow, 2)).toEqual([`contour:${digestOf(narrow)}`]);
    expect(await put(narrow)).toBe(201);
    expect((await rig.get(`/v1/contours/${digestOf(contour)}`)).status).toBe(404);
    expect((await rig.get(`/v1/contours/${digestOf(narrow)}`)).status).toBe(200);
    await rig.attest(node);
  });

  it("as words of a node, as many as fit: the fleet can be listed all the same, and the node reads its answer", async () => {
    const words = Array.from({ length: 40 }, (_, at) => `${at} 🛑`.padEnd(512, "\u202ex"));
    const read = async () => {
      canisterPage((await rig.get("/v1/canisters")).body, "canisters");
      nodePage((await rig.get("/v1/nodes")).body, "nodes");
      canisterWhole((await rig.get("/v1/nodes/node-1/canisters/web")).body, "a canister");
    };
    const long = canisterSample("web", { incomplete: words, started: 3 });
    const { body } = await rig.attest(node, { canisters: [long] });
    expect(body.canisters[0]?.why).toMatch(/^expected a canister of which all was observed, got 0 .*…$/);
    expect(attested(body, "the answer").canisters?.[0]?.why).toBe(body.canisters[0]?.why);
    await read();
    expect((await rig.attest(node, { node: { complete: false, losses: words } })).body.state).toBe("unverifiable");
    await read();
    await rig.attest(node);
  });

  it("as contours of very many canisters: each is asked for, but those that strangers on the node began", async () => {
    const many = (label: string, from: number, length: number) =>
      Array.from({ length }, (_, at) =>
        canisterSample(`${label}${at}`, {
          contour: createHash("sha256")
            .update(`${from + at}`)
            .digest(),
          started: 5,
        }),
      );
    const { body } = await rig.attest(node, { canisters: [...many("begun:1000:a", 0, 9), ...many("c", 1000, 260)] });
    expect(attested(body, "the answer").need).toHaveLength(260);
    await rig.attest(node);
  });

  it("is asked for nothing before it is proven", async () => {
    const registers = Array.from({ length: 16 }, () => new Uint8Array(32).fill(7));
    const { body } = await rig.attest(node, { registers });
    expect(body).toMatchObject({ state: "unverifiable" });
    expect(body.need).toBeUndefined();
    await rig.attest(node);
  });

  it("as departures: of canisters that are not there, too many, or in more than one line", async () => {
    const told = (canister: string, departures: object[]) =>
      rig.call("POST", "/v1/nodes/node-1/departures", { token: node.token, body: { canister, departures } });
    const departure = { at: new Date().toISOString(), line: "read /x", refused: true, times: 1 };
    expect((await told("none", [departure])).status).toBe(404);
    expect(
      (
        await told(
          "web",
          Array.from({ length: 101 }, () => departure),
        )
      ).status,
    ).toBe(400);
    expect((await told("web", [{ ...departure, line: "a\nb" }])).status).toBe(400);
    expect((await told("web", [{ ...departure, line: "<script>alert(1)</script>" }])).status).toBe(204);
    const answer = await rig.get("/v1/nodes/node-1/canisters/web");
    expect(answer.headers.get("content-type")).toMatch(/^application\/json/);
    expect(answer.headers.get("x-content-type-options")).toBe("nosniff");
  });

  it("as bytes that are no HTTP: the connection ends, and the verifier goes on", async () => {
    const { port } = new URL(rig.address);
    await new Promise<void>((resolve) => {
      const socket = connect(Number(port), "127.0.0.1", () => socket.write(randomBytes(1000)));
      socket.on("close", () => resolve()).on("error", () => {});
      socket.resume();
    });
    expect((await rig.get<NodeList>("/v1/nodes")).status).toBe(200);
    expect(rig.failures).toEqual([]);
  });
});

describe("callers that ask too often", () => {
  const namesake = "other-viewer-token-0123456789";

  beforeAll(async () => {
    appendFileSync(join(rig.place, "tokens"), `vic viewer umbrella ${namesake}\n`);
    await rig.start({ limits: { person: 1, tenant: 1, stranger: 1 } });
  });
  afterAll(() => rig.close());

  it("are told to wait, and take nothing from other tenants", async () => {
    const statuses = new Set<number>();
    let waits: string | null = null;
    for (let round = 0; round < 20; round++) {
      const { status, headers } = await rig.get(`/v1/nodes/node-1/challenge`, node.token);
      statuses.add(status);
      waits ??= headers.get("retry-after");
    }
    expect(statuses).toEqual(new Set([200, 429]));
    expect(waits).toBe("1");
    expect((await rig.get("/v1/nodes/node-2/challenge", foreign.token)).status).toBe(200);
  });

  it("are told to wait, and take nothing from one of the same name in another tenant", async () => {
    const asked = await Promise.all(Array.from({ length: 10 }, () => rig.get("/v1/nodes", VIEWER)));
    expect(asked.map(({ status }) => status)).toContain(429);
    expect((await rig.get("/v1/nodes", namesake)).status).toBe(200);
  });

  it("are known, or counted, before what they send is looked at", async () => {
    const paths = [
      ["/v1/nodes/node-1/departures", 401],
      ["/v1/nodes/node-1/svid", 401],
      ["/v1/enrolment-tokens", 401],
      ["/v1/nodes/node-1/revocation", 401],
      ["/v1/enrolments", 400],
      [`/v1/enrolments/${"0".repeat(8)}-0000-4000-8000-${"0".repeat(12)}/answer`, 400],
      ["/v1/login", 400],
    ] as const;
    const sent = (path: string) => rig.call("POST", path, { token: "", body: { odd: "x".repeat(1000) } });
    const statuses: number[] = [];
    for (const [path] of paths) statuses.push((await sent(path)).status);
    expect(statuses).toEqual(paths.map(([, status]) => status));
    for (let round = 0; round < 10; round++) await sent("/v1/enrolments");
    for (const [path] of paths) expect(await sent(path)).toMatchObject({ status: 429 });
  });

  it("are told to wait where they guess tokens", async () => {
    const statuses: number[] = [];
    for (let round = 0; round < 30; round++) statuses.push((await rig.get("/v1/nodes", "guess".repeat(5))).status);
    expect(statuses.at(-1)).toBe(429);
  });

  it("are told to wait where they make up nodes, before the store is asked: also one that this verifier does not have in memory", async () => {
    for (let round = 0; round < 12; round++)
      await rig.get("/v1/nodes/node-1/challenge", `isn~none-${round}~${"A".repeat(43)}`);
    const { status, headers } = await rig.get("/v1/nodes/node-3/challenge", absent.token);
    expect([status, headers.get("retry-after")]).toEqual([429, "1"]);
    expect((await rig.get("/v1/nodes/node-2/challenge", foreign.token)).status).toBe(200);
  });
});
