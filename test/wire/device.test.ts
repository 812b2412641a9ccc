/** An engine at a character device, over which one session follows another: a terminal stands for a port of virtio-serial. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isBuilt, isoline } from "../support/isoline.ts";
import { isInstalled } from "../support/machine.ts";
import { TestEngine } from "./engine.ts";

/** Says the name of the device, and carries its bytes to whatever connects. The device is never at its end, as a busy port may be. */
const CARRIER = `
import os, pty, select, socket, sys, tty
master, slave = pty.openpty()
tty.setraw(slave)
listener = socket.socket(socket.AF_UNIX)
listener.bind(sys.argv[1])
listener.listen()
print(os.ttyname(slave), flush=True)
while True:
    end, _ = listener.accept()
    open_ = True
    while open_:
        for ready in select.select([end, master], [], [])[0]:
            taken = end.recv(4096) if ready is end else os.read(master, 4096)
            if ready is end and not taken: open_ = False
            elif ready is end:
                while taken: taken = taken[os.write(master, taken):]
            else:
                try: end.sendall(taken)
                except OSError: open_ = False
`;

describe.skipIf(!isBuilt || !isInstalled("python3"))("an engine at a device (needs a build and python3)", () => {
  const place = mkdtempSync(join(tmpdir(), "isoline-device-"));
  const socket = join(place, "socket");
  let carrier: ChildProcess;
  let engine: TestEngine;

  const learn = (name: string) => {
    const keys = ["--engine-key", engine.engineKey.publicFile, "--sensor-key", engine.sensorKey.privateFile];
    return isoline(["learn", "-q", "-o", name, "--engine", `unix:${socket}`, ...keys, "--", "true"], { cwd: place });
  };

  beforeAll(async () => {
    carrier = spawn("python3", ["-c", CARRIER, socket], { stdio: ["ignore", "pipe", "inherit"] });
    const [name] = (await once(carrier.stdout as NodeJS.ReadableStream, "data")) as [Buffer];
    engine = await new TestEngine(undefined, `device:${name.toString().trim()}`).start();
  });
  afterAll(async () => {
    await engine.close();
    carrier.kill("SIGKILL");
    rmSync(place, { recursive: true, force: true });
  });

  it("serves one session after another, though it never hears that one has ended", async () => {
    for (const name of ["one", "two"]) expect(await learn(name)).toMatchObject({ status: 0, stderr: "" });
    expect(readFileSync(join(place, "two"), "utf8")).toBe(readFileSync(join(place, "one"), "utf8"));
    expect(engine.log.match(/a namespace of .* began/g)).toHaveLength(2);
  });

  it("refuses what is no sensor, throws the rest of it away, and serves the next one", async () => {
    const stranger = connect(socket);
    await once(stranger, "connect");
    stranger.write("GET / HTTP/1.1\r\n".repeat(500));
    await engine.said("was given up: expected a frame of at most");
    stranger.destroy();
    await once(stranger, "close");
    expect(await learn("three")).toMatchObject({ status: 0, stderr: "" });
  });
});
