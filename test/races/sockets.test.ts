/**
 * Raced sockets: the address in memory, the socket of a descriptor, and the state of the connection change all the time. The
 * supervisor connects, binds and sends itself, so no address off contour is ever reached, with Landlock or without.
 */
import { execFileSync } from "node:child_process";
import { createSocket, type Socket } from "node:dgram";
import { chmodSync, chownSync, mkdtempSync, rmSync } from "node:fs";
import { once } from "node:events";
import { connect, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { until } from "../faults/bench.ts";
import { compiler, NOBODY } from "../sensor/case.ts";
import { isBuilt, isoline } from "../support/isoline.ts";
import { isCI, isRoot } from "../support/machine.ts";

/** One act of each class. The others differ in how the address comes, and a race that can be won is won within a few thousand tries. */
const OF_CLASS = new Set(["connect", "sendto", "bind", "listen"]);
const triesOf = (how: string) => String(!isCI ? 5000 : OF_CLASS.has(how) ? 100_000 : 20_000);
const ROUNDS = 5;
/** What sockets.c ends with where the kernel lacks what is raced. */
const LACKED = 77;
const FIRST_PORT = 20_000 + 2 * (process.pid % 5000);
const uid = isRoot ? NOBODY : undefined;

describe.skipIf(compiler === undefined || !isBuilt)("raced sockets (needs gcc, a build)", () => {
  let directory: string;
  const servers: Server[] = [];
  const receivers: Socket[] = [];
  const ports: number[] = [];
  let strays = 0;
  /** The port of the client whose connection was taken last. */
  let latest: number | undefined;

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), "isoline-sockets-"));
    chmodSync(directory, 0o755);
    if (uid !== undefined) chownSync(directory, uid, uid);
    const source = fileURLToPath(new URL("sockets.c", import.meta.url));
    execFileSync("gcc", ["-O1", "-w", "-static", "-o", "sockets", source, "-lpthread"], { cwd: directory });
    for (const index of [0, 1]) {
      const server = createServer((socket) => {
        if (index === 1) strays += 1;
        latest = socket.remotePort;
        socket
          .on("error", () => {})
          .on("end", () => socket.destroy())
          .resume();
      });
      // Below the ports that the kernel chooses, which the lens levels for datagrams.
      const port = FIRST_PORT + index;
      await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
      servers.push(server);
      ports.push(port);
      const receiver = createSocket("udp4", () => {
        if (index === 1) strays += 1;
      });
      await new Promise<void>((resolve) => receiver.bind(port, "127.0.0.1", resolve));
      receivers.push(receiver);
    }
  });
  afterAll(() => {
    for (const server of servers) server.close();
    for (const receiver of receivers) receiver.close();
    rmSync(directory, { recursive: true, force: true });
  });

  const run = (words: readonly string[], how: string, tries: string, to: readonly string[]) =>
    isoline([...words, "-q", "--", "./sockets", how, tries, ...to], { cwd: directory, uid });

  /** Connects to the second server: connections are taken in their order, so what came before was counted. */
  const settled = async () => {
    const last = connect(ports[1] as number, "127.0.0.1");
    await once(last, "connect");
    await until(() => latest === last.localPort);
    last.destroy();
    strays -= 1;
  };
  /** Permitted, and off contour. */
  const portsOf = (how: string): readonly string[] => {
    if (how === "bind") return ["0", String(FIRST_PORT - 1)];
    if (how === "listen") return [FIRST_PORT - 10_000, FIRST_PORT - 9999].map(String);
    return ports.map(String);
  };

  /** Once more if one side never had its turn, which a busy machine may bring about. */
  const race = async (how: string, one: string, other: string) => {
    for (let round = 1; ; round++) {
      strays = 0;
      const words = ["run", "--enforce", "--no-landlock", "contour"];
      const { stdout, stderr } = await run(words, how, triesOf(how), [one, other]);
      if (stdout === "") throw new Error(`${how} said nothing: ${stderr}`);
      const [allowed = 0, won, refused = 0, dissolved = 0] = stdout.trim().split(" ").map(Number);
      await settled();
      const raced = allowed > 0 && refused > 0 && (how !== "other" || dissolved > 0);
      if (raced || won !== 0 || strays !== 0 || round === ROUNDS) return { won, strays, raced };
    }
  };

  it.for([
    "connect",
    "dissolve",
    "number",
    "other",
    "sendto",
    "sendmsg",
    "sendmmsg",
    "zerocopy",
    "none",
    "bind",
    "listen",
    "form",
  ])("%s: no address off contour is reached", { timeout: 600_000 }, async (how, { skip }) => {
    const [one = "", other = ""] = portsOf(how);
    const second = how === "form" || how === "listen" ? other : one;
    const { status } = await run(["learn", "-o", "contour"], how, "1", [one, second]);
    skip(status === LACKED, `this kernel cannot race "${how}"`);
    expect(await race(how, one, other)).toEqual({ won: 0, strays: 0, raced: true });
  });
});
