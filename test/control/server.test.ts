/** The control socket of a fake namespace, with well-behaved and hostile clients. */
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { request } from "node:http";
import { connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Digest } from "@isoline/core/digest";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { assertNameFree, findNamespace, liveNamespaces } from "../../packages/isoline/src/control/directory.ts";
import { openControlDirectory, socketPath } from "../../packages/isoline/src/control/place.ts";
import { ControlServer } from "../../packages/isoline/src/control/server.ts";
import { FakeNamespace } from "./namespace.ts";

let runtime = "";
let before: string | undefined;
const open: ControlServer[] = [];

beforeEach(() => {
  before = process.env["XDG_RUNTIME_DIR"];
  runtime = mkdtempSync(join(tmpdir(), "isoline-control-"));
  process.env["XDG_RUNTIME_DIR"] = runtime;
});
afterEach(async () => {
  for (const server of open.splice(0)) await server.close();
  if (before === undefined) delete process.env["XDG_RUNTIME_DIR"];
  else process.env["XDG_RUNTIME_DIR"] = before;
  rmSync(runtime, { recursive: true, force: true });
});

async function serve(namespace: FakeNamespace): Promise<ControlServer> {
  const server = await ControlServer.open(namespace);
  open.push(server);
  return server;
}

/** The namespaces of this test; the user may have others on the machine. */
const ours = async () => (await liveNamespaces()).map(({ name }) => name).filter((name) => name.startsWith("t-"));

describe("a live namespace", () => {
  it("is found by its name, and by the beginning of it if that is unique", async () => {
    await serve(new FakeNamespace("t-web"));
    await serve(new FakeNamespace("t-worker"));
    expect(await ours()).toEqual(["t-web", "t-worker"]);
    expect((await findNamespace("t-web")).name).toBe("t-web");
    expect((await findNamespace("t-wo")).name).toBe("t-worker");
    await expect(findNamespace("t-w")).rejects.toMatchObject({ code: "no-such-namespace" });
    await expect(findNamespace("t-x")).rejects.toThrow(/live are: .*t-web, t-worker/);
  });

  it("reports its state, its processes and their trust", async () => {
    await serve(new FakeNamespace("t-web"));
    const client = await findNamespace("t-web");
    expect(await client.state()).toMatchObject({
      isoline: 1,
      name: "t-web",
      pid: 4242,
      supervisor: process.pid,
      command: "sh -c 'sleep 1'",
      contour: "app.contour",
      mode: "learn",
      points: 7,
      events: 10,
      processes: 2,
    });
    expect(await client.trust()).toHaveLength(2);
    expect(await client.trust(4243)).toMatchObject([{ pid: 4243, trusted: false }]);
    expect(await client.trust(1)).toEqual([]);
  });

  it("says what evidence says, bound to a challenge only where one is given", async () => {
    await serve(new FakeNamespace("t-web"));
    const client = await findNamespace("t-web");
    const [challenge, aggregate] = ["ab".repeat(32) as Digest, "cd".repeat(32) as Digest];
    expect(await client.attest(undefined)).toMatchObject({ name: "t-web", image: null, bound: null, points: 7 });
    expect(await client.attest({ challenge, aggregate })).toMatchObject({ bound: challenge });
    for (const wrong of ["c0ffee", `${challenge}0`, "-".repeat(64)])
      await expect(client.attest({ challenge: wrong as Digest, aggregate })).rejects.toThrow(
        "64 digits each, or neither",
      );
  });

  it("is sealed on request", async () => {
    const namespace = new FakeNamespace("t-web");
    await serve(namespace);
    expect(await (await findNamespace("t-web")).seal()).toMatchObject({ mode: "watch" });
    expect(namespace.asked).toContainEqual({ ask: "seal" });
  });

  it("streams events until it ends", async () => {
    const namespace = new FakeNamespace("t-web");
    const server = await serve(namespace);
    const seen: unknown[] = [];
    const stream = (await findNamespace("t-web")).events();
    const reading = (async () => {
      for await (const line of stream) {
        seen.push(line);
        if (seen.length === 2) await server.close();
      }
    })();
    await expect.poll(() => namespace.followers.size).toBe(1);
    namespace.happen(1);
    namespace.happen(2);
    await reading;
    expect(seen).toMatchObject([{ sequence: 1 }, { sequence: 2 }]);
    await expect.poll(() => namespace.followers.size).toBe(0);
  });

  it("has a generated short name if none was given", async () => {
    const { name, path } = await serve(new FakeNamespace());
    expect(name).toMatch(/^[0-9a-f]{8}$/);
    expect(path).toBe(join(runtime, "isoline", `${name}.sock`));
  });

  it("leaves no socket behind", async () => {
    const server = await serve(new FakeNamespace("t-web"));
    await server.close();
    expect(existsSync(server.path)).toBe(false);
    expect(await ours()).toEqual([]);
  });
});

