/** Changes of verdicts for NATS JetStream: none is missing after the server was away, and one that is sent again is not kept again. */
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { canisterSample } from "../attest/samples.ts";
import { isInstalled } from "../support/machine.ts";
import { type Kept, NatsServer, needsNats, STREAM } from "./nats-server.ts";
import { Rig } from "./rig.ts";
import { SoftwareNode } from "./software-node.ts";

/** docs/verifier.md: 300 seconds. */
const LONGEST_WAIT_NS = 300 * 1e9;

/** Between a verifier and the server: passes on what both say, and can be cut before an acknowledgement comes through. */
class Line {
  /** Ids of messages, as often as they were sent. */
  readonly sent: string[] = [];
  /** Acknowledgements of the server. */
  readonly acknowledged: string[] = [];
  cutsNext = false;
  readonly #server: Server;

  constructor(server: NatsServer) {
    this.#server = createServer((client) => this.#join(client, connect(server.port, "127.0.0.1")));
  }

  async open(): Promise<string> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.#server.close();
  }

  #join(client: Socket, server: Socket): void {
    const cut = () => {
      client.destroy();
      server.destroy();
    };
    for (const end of [client, server]) end.on("error", cut).on("close", cut);
    client.on("data", (bytes) => {
      this.sent.push(...Array.from(bytes.toString("latin1").matchAll(/Nats-Msg-Id: ?(\S+)/g), ([, id = ""]) => id));
      server.write(bytes);
    });
    server.on("data", (bytes) => {
      const found = bytes.toString("latin1").match(/\{"stream":[^}]*\}/g) ?? [];
      this.acknowledged.push(...found);
      if (found.length === 0 || !this.cutsNext) return void client.write(bytes);
      this.cutsNext = false;
      cut();
    });
  }
}

describe.skipIf(needsNats)("changes for JetStream (needs nats-server)", () => {
  const rig = new Rig();
  const node = new SoftwareNode("node-1");
  const nats = new NatsServer(join(rig.place, "nats"));
  const line = new Line(nats);
  const labels: string[] = [];
  let settings = {};

  /** A canister that was not there before, and its first verdict: one change. */
  const appears = async (label: string) => {
    labels.push(label);
    const { status } = await rig.attest(node, { canisters: labels.map((each) => canisterSample(each)) });
    expect(status).toBe(200);
  };
  /** What the stream keeps, once it has a change of this canister. */
  const keptUntil = async (label: string): Promise<readonly Kept[]> => {
    for (;;) {
      const kept = await nats.kept();
      if (kept.some(({ change }) => change.label === label)) return kept;
      await setTimeout(50);
    }
  };
  const labelsOf = (kept: readonly Kept[]) => kept.map(({ change }) => change.label);

  beforeAll(async () => {
    await nats.start();
    settings = { nats: { servers: await line.open() } };
    await rig.enrol([node]);
    await rig.start(settings);
    await rig.rules();
    await appears("one");
    await keptUntil("one");
  });
  afterAll(async () => {
    await rig.close();
    line.close();
    await nats.stop("SIGKILL");
  });

  it("those that come while the server is down are delivered when it is back, in order, by a verifier that began meanwhile", async () => {
    await nats.stop();
    const before = rig.unsent.length;
    await appears("two");
    while (rig.unsent.length === before) await setTimeout(20);
    await rig.stop();
    await rig.start(settings);
    await appears("three");
    await nats.start();
    const kept = await keptUntil("three");
    expect(labelsOf(kept)).toEqual([undefined, "one", "two", "three"]);
    expect(kept.map(({ id }) => id)).toEqual(kept.map(({ change }) => `isoline-${change.id}`));
  });

  it("one whose acknowledgement was lost is sent again under the same id, and the server drops it", async () => {
    // Those before are acknowledged to the last: what is cut is the acknowledgement of this one.
    while (line.acknowledged.length < line.sent.length) await setTimeout(20);
    const before = line.acknowledged.length;
    line.cutsNext = true;
    await appears("four");
    while (line.acknowledged.length < before + 2) await setTimeout(20);
    const kept = await keptUntil("four");
    expect(labelsOf(kept)).toEqual([undefined, "one", "two", "three", "four"]);
    const last = kept.at(-1)?.id;
    expect(line.sent.filter((id) => id === last)).toEqual([last, last]);
    expect(line.acknowledged.slice(before)).toEqual([
      expect.not.stringContaining("duplicate"),
      expect.stringMatching(/"duplicate": ?true/),
    ]);
  });

  it("the stream knows an id for longer than a verifier waits until it tries again", async () => {
    const { config } = await nats.using(({ streams }) => streams.info(STREAM));
    expect(config.duplicate_window).toBeGreaterThan(LONGEST_WAIT_NS);
  });

  it("a stream that an earlier version made knows ids for as long from then on, and keeps what it has", async () => {
    const short = { duplicate_window: 120 * 1e9 };
    await nats.using(({ streams }) => streams.update(STREAM, short));
    const before = await nats.kept();
    await rig.stop();
    await rig.start(settings);
    await appears("later");
    expect(labelsOf(await keptUntil("later"))).toEqual([...labelsOf(before), "later"]);
    const { config } = await nats.using(({ streams }) => streams.info(STREAM));
    expect(config).toMatchObject({ duplicate_window: 600 * 1e9, subjects: [expect.any(String)] });
  });

  it("those that come after the stream was removed are kept in one that is made anew", async () => {
    await nats.using(({ streams }) => streams.delete(STREAM));
    await appears("five");
    expect(labelsOf(await keptUntil("five"))).toEqual(["five"]);
  });
});

