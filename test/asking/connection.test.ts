/** The approver's server hears the process that connected, and no other that was left the connection. */
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ApproverServer } from "../../packages/isoline/src/control/approver-server.ts";
import { Questions } from "../../packages/isoline/src/namespace/questions.ts";
import type { Ask, Request } from "../../packages/isoline/src/namespace/requests.ts";
import { ended } from "../support/isoline.ts";

const PYTHON = "/usr/bin/python3";
/** Connects in a child, which lives on or ends; asks from the process that was left the connection. */
const ASKS = `
import os, socket, sys, time
client = socket.socket(socket.AF_UNIX)
done, connected = os.pipe()
child = os.fork()
if child == 0:
    client.connect(sys.argv[1])
    time.sleep(0.3)
    os.write(connected, b"x")
    if sys.argv[2] == "lives":
        time.sleep(60)
    os._exit(0)
os.read(done, 1)
if sys.argv[2] == "ends":
    os.waitpid(child, 0)
client.settimeout(20)
try:
    client.sendall(b"GET /questions HTTP/1.1\\r\\nhost: any\\r\\n\\r\\n")
    print("heard" if client.recv(4096) else "not heard")
except OSError:
    print("not heard")
os.kill(child, 9)
`;

describe.skipIf(!existsSync(PYTHON))("a connection to the approver socket (needs python3)", () => {
  let place = "";
  let server: ApproverServer | undefined;
  beforeEach(() => {
    place = mkdtempSync(join(tmpdir(), "isoline-approver-"));
  });
  afterEach(async () => {
    await server?.close();
    rmSync(place, { recursive: true, force: true });
  });

  /** Asks the server of a namespace that says so of each process; returns what was heard, and which process was turned away. */
  async function asks(child: "lives" | "ends", isMember: boolean | undefined) {
    const intruders: number[] = [];
    const ask = (async ({ ask: what }: Request) => (what === "member" ? isMember : true)) as Ask;
    const questions = new Questions(ask);
    server = await ApproverServer.open(
      { name: "web", ask, questions, onIntruder: (pid) => intruders.push(pid) },
      place,
    );
    const { stdout } = await ended(PYTHON, ["-c", ASKS, server.path, child], { cwd: place });
    return { heard: stdout.trim(), intruders: intruders.length };
  }

  it.each([
    ["is heard while the process that connected lives", "lives", false, "heard", 0],
    ["is not heard from a process that was left it", "ends", false, "not heard", 1],
    ["is not heard from a member", "lives", true, "not heard", 1],
    ["is not heard where the namespace has no answer", "lives", undefined, "not heard", 1],
  ] as const)("%s", async (_, child, isMember, heard, intruders) => {
    expect(await asks(child, isMember)).toEqual({ heard, intruders });
  });
});