describe("a name", () => {
  it("is free again when the process that had it was killed", async () => {
    const path = socketPath(openControlDirectory(), "t-killed");
    const code = "require('net').createServer().listen(process.argv[1], () => process.kill(process.pid, 'SIGKILL'))";
    expect(spawnSync(process.execPath, ["-e", code, path]).signal).toBe("SIGKILL");
    expect(existsSync(path)).toBe(true);
    const server = await serve(new FakeNamespace("t-killed"));
    expect(server.path).toBe(path);
    expect(await ours()).toEqual(["t-killed"]);
  });

  it("is given only once where several take it together from a process that was killed", async () => {
    const path = socketPath(openControlDirectory(), "t-left");
    const code = "require('net').createServer().listen(process.argv[1], () => process.kill(process.pid, 'SIGKILL'))";
    expect(spawnSync(process.execPath, ["-e", code, path]).signal).toBe("SIGKILL");
    const outcomes = await Promise.allSettled(Array.from({ length: 5 }, () => serve(new FakeNamespace("t-left"))));
    const refused = outcomes.flatMap((each) => (each.status === "rejected" ? [each.reason as unknown] : []));
    expect(refused).toEqual(
      Array.from({ length: 4 }, () => expect.objectContaining({ code: "name-taken" }) as unknown),
    );
    expect(await (await findNamespace("t-left")).state()).toMatchObject({ name: "t-left" });
    expect(readdirSync(openControlDirectory())).toEqual(["t-left.sock"]);
  });

  it("is given only once", async () => {
    await serve(new FakeNamespace("t-web"));
    await expect(assertNameFree("t-web")).rejects.toMatchObject({ code: "name-taken" });
    await expect(ControlServer.open(new FakeNamespace("t-web"))).rejects.toMatchObject({ code: "name-taken" });
    await expect(assertNameFree("t-other")).resolves.toBeUndefined();
  });

  it.each(["../t", "", ".t", "a/b", "a b", "x".repeat(41), "-t"])("cannot be %j", async (name) => {
    await expect(assertNameFree(name)).rejects.toMatchObject({ code: "usage" });
  });
});

describe("a socket without a listener", () => {
  it("is removed by a search, once it is too old for a supervisor that does not listen yet", async () => {
    const stale = join(openControlDirectory(), "t-dead.sock");
    const server = createServer().listen(stale);
    await new Promise((resolve) => server.once("listening", resolve));
    // Closing would remove the socket; a killed supervisor cannot remove it.
    const kept = `${stale}.kept`;
    const { linkSync, renameSync } = await import("node:fs");
    linkSync(stale, kept);
    await new Promise((resolve) => server.close(resolve));
    renameSync(kept, stale);
    expect(existsSync(stale)).toBe(true);
    expect([await ours(), existsSync(stale)]).toEqual([[], true]);
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 60_000 });
    expect([await ours(), existsSync(stale)]).toEqual([[], false]);
    vi.useRealTimers();
  });
});

describe("the directory of the sockets", () => {
  it("belongs to the owner alone, and so do the sockets", async () => {
    const { path } = await serve(new FakeNamespace("t-web"));
    expect(lstatSync(join(runtime, "isoline")).mode & 0o777).toBe(0o700);
    expect(lstatSync(path).mode & 0o777).toBe(0o600);
  });

  it.each<[string, (at: string) => void]>([
    ["is open to other users", (at) => (mkdirSync(at), chmodSync(at, 0o755))],
    ["is a symbolic link", (at) => (mkdirSync(`${at}-real`, { mode: 0o700 }), symlinkSync(`${at}-real`, at))],
    ["is a file", (at) => writeFileSync(at, "")],
  ])("is not used if it %s", (_, prepare) => {
    prepare(join(runtime, "isoline"));
    expect(openControlDirectory()).not.toContain(runtime);
  });

  it("is not in a folder that other users may write to", () => {
    chmodSync(runtime, 0o777);
    expect(openControlDirectory()).not.toContain(runtime);
  });
});