/** What a server says of itself that has no TLS, or in whose place another one answers. */
const IN_THE_CLEAR = { server_id: "n", version: "2.10.0", proto: 1, max_payload: 2 ** 20, tls_available: false };

describe.skipIf(needsNats || !isInstalled("openssl"))("changes for servers by TLS (needs nats-server, openssl)", () => {
  const rig = new Rig();
  const node = new SoftwareNode("node-1");
  const files = { certificate: join(rig.place, "nats.pem"), key: join(rig.place, "nats.key") };
  const nats = new NatsServer(join(rig.place, "nats"), files);
  const heard: string[] = [];
  const other = createServer((client) => {
    client.on("error", () => {}).on("data", (bytes) => heard.push(bytes.toString("latin1")));
    client.write(`INFO ${JSON.stringify(IN_THE_CLEAR)}\r\n`);
  });

  beforeAll(async () => {
    const words = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -days 2 -subj /CN=nats -addext";
    const made = ["subjectAltName=DNS:localhost", "-keyout", files.key, "-out", files.certificate];
    execFileSync("openssl", [...words.split(" "), ...made], { stdio: "pipe" });
    await nats.start();
    other.listen(0, "127.0.0.1");
    await once(other, "listening");
    await rig.enrol([node]);
  });
  afterAll(async () => {
    await rig.close();
    other.close();
    await nats.stop("SIGKILL");
  });

  it("are sent to none whose certificate leads to no known one, and say nothing to one without TLS", async () => {
    const { port } = other.address() as AddressInfo;
    await rig.start({ nats: { servers: `${nats.address},tls://localhost:${port}` } });
    await rig.rules();
    await rig.attest(node);
    await expect.poll(() => rig.unsent.length, { timeout: 30_000 }).toBeGreaterThan(1);
    await rig.stop();
    expect([await nats.kept(), heard]).toEqual([[], []]);
  });

  it("are sent to one whose certificate leads to a known one", async () => {
    await rig.start({ nats: { servers: nats.address, ca: files.certificate } });
    const kept = async () => (await nats.kept()).map(({ change }) => change.label);
    await expect.poll(kept, { timeout: 60_000 }).toEqual([undefined, "web"]);
  });
});
