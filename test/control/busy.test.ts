/** A socket whose server is busy is no socket that was left: another server that looks for a free place leaves it alone. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Hosting } from "../../packages/isoline/src/agent/hosted.ts";
import type { Metrics } from "../../packages/isoline/src/agent/metrics.ts";
import { MetricsServer } from "../../packages/isoline/src/agent/metrics-server.ts";
import { AgentServer, ownDoor } from "../../packages/isoline/src/agent/server.ts";
import { isLive, removeLeft } from "../../packages/isoline/src/control/liveness.ts";
import { ControlServer } from "../../packages/isoline/src/control/server.ts";
import { EngineServer } from "../../packages/isoline/src/engine/server.ts";
import type { CliError } from "../../packages/isoline/src/error.ts";
import { isInstalled } from "../support/machine.ts";
import { FakeNamespace } from "./namespace.ts";

let place = "";
let path = "";
let server: Awaited<ReturnType<typeof busyAt>>;

/** A server that is busy: nothing takes its connections, and no further one fits. */
const BUSY = `
import socket, sys
server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
server.bind(sys.argv[1])
server.listen(0)
waiting = [socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) for _ in range(8)]
for each in waiting:
    each.setblocking(False)
    try:
        each.connect(sys.argv[1])
    except BlockingIOError:
        break
print("busy", flush=True)
sys.stdin.read()
`;

describe.skipIf(!isInstalled("python3"))("a server whose queue is full (needs python3)", () => {
  beforeEach(async () => {
    place = mkdtempSync(join(tmpdir(), "isoline-busy-"));
    path = join(place, "own.sock");
    server = await busyAt(path);
  });
  afterEach(async () => {
    await end();
    rmSync(place, { recursive: true, force: true });
  });

  it("listens, until it has ended", async () => {
    expect([await isLive(path), await removeLeft(path), existsSync(path)]).toEqual([true, false, true]);
    await end();
    expect([await removeLeft(path), existsSync(path)]).toEqual([true, false]);
  });

  it("loses its socket to no supervisor, agent, engine or server of metrics", async () => {
    const engine = { addresses: [`unix:${path}`], proves: "", sensors: [], most: 1, megabytes: 1 };
    const silent = { began: () => {}, ended: () => {} };
    const metrics = { kind: "unix", path } as const;
    const begun = await Promise.allSettled([
      ControlServer.at(new FakeNamespace("t-busy"), "t-busy", path),
      AgentServer.open(ownDoor(path), {}),
      EngineServer.open(engine, silent),
      MetricsServer.open(metrics, {} as Metrics, {} as Hosting),
    ]);
    const codes = begun.map((each) => (each.status === "rejected" ? (each.reason as CliError).code : each.status));
    expect(codes).toEqual(["name-taken", "name-taken", "cannot-write", "cannot-write"]);
    expect(existsSync(path)).toBe(true);
  });
});

async function busyAt(socket: string) {
  const process = spawn("python3", ["-c", BUSY, socket], { stdio: ["pipe", "pipe", "inherit"] });
  await once(process.stdout, "data");
  return process;
}

async function end(): Promise<void> {
  if (server.exitCode !== null) return;
  const ended = once(server, "exit");
  server.stdin.end();
  await ended;
}
