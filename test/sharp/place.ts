/** The folder in which a workload of the suite runs, laid out the same for every run, and what lies outside it. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  lchownSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer, type ListenOptions, type Server } from "node:net";
import { createSocket } from "node:dgram";
import { tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { NOBODY } from "../sensor/case.ts";
import { isRoot } from "../support/machine.ts";

/** What is compiled once for all runs. */
export interface Programs {
  readonly directory: string;
  readonly probe: string;
}

/** Compiles the probe of the sensor's tests, and a library that leaves a mark when it is loaded. */
export function compilePrograms(): Programs {
  const directory = mkdtempSync(join(tmpdir(), "isoline-sharp-"));
  chmodSync(directory, 0o755);
  const source = (path: string) => fileURLToPath(new URL(path, import.meta.url));
  const gcc = (...args: string[]) => execFileSync("gcc", ["-O1", "-w", ...args], { cwd: directory });
  gcc("-static", "-o", "probe", source("../sensor/probe.c"), "-lpthread");
  gcc("-shared", "-fPIC", "-o", "spy.so", source("./spy.c"));
  gcc("-shared", "-fPIC", "-DHARMLESS", "-o", "plain.so", source("./spy.c"));
  gcc("-o", "user", source("./user.c"), "./plain.so", "-Wl,-rpath,.");
  return { directory, probe: join(directory, "probe") };
}

/** Below the range that the kernel chooses from: the lens does not level these. */
const portsFrom = (first: number): number[] => Array.from({ length: 1000 }, (_, index) => first + index);

/** Listeners and numbers that are the same for every run of the suite, by the name that tables show for them. */
export class Outside {
  readonly words = new Map<string, string>();
  readonly #servers: Server[] = [];
  readonly #sockets: ReturnType<typeof createSocket>[] = [];

