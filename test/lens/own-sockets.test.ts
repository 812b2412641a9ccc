/**
 * A port or name that the kernel chose for the namespace is levelled the same from run to run. A port or name of another
 * program that looks the same never passes for it.
 */
import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Bench, until } from "../faults/bench.ts";
import { type Ended, isBuilt } from "../support/isoline.ts";

const python = ["/usr/bin/python3"].find(existsSync);
const OWN =
  "own reached\ninherited reached\nclosed 111\nagain reached\nwide reached\ndatagram b'y'\nnamed reached\ndrawn bound reached\n";
const EPERM = 1;
const LISTENS = `import socket,sys
s=socket.socket(); s.setsockopt(socket.SOL_SOCKET,socket.SO_REUSEPORT,1); s.bind(("127.0.0.1",int(sys.argv[1]))); s.listen(5)
print("ready",flush=True); sys.stdin.read()`;

describe.skipIf(python === undefined || !isBuilt)("sockets (needs python3, a build)", () => {
  let bench: Bench;
  let learnt: Ended;
  const command = (...words: readonly string[]) => [python as string, "own-sockets.py", ...words];

  beforeAll(async () => {
    bench = new Bench();
    bench.write("own-sockets.py", readFileSync(fileURLToPath(new URL("./own-sockets.py", import.meta.url)), "utf8"));
    learnt = await bench.run("learn -q -o contour", command());
  });
  afterAll(() => bench?.clear());

  it("of its own: called by no number, and on contour each time", async () => {
    expect([learnt.status, learnt.stdout]).toEqual([0, OWN]);
    const addresses = bench.read("contour").match(/address=\S+/g) ?? [];
    const expected = ["127.0.0.1:$own", "127.0.0.1:$ephemeral", "0.0.0.0:0", "$autobind"].map(
      (each) => `address=${each}`,
    );
    expect(addresses).toEqual(expect.arrayContaining(expected));
    expect(addresses.filter((address) => /:[1-9]\d+$|@[0-9a-f]{5}$/.test(address))).toEqual([]);
    for (const words of ["check -q contour --report report.json", "check -q contour --enforce --report report.json"]) {
      const { status, stdout } = await bench.run(words, command());
      expect([status, stdout, bench.report().departures]).toEqual([0, OWN, []]);
    }
  });

  /** Off contour and reported in both modes; refused when enforced. */
  const expectStranger = async (words: readonly string[], act: RegExp, before = ""): Promise<void> => {
    const watched = await bench.run("check -q contour --report report.json", command(...words));
    expect([watched.status, bench.report().departures.map((each) => each.act)]).toEqual([
      3,
      expect.arrayContaining([expect.stringMatching(act)]),
    ]);
    expect(watched.stdout).toContain(`${before}stranger `);
    const { stdout } = await bench.run("check -q contour --enforce", command(...words));
    expect(stdout).toContain(`${before}stranger ${EPERM}`);
  };

  it("of another program, at an ephemeral port: off contour", async () => {
    const stranger = createServer((socket) => socket.destroy()).listen(0, "127.0.0.1");
    await once(stranger, "listening");
    const { port } = stranger.address() as AddressInfo;
    await expectStranger(["direct", String(port)], new RegExp(`^connect .*127\\.0\\.0\\.1:${port}`));
    // The kernel gives the namespace the same number for another protocol.
    await expectStranger(["given", String(port)], new RegExp(`^connect .*127\\.0\\.0\\.1:${port}`), "\ngiven\n");
    stranger.close();
  });

  it.each([
    ["that was its own until another program got it", "later"],
    ["of which it has one socket and another program a second (SO_REUSEPORT)", "shared"],
  ])("at a port %s: off contour", async (_, way) => {
    bench.remove("port");
    bench.remove("taken");
    const running = bench.run("check -q contour --report report.json", command(way));
    await until(() => bench.has("port") && bench.read("port") !== "");
    const port = bench.read("port");
    const user = bench.uid === undefined ? {} : { uid: bench.uid, gid: bench.uid };
    const stranger = spawn(python as string, ["-c", LISTENS, port], { ...user, stdio: ["pipe", "pipe", "inherit"] });
    await once(stranger.stdout, "data");
    bench.write("taken", "");
    const { status, stdout } = await running;
    stranger.stdin.end();
    expect([status, stdout]).toEqual([3, `${OWN}mine reached\nstranger reached\n`]);
    const reached = new RegExp(`^connect .*127\\.0\\.0\\.1:${port}\\b`);
    expect(bench.report().departures.filter(({ act }) => reached.test(act))).toHaveLength(1);
  });

  it("datagrams to another program at an ephemeral port: not an answer to the namespace's own", async () => {
    const stranger = createSocket("udp4").bind(0, "127.0.0.1");
    await once(stranger, "listening");
    await expectStranger(["datagram", String(stranger.address().port)], /^send .*127\.0\.0\.1:\$foreign/);
    stranger.close();
  });

  it.each([
    ["that the kernel chose", "named", ""],
    ["that was drawn, which the workload tries to bind first", "drawn", "\\0/tmp/dbus-Str4ng3rXy7"],
  ])("another program's name %s: off contour", async (_, way, bound) => {
    const script = [
      `import socket,sys;a=socket.socket(socket.AF_UNIX);a.bind('${bound}');a.listen(5)`,
      "print(a.getsockname()[1:].decode(),flush=True);sys.stdin.read()",
    ].join("\n");
    const stranger = spawn(python as string, ["-c", script], { stdio: ["pipe", "pipe", "inherit"] });
    const name = String((await once(stranger.stdout, "data"))[0]).trim();
    await expectStranger([way, name], new RegExp(`^connect .*@${name}`));
    stranger.stdin.end();
  });
});
