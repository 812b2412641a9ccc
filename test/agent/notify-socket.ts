/** The socket of a service manager (sd_notify(3)): Node has no datagrams of this family, so Python listens. */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { until } from "../faults/bench.ts";
import { isInstalled } from "../support/machine.ts";

export const needsNotify = !isInstalled("systemd-notify") || !isInstalled("python3");

/** Writes each datagram as a line: in whose name it was sent, as the kernel says, and its text. */
const LISTENER = `
import socket, struct, sys
listening = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
listening.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
listening.bind(sys.argv[1])
while True:
    text, passed, _, _ = listening.recvmsg(4096, socket.CMSG_SPACE(12))
    pids = [struct.unpack("3i", data)[0] for _, kind, data in passed if kind == 2]
    with open(sys.argv[2], "ab") as heard:
        heard.write(b"%d %s\\n" % (pids[0] if pids else 0, text.strip().replace(b"\\n", b" ")))
`;

export class NotifySocket {
  readonly path: string;
  readonly #heard: string;
  readonly #listener: ChildProcess;

  private constructor(directory: string) {
    this.path = join(directory, "notify");
    this.#heard = join(directory, "heard");
    this.#listener = spawn("python3", ["-c", LISTENER, this.path, this.#heard], { stdio: "ignore" });
  }

  /** Listens in a directory. */
  static async open(directory: string): Promise<NotifySocket> {
    const socket = new NotifySocket(directory);
    await until(() => existsSync(socket.path));
    return socket;
  }

  /** What was said in the name of this process, in order; of all if it is left out. A message is the states that it names. */
  heard(pid?: number): readonly string[] {
    const text = existsSync(this.#heard) ? readFileSync(this.#heard, "utf8") : "";
    const lines = text.split("\n").slice(0, -1);
    const own = pid === undefined ? lines : lines.filter((line) => line.startsWith(`${pid} `));
    return own.map((line) => line.slice(line.indexOf(" ") + 1));
  }

  /** How often a state was named in the name of this process; of all if it is left out. */
  times(state: string, pid?: number): number {
    return this.heard(pid).filter((message) => message.split(" ").includes(state)).length;
  }

  close(): void {
    this.#listener.kill();
  }
}