  static async open(directory: string): Promise<Outside> {
    const outside = new Outside();
    for (const [index, name] of ["known", "new"].entries()) {
      // Each of its own, so that one number has one name.
      const [fixed, free] = [20_000, 21_000].map((first) => portsFrom(first + 2000 * index)) as [number[], number[]];

      outside.words.set(`${name}-port`, String(await outside.#listen(0)));
      const path = join(directory, `${name}.socket`);
      await outside.#listen(path);
      chmodSync(path, 0o777);
      outside.words.set(`${name}-socket`, path);
      outside.words.set(`${name}-udp`, String(await outside.#udp(fixed)));
      outside.words.set(`${name}-udp-any`, String(await outside.#udp([0])));
      outside.words.set(`${name}-free`, String(await outside.#free(free)));
    }
    return outside;
  }

  close(): void {
    for (const server of this.#servers) server.close();
    for (const socket of this.#sockets) socket.close();
  }

  async #listen(where: number | string): Promise<number> {
    const server = createServer((socket) => socket.on("error", () => {}).destroy());
    this.#servers.push(server);
    await new Promise<void>((resolve) => {
      if (typeof where === "number") server.listen(where, "127.0.0.1", resolve);
      else server.listen(where, resolve);
    });
    const address = server.address();
    return typeof address === "object" && address ? address.port : 0;
  }

  /** Binds the first free port of these. */
  async #udp(ports: Iterable<number>): Promise<number> {
    for (const port of ports) {
      const socket = createSocket("udp4");
      const bound = await new Promise<boolean>((resolve) => {
        socket.once("error", () => resolve(false));
        socket.bind(port, "127.0.0.1", () => resolve(true));
      });
      if (!bound) continue;
      this.#sockets.push(socket);
      return socket.address().port;
    }
    throw new Error("no port is free");
  }

  /** A free port of these, which no other suite takes meanwhile: an abstract socket of its name is held as the claim. */
  async #free(ports: readonly number[]): Promise<number> {
    for (const port of ports) {
      // The claim comes first: a try at the port would disturb the suite that has it.
      const claim = await listening({ path: `\0isoline-test-port-${port}` });
      if (claim === undefined) continue;
      this.#servers.push(claim);
      const tried = await listening({ host: "127.0.0.1", port });
      if (tried === undefined) continue;
      await new Promise((resolve) => tried.close(resolve));
      return port;
    }
    throw new Error("no port is free");
  }
}

/** A server there; undefined where another has the place. */
function listening(where: ListenOptions): Promise<Server | undefined> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once("error", () => resolve(undefined));
    server.listen(where, () => resolve(server));
  });
}

/** One directory for one run. */
export class Place {
  readonly directory: string;
  readonly uid: number | undefined;
  readonly programs: Programs;
  readonly words: Map<string, string>;
  #victim: ChildProcess | undefined;

  constructor(programs: Programs, outside: Outside, asRoot: boolean) {
    this.programs = programs;
    this.words = new Map(outside.words);
    this.uid = isRoot && !asRoot ? NOBODY : undefined;
    this.directory = mkdtempSync(join(programs.directory, "run-"));
    this.#lay();
  }

  /** A path in it. */
  at(path: string): string {
    return join(this.directory, path);
  }

  /** The pid of a process outside the namespace, of the same user. */
  victim(): number {
    const identity = this.uid === undefined ? {} : { uid: this.uid, gid: this.uid };
    this.#victim ??= spawn("sleep", ["60"], { stdio: "ignore", ...identity });
    return this.#victim.pid ?? 0;
  }

  get victimLives(): boolean {
    const { exitCode, signalCode } = this.#victim ?? {};
    return exitCode === null && signalCode === null;
  }

  /** Replaces each `{name}` by a value from outside. */
  fill(text: string): string {
    return text.replaceAll(/\{([a-z-]+)\}/g, (whole, name: string) => this.words.get(name) ?? whole);
  }

  /** The reverse, for tables that are the same on every machine. */
  generalise(text: string): string {
    let general = text;
    for (const [name, word] of this.words) general = general.replaceAll(word, `{${name}}`);
    return general.replaceAll(basename(this.programs.directory), "…");
  }

  /** Copies a file from outside, which then belongs to the user of the place. */
  take(from: string, to: string): void {
    copyFileSync(from, to);
    if (this.uid !== undefined) lchownSync(to, this.uid, this.uid);
  }

  clear(): void {
    this.#victim?.kill("SIGKILL");
    rmSync(this.directory, { recursive: true, force: true });
  }

  write(path: string, content: string | Uint8Array, mode = 0o644): void {
    writeFileSync(this.at(path), content);
    chmodSync(this.at(path), mode);
    this.#own(path);
  }

  /** Replaces a file by another. */
  replace(path: string, content: string | Uint8Array): void {
    const { mode, uid, gid } = statSync(this.at(path));
    rmSync(this.at(path));
    this.write(path, content, mode & 0o7777);
    chownSync(this.at(path), uid, gid);
  }

  /** Changes the content of a file, and nothing else about it. */
  append(path: string, text: string): void {
    this.replace(path, Buffer.concat([readFileSync(this.at(path)), Buffer.from(text)]));
  }

  /** Copies a program; an existing file keeps its owner and mode. */
  copy(from: string, to: string): void {
    const content = readFileSync(resolve(this.directory, from));
    if (existsSync(this.at(to))) this.replace(to, content);
    else this.write(to, content, 0o755);
  }

  remove(path: string): void {
    rmSync(this.at(path));
  }

  folder(path: string): void {
    mkdirSync(this.at(path), { recursive: true });
    chmodSync(this.at(path), 0o755);
    this.#own(path);
  }

  symlink(to: string, path: string): void {
    symlinkSync(to, this.at(path));
    this.#own(path);
  }

  #own(path: string): void {
    if (this.uid !== undefined) lchownSync(this.at(path), this.uid, this.uid);
  }

  #lay(): void {
    for (const folder of ["", "dir", "empty", "home", "home/.ssh", "bin"]) this.folder(folder);
    this.write("data", "data\n");
    this.write("secret", "secret\n");
    this.write("log", "log\n");
    this.write("dir/inner", "inner\n");
    this.write("home/.ssh/id_ed25519", "key\n", 0o600);
    this.write("script", "#!/bin/sh\necho done >> log\n", 0o755);
    this.write("list", "list\n");
    this.symlink("data", "alias");
    for (const name of ["probe", "tool", "library"]) linkSync(this.programs.probe, this.at(name));
    for (const name of ["user", "plain.so", "spy.so"]) linkSync(join(this.programs.directory, name), this.at(name));
  }
}
