/**
 * The kernel's files of reports for other processes: a file system in a mount namespace of its own, where the kernel has configfs-tsm.
 * This process answers each call, so a directory has its files at once, and a read computes. The protocol is that of linux/fuse.h, 7.31.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync, read, writeSync } from "node:fs";
import { constants } from "node:os";
import type { ReportFiles } from "../../../packages/isoline/src/attest/tsm/index.ts";
import { type Ended, ended, isolineProgram, type Start } from "../../support/isoline.ts";

const PLACE = "/sys/kernel/config/tsm/report";
const MOUNTED = [
  "mount -t tmpfs none /sys/kernel",
  `mkdir -p ${PLACE}`,
  `mount -i -t fuse -o fd=3,rootmode=40000,user_id=0,group_id=0 tsm ${PLACE}`,
  "echo there",
  "exec cat 3>&-",
].join("\n");

/** A machine whose kernel gives reports, as far as the processes can tell that are started in it. Needs root. */
export class ReportingMachine {
  readonly #holder: ChildProcess;
  readonly #over: Promise<void>;

  private constructor(holder: ChildProcess, over: Promise<void>) {
    this.#holder = holder;
    this.#over = over;
  }

  static async start(files: ReportFiles): Promise<ReportingMachine> {
    const device = openSync("/dev/fuse", "r+");
    const holder = spawn("unshare", ["--mount", "sh", "-ec", MOUNTED], { stdio: ["pipe", "pipe", "pipe", device] });
    let said = "";
    holder.stderr?.on("data", (text: Buffer) => (said += text.toString()));
    await new Promise<void>((resolve, reject) => {
      holder.stdout?.once("data", () => resolve());
      holder.once("error", reject).once("exit", () => reject(new Error(`no file system of reports: ${said}`)));
    });
    const over = new FuseServer(device, files).serve().finally(() => closeSync(device));
    return new ReportingMachine(holder, over);
  }

  /** Runs isoline in it, to its end. */
  isoline(words: readonly string[], start: Start): Promise<Ended> {
    // A process that enters begins in the root of the namespace.
    const enter = ["--mount", "--target", `${this.#holder.pid}`, "sh", "-c", 'cd "$0" && exec "$@"', start.cwd];
    return ended("nsenter", [...enter, isolineProgram, ...words], start);
  }

  /** Ends it once the processes in it have ended. */
  async close(): Promise<void> {
    this.#holder.stdin?.end();
    await this.#over;
  }
}

type Code = keyof typeof constants.errno;
const ATTRIBUTES = ["inblob", "outblob", "auxblob", "provider", "generation", "privlevel", "privlevel_floor"];
const ROOT = 1;
/** Ids of a report and of its attributes: a multiple of it, and those that follow. */
const IDS = 16;
const MOST = 1024 * 1024;
const OPERATION = {
  ...{ lookup: 1, forget: 2, getattr: 3, setattr: 4, mkdir: 9, rmdir: 11, open: 14, read: 15, write: 16, release: 18 },
  ...{ init: 26, interrupt: 36, forgetAll: 42 },
};
const UNANSWERED: ReadonlySet<number> = new Set([OPERATION.forget, OPERATION.interrupt, OPERATION.forgetAll]);
const DIRECT_IO = 1;

class FuseServer {
  readonly #device: number;
  readonly #files: ReportFiles;
  readonly #reports = new Map<number, string>();
  /** What was read of each open file. */
  readonly #opened = new Map<bigint, Uint8Array>();
  #ids = 0;
  #handles = 0n;

  constructor(device: number, files: ReportFiles) {
    this.#device = device;
    this.#files = files;
  }

