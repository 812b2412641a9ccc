/** Changes of verdicts for servers of the operator's: signed, in order, sent again until they are taken. */
import { createHmac } from "node:crypto";
import { writeFileSync } from "node:fs";
import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { setTimeout } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Delivery } from "../../packages/verifier/src/changes/delivery.ts";
import { NotTaken } from "../../packages/verifier/src/changes/receiver.ts";
import type { Fleet } from "../../packages/verifier/src/fleet/fleet.ts";
import * as stores from "../../packages/verifier/src/store/index.ts";
import { canisterSample } from "../attest/samples.ts";
import { NatsServer, needsNats } from "./nats-server.ts";
import { Rig } from "./rig.ts";
import { SoftwareNode } from "./software-node.ts";

const SECRET = Buffer.alloc(32, 7);
const bad = canisterSample("web", { counters: { events: 100, departures: 1, refused: 1, lost: 0, untrusted: 1 } });

interface Sent {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

async function until<T>(look: () => T | undefined | Promise<T | undefined>): Promise<T> {
  for (let tries = 0; tries < 1200; tries++) {
    const found = await look();
    if (found !== undefined) return found;
    await setTimeout(50);
  }
  throw new Error("it did not come in time");
}

describe("receivers of changes", () => {
  const rig = new Rig();
  const node = new SoftwareNode("node-1");
  const sent: Sent[] = [];
  let refusals = 2;
  let server: Server;
  const broker = new NatsServer(join(rig.place, "nats"));

  beforeAll(async () => {
    server = createServer((request, response) => {
      void text(request).then((body) => {
        sent.push({ headers: request.headers, body });
        response.writeHead(refusals-- > 0 ? 500 : 204).end();
      });
    }).listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    writeFileSync(join(rig.place, "secret"), `whsec_${SECRET.toString("base64")}\n`, { mode: 0o600 });
    const { port } = server.address() as AddressInfo;
    const webhooks = [{ name: "pager", url: `http://127.0.0.1:${port}/hook`, secret: join(rig.place, "secret") }];
    if (!needsNats) await broker.start();
    await rig.enrol([node]);
    await rig.start({ webhooks, ...(!needsNats && { nats: { servers: broker.address } }) });
    await rig.rules();
    await rig.attest(node);
    await rig.attest(node, { canisters: [bad] });
  });
  afterAll(async () => {
    await rig.close();
    server.close();
    await broker.stop("SIGKILL");
  });

  it("a webhook gets every change in order, signed, and again where it failed", async () => {
    const taken = await until(() =>
      sent.length > 2 && sent.some(({ body }) => body.includes("off-contour")) ? sent : undefined,
    );
    const changes = taken.slice(2).flatMap(({ body }) => (JSON.parse(body) as { changes: object[] }).changes);
    expect(changes).toMatchObject([
      { node: "node-1", from: "unknown", to: "affirming" },
      { node: "node-1", label: "web", from: "unknown", to: "affirming" },
      { node: "node-1", label: "web", from: "affirming", to: "contraindicated", failure: "off-contour" },
    ]);
    expect(taken[1]?.headers["webhook-id"]).toMatch(/^changes-\d+-\d+$/);
    for (const { headers, body } of taken) {
      const told = `${String(headers["webhook-id"])}.${String(headers["webhook-timestamp"])}.${body}`;
      const code = createHmac("sha256", SECRET).update(told).digest("base64");
      expect(headers["webhook-signature"]).toBe(`v1,${code}`);
    }
  });

  it.skipIf(needsNats)(
    "JetStream keeps every change once (needs nats-server)",
    async () => {
      const kept = await until(async () => {
        const found = await broker.kept();
        return found.length >= 3 ? found.map(({ change }) => change) : undefined;
      });
      expect(kept).toMatchObject([
        { node: "node-1", to: "affirming" },
        { label: "web", to: "affirming" },
        { label: "web", to: "contraindicated", tenant: "acme" },
      ]);
    },
    30_000,
  );
});

describe("a receiver that takes little, and one change not at all", () => {
  const rig = new Rig();
  const nodes = ["node-1", "node-2", "node-3", "node-4"].map((name) => new SoftwareNode(name));
  const taken: { skipped?: number; node: string; why?: string }[] = [];
  let isAway = true;
  let server: Server;

  beforeAll(async () => {
    server = createServer((request, response) => {
      void text(request).then((body) => {
        const told = JSON.parse(body) as { skipped?: number; changes: { node: string; why?: string }[] };
        const status = isAway
          ? 503
          : told.changes.length > 3
            ? 413
            : body.includes('"node":"node-2","label"')
              ? 400
              : 204;
        if (status === 204) taken.push(...told.changes.map((one) => ({ ...one, ...pick(told.skipped) })));
        response.writeHead(status).end();
      });
    }).listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    writeFileSync(join(rig.place, "secret"), `whsec_${SECRET.toString("base64")}\n`, { mode: 0o600 });
    const { port } = server.address() as AddressInfo;
    await rig.enrol(nodes);
    await rig.start({
      webhooks: [{ name: "small", url: `http://127.0.0.1:${port}/`, secret: join(rig.place, "secret") }],
    });
    await rig.rules();
    for (const node of nodes) await rig.attest(node);
    await rig.call("POST", "/v1/nodes/node-4/revocation", { body: { reason: "a".repeat(900) } });
    isAway = false;
  }, 120_000);
  afterAll(async () => {
    await rig.close();
    server.close();
  });

  const pick = (skipped: number | undefined) => (skipped === undefined ? {} : { skipped });

  it("gets all others, in order, and is told how many it misses", async () => {
    const whole = await until(() => (taken.some(({ why }) => why?.includes("aaa")) ? taken : undefined));
    expect([...new Set(whole.map(({ node }) => node))]).toEqual(["node-1", "node-2", "node-3", "node-4"]);
    expect(whole.find(({ node }) => node === "node-3")).toMatchObject({ skipped: 1 });
    expect(whole.some(({ skipped }) => skipped !== undefined && skipped !== 1)).toBe(false);
    expect(rig.unsent).toContain("webhook small");
  }, 90_000);
});

describe("a receiver of two verifiers", () => {
  const rig = new Rig();
  const [taken, told]: [string[], string[]] = [[], []];
  let store: stores.Connection;
  let refuses = true;

  beforeAll(async () => {
    store = await stores.openStore(rig.database);
    await stores.beginReceiver(store.db, "pager");
  });
  afterAll(async () => {
    await store.close();
    await rig.close();
  });

  const verifier = () => {
    const fleet = { store, onChange: () => () => undefined } as unknown as Fleet;
    const send = async (changes: readonly { readonly node: string }[]) => {
      if (refuses) throw new NotTaken("receiver-refused", "refused");
      taken.push(...changes.map(({ node }) => node));
    };
    const delivery = new Delivery(fleet, { name: "pager", send }, (_, fault) => told.push((fault as Error).message));
    return async () => {
      await store.db
        .updateTable("receivers")
        .set({ next: new Date(0) })
        .execute();
      await delivery.start();
      await delivery.stop();
    };
  };
  const changes = async (node: string) => {
    const change = { at: new Date(), node, label: null, tenant: "acme", failure: null, why: null, counters: null };
    await store.db
      .insertInto("changes")
      .values({ ...change, before: "unknown", after: "affirming" })
      .execute();
  };

  it("misses no change that one of them had refused once, though it had an earlier one refused before", async () => {
    const [one, other] = [verifier(), verifier()];
    await changes("node-1");
    for (const _ of [1, 2, 3]) await one();
    refuses = false;
    await other();
    await changes("node-2");
    refuses = true;
    await one();
    refuses = false;
    await one();
    expect(taken).toEqual(["node-1", "node-2"]);
    expect(told).toEqual(["refused", "refused", "refused", "refused"]);
  });
});
