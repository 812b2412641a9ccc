/** A directory with one probe, some files, and a listener that must not be reached, for runs of one script each. */
import { execFileSync } from "node:child_process";
import { chownSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import { compileProbe, workplace } from "./case.ts";
import { type Order, type Outcome, supervise } from "./supervised.ts";
import type { Script } from "./script.ts";

export class Bench {
  readonly directory: string;
  readonly uid: number | undefined;
  /** The number of connections to the listener. */
  connections = 0;
  #server: Server | undefined;

  constructor(uid?: number, ...flags: string[]) {
    this.uid = uid;
    this.directory = workplace(uid);
    compileProbe(this.directory, ...flags);
    this.lay();
  }

  /** Restores the files. */
  lay(): void {
    for (const name of ["new", "made", "moved"]) rmSync(this.at(name), { recursive: true, force: true });
    for (const [name, text] of [
      ["file", "text\n"],
      ["other", "more\n"],
    ] as const) {
      writeFileSync(this.at(name), text);
      if (this.uid !== undefined) chownSync(this.at(name), this.uid, this.uid);
    }
  }

  at(name: string): string {
    return join(this.directory, name);
  }

  /** The listener's address, as `struct sockaddr_in`. */
  async listen(): Promise<Buffer> {
    const server = createServer((socket) => {
      this.connections += 1;
      socket.destroy();
    }).listen(0, "127.0.0.1");
    this.#server = server;
    await new Promise((resolve) => server.once("listening", resolve));
    const { port } = server.address() as { port: number };
    return Buffer.from([2, 0, port >> 8, port & 255, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]);
  }

  run(scripts: readonly Script[], order: Partial<Order> = {}): Promise<Outcome> {
    return supervise({ command: ["./probe", ...scripts.flat()], directory: this.directory, uid: this.uid, ...order });
  }

  /** The events of a run, without its directory. */
  acts({ events }: Outcome): string[] {
    return events.map(({ act }) =>
      act.replaceAll(`${this.directory}/`, "./").replace(new RegExp(`${this.directory}(?= |$)`, "g"), "."),
    );
  }

  close(): void {
    this.#server?.close();
    // Deeper than a path can name, if a test went there.
    execFileSync("rm", ["-rf", "--", this.directory]);
  }
}