  /** Answers until the file system is gone. */
  async serve(): Promise<void> {
    const buffer = Buffer.alloc(256 * 1024);
    for (;;) {
      const length = await new Promise<number>((resolve, reject) =>
        read(this.#device, buffer, 0, buffer.length, null, (fault, bytes) => {
          if (fault === null) resolve(bytes);
          else if (fault.code === "ENODEV") resolve(0);
          else if (["EINTR", "EAGAIN", "ENOENT"].includes(fault.code ?? "")) resolve(-1);
          else reject(fault);
        }),
      );
      if (length === 0) return;
      if (length > 0) this.#answered(buffer.subarray(0, length));
    }
  }

  /** Header: length, operation, unique (8), node (8), who asks (16). Answer: length, error, unique (8). */
  #answered(request: Buffer): void {
    const operation = request.readUInt32LE(4);
    if (UNANSWERED.has(operation)) return;
    const head = Buffer.alloc(16);
    request.copy(head, 8, 8, 16);
    let body: Uint8Array = Buffer.alloc(0);
    try {
      body = this.#done(operation, Number(request.readBigUInt64LE(16)), request.subarray(40));
    } catch (fault) {
      head.writeInt32LE(-(constants.errno[(fault as { code?: Code }).code ?? "EIO"] ?? constants.errno.EIO), 4);
    }
    head.writeUInt32LE(head.length + body.length);
    writeSync(this.#device, Buffer.concat([head, body]));
  }

  #done(operation: number, node: number, told: Buffer): Uint8Array {
    switch (operation) {
      case OPERATION.init:
        return words(7, 31, 0, 0, 0, 4096, ...Array<number>(10).fill(0));
      case OPERATION.lookup:
        return entry(this.#found(node, text(told)));
      case OPERATION.getattr:
      case OPERATION.setattr:
        return Buffer.concat([Buffer.alloc(16), attributes(node)]);
      case OPERATION.mkdir:
        return entry(this.#made(text(told.subarray(8))));
      case OPERATION.rmdir:
        return this.#removed(text(told));
      case OPERATION.open:
        return Buffer.concat([long((this.#handles += 1n)), words(DIRECT_IO, 0)]);
      case OPERATION.read:
        return this.#read(node, told);
      case OPERATION.write:
        return this.#written(node, told);
      case OPERATION.release:
        this.#opened.delete(told.readBigUInt64LE(0));
        return Buffer.alloc(0);
      default:
        throw fault("ENOSYS");
    }
  }

  #made(name: string): number {
    this.#files.make(name);
    this.#ids += IDS;
    this.#reports.set(this.#ids, name);
    return this.#ids;
  }

  #removed(name: string): Uint8Array {
    const node = this.#found(ROOT, name);
    this.#files.remove(name);
    this.#reports.delete(node);
    return Buffer.alloc(0);
  }

  #found(parent: number, name: string): number {
    if (parent === ROOT) {
      const [node] = [...this.#reports].find(([, report]) => report === name) ?? [];
      if (node !== undefined) return node;
    } else if (ATTRIBUTES.includes(name)) return parent + 1 + ATTRIBUTES.indexOf(name);
    throw fault("ENOENT");
  }

  #named(node: number): readonly [report: string, attribute: string] {
    const report = this.#reports.get(node - (node % IDS));
    if (report === undefined) throw fault("ENOENT");
    return [report, ATTRIBUTES[(node % IDS) - 1] as string];
  }

  /** The value is made once for each time that the file is opened, as in configfs. */
  #read(node: number, told: Buffer): Uint8Array {
    const [handle, from] = [told.readBigUInt64LE(0), Number(told.readBigUInt64LE(8))];
    const value = this.#opened.get(handle) ?? this.#files.read(...this.#named(node), MOST);
    this.#opened.set(handle, value);
    return value.subarray(from, from + told.readUInt32LE(16));
  }

  #written(node: number, told: Buffer): Uint8Array {
    if (told.readBigUInt64LE(8) !== 0n) throw fault("EINVAL");
    const bytes = told.subarray(40, 40 + told.readUInt32LE(16));
    this.#files.write(...this.#named(node), Uint8Array.from(bytes));
    return words(bytes.length, 0);
  }
}

const fault = (code: Code) => Object.assign(new Error(code), { code });
const text = (bytes: Buffer) => bytes.subarray(0, bytes.indexOf(0)).toString();
const words = (...values: readonly number[]) => Buffer.from(Uint32Array.from(values).buffer);
const long = (value: bigint) => Buffer.from(BigUint64Array.of(value).buffer);

/** A node that the kernel keeps for no time, with its attributes. */
const entry = (node: number) => Buffer.concat([long(BigInt(node)), Buffer.alloc(32), attributes(node)]);

/** Number, size, blocks, times (36 bytes), mode, links, owner, group and device, size of a block, flags. */
const attributes = (node: number) =>
  Buffer.concat([
    long(BigInt(node)),
    Buffer.alloc(52),
    words(node === ROOT || node % IDS === 0 ? 0o040700 : 0o100600, 1, 0, 0, 0, 4096, 0),
  ]);