describe("a hostile client", () => {
  /** Writes one request by hand; returns its status and body. */
  const ask = (path: string, method: string, target: string, headers: Record<string, string> = {}, body?: string) =>
    new Promise<{ status: number; body: string }>((resolve, reject) => {
      const outgoing = request({ socketPath: path, path: target, method, headers }, (response) => {
        let text = "";
        response.on("data", (piece: Buffer) => (text += piece.toString("utf8")));
        response.on("end", () => resolve({ status: response.statusCode ?? 0, body: text }));
        response.on("error", reject);
      });
      outgoing.on("error", reject);
      outgoing.end(body);
    });
  const raw = (path: string, bytes: string): Promise<string> =>
    new Promise((resolve) => {
      const socket: Socket = connect({ path });
      let text = "";
      socket.on("data", (piece) => (text += piece.toString("latin1")));
      socket.on("error", () => resolve(text));
      socket.on("close", () => resolve(text));
      socket.write(bytes);
    });

  it.each([
    ["GET", "/"],
    ["GET", "/seal"],
    ["POST", "/stop"],
    ["POST", "/trust"],
    ["PUT", "/contour"],
    ["DELETE", "/state"],
    ["GET", "/../../etc/passwd"],
  ])("gets no answer to %s %s", async (method, target) => {
    const namespace = new FakeNamespace("t-web");
    const { path } = await serve(namespace);
    const { status, body } = await ask(path, method, target);
    expect(status).toBe(404);
    expect(JSON.parse(body)).toMatchObject({ error: { code: "usage" } });
    expect(namespace.asked).toEqual([]);
  });

  it("cannot send a body that is larger than any request", async () => {
    const namespace = new FakeNamespace("t-web");
    const { path } = await serve(namespace);
    const head = "POST /seal HTTP/1.1\r\nhost: x\r\n";
    expect(await raw(path, `${head}content-length: 1000000\r\n\r\n${"x".repeat(5000)}`)).toMatch(/^(HTTP\/1.1 413|$)/);
    expect(await raw(path, `${head}transfer-encoding: chunked\r\n\r\n`)).toMatch(/^(HTTP\/1.1 413|$)/);
    expect(namespace.asked).toEqual([]);
  });

  it("is disconnected if it sends invalid HTTP, or too much of it", async () => {
    const { path } = await serve(new FakeNamespace("t-web"));
    expect(await raw(path, "\0\x01\x02garbage\r\n\r\n")).toBe("");
    expect(await raw(path, `GET /state HTTP/1.1\r\nx: ${"y".repeat(100_000)}\r\n\r\n`)).toBe("");
    expect(await (await findNamespace("t-web")).state()).toMatchObject({ name: "t-web" });
  });

  it("has at most 32 requests wait in the namespace, however many it sends over one connection", async () => {
    const namespace = new FakeNamespace("t-web");
    const { path } = await serve(namespace);
    namespace.stuck = true;
    const socket = connect({ path });
    socket.on("error", () => {});
    socket.write("GET /departures?from=0 HTTP/1.1\r\nhost: x\r\n\r\n".repeat(100));
    await expect.poll(() => namespace.asked.length).toBe(32);
    namespace.stuck = false;
    expect(await ask(path, "GET", "/departures")).toMatchObject({ status: 503 });
    expect(namespace.asked).toHaveLength(32);
    socket.destroy();
  });

  it("that asks for events and does not read them gets a count of the missed ones, and uses no memory", async () => {
    const namespace = new FakeNamespace("t-web");
    const { path } = await serve(namespace);
    const socket = connect({ path });
    socket.pause();
    socket.write("GET /events HTTP/1.1\r\nhost: x\r\n\r\n");
    await expect.poll(() => namespace.followers.size).toBe(1);
    const act = `open access=read path=/${"x".repeat(4000)}`;
    for (let sequence = 1; sequence <= 2000; sequence++) namespace.happen(sequence, act);
    let text = "";
    socket.on("data", (piece) => (text += piece.toString("latin1")));
    socket.resume();
    await expect.poll(() => text.length).toBeGreaterThan(500_000);
    expect(text.length).toBeLessThan(2000 * 4000);
    await expect
      .poll(() => {
        namespace.happen(9999);
        return /\{"lost":\d+\}/.test(text);
      })
      .toBe(true);
    socket.destroy();
  });
});

describe("a namespace that does not answer", () => {
  it("counts as ended", async () => {
    const namespace = new FakeNamespace("t-web");
    await serve(namespace);
    namespace.over = true;
    await expect((await findNamespace("t-web")).state()).rejects.toMatchObject({ code: "namespace-lost" });
  });
});

describe("a socket of another program", () => {
  it.each([
    ["no JSON", "HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nfoo"],
    ["another document", "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}"],
    ["no HTTP", "hello\r\n"],
    ["nothing", ""],
  ])("that answers with %s is refused in one line", async (_, answer) => {
    const server = createServer((socket) => {
      socket.on("error", () => {});
      socket.resume();
      socket.end(answer);
    }).listen(join(openControlDirectory(), "t-fake.sock"));
    await new Promise((resolve) => server.once("listening", resolve));
    await expect((await findNamespace("t-fake")).state()).rejects.toMatchObject({ code: "namespace-lost" });
    await new Promise((resolve) => server.close(resolve));
  });
});
