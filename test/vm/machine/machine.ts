/** A virtual machine for one command: it boots, gets a share, runs the command and ends. */
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { initramfs } from "../image/initramfs.ts";
import type { Equipment } from "./machines.ts";

/** Our checkout, at the same path in the machine. */
export const repository = fileURLToPath(new URL("../../..", import.meta.url)).replace(/\/$/, "");

/** The path of the share in the machine. */
export const SHARE = "/run/machine/share";

export interface Order extends Equipment {
  /** Run as root in our checkout, with the host's files mounted read-only. */
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** Added to the kernel's command line. */
  readonly parameters: readonly string[];
  /** A directory of the host that the machine reads and writes at {@link SHARE}. */
  readonly share: string;
  /** After this time it is ended. */
  readonly limitSeconds: number;
  /** Kernel modules beside the usual ones. */
  readonly modules?: readonly string[];
  /** More arguments for QEMU: a disk, a TPM. */
  readonly devices?: readonly string[];
  /** One by default. Where the host's are busy, two take a quarter more of their time: each often waits for the other. */
  readonly processors?: 1 | 2;
  /** Features of QEMU's processor; without protection keys and five-level page tables by default. */
  readonly processor?: string;
  /** Of its one processor the clock advances one nanosecond with each instruction: for measurements. */
  readonly countsInstructions?: boolean;
}

export interface Ended {
  /** The command's exit status; undefined if the machine ended before it. */
  readonly status: number | undefined;
  /** The output of the command. */
  readonly output: string;
  /** The output of the kernel and of the programs before the command. */
  readonly console: string;
  readonly timedOut: boolean;
  /** The machine's own clock when the command began, and the host's from start to end. */
  readonly seconds: { readonly boot: number; readonly all: number };
}

/** A machine needs less than a minute to come up. Emulated ones have stopped on the way, with idle processors. */
const BOOT_SECONDS = 300;
const MOST_BOOTS = 3;

/** Boots a machine and waits for its end. One that does not come up is ended, and booted again. */
export async function inMachine(order: Order): Promise<Ended> {
  const place = mkdtempSync(join(tmpdir(), "isoline-vm-"));
  const started = Date.now();
  try {
    const ramdisk = join(place, "initramfs");
    writeFileSync(ramdisk, initramfs(order.kernel, order.busybox, order.modules));
    layShare(order);
    let came = await emulate(order, ramdisk);
    for (let boot = 1; boot < MOST_BOOTS && came.isStuck; boot++) came = await emulate(order, ramdisk);
    const { console, isStuck, timedOut } = came;
    const told = (name: string) => readShare(order.share, name);
    const status = told("status")?.trim();
    return {
      status: status === undefined || status === "" ? undefined : Number(status),
      output: told("output") ?? "",
      console,
      timedOut: timedOut || isStuck,
      seconds: { boot: Number(told("up") ?? Number.NaN), all: (Date.now() - started) / 1000 },
    };
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}

/** The files that the machine's first processes read (`image/init.sh`, `image/session.sh`). */
function layShare({ share, command, environment }: Order): void {
  mkdirSync(share, { recursive: true });
  const visible = [repository, dirname(dirname(process.execPath))];
  writeFileSync(join(share, "visible"), visible.map((path) => `${path}\n`).join(""));
  const variables = Object.entries(environment).map(([name, value]) => quoted(`${name}=${value}`));
  const words = ["env", "-i", ...variables, ...command.map(quoted)];
  writeFileSync(join(share, "command"), `cd ${quoted(repository)} && exec ${words.join(" ")}\n`);
}

const quoted = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`;

function readShare(share: string, name: string): string | undefined {
  try {
    return readFileSync(join(share, name), "utf8");
  } catch {
    return undefined;
  }
}

const FAST = ["-accel", "tcg,thread=multi"];
/** 2^0 ns an instruction; while the machine waits for the host, real time passes. */
const COUNTED = ["-accel", "tcg,thread=single", "-icount", "shift=0,sleep=on"];

interface Emulated {
  readonly console: string;
  readonly timedOut: boolean;
  /** It did not come up, and was ended. */
  readonly isStuck: boolean;
}

/** Software emulation: it behaves the same wherever the tests run, and works inside other virtual machines. */
function emulate(order: Order, ramdisk: string): Promise<Emulated> {
  const { kernel, share, parameters, devices = [], limitSeconds, processors = 1, countsInstructions = false } = order;
  // A panic restarts the machine at once, which ends it because of `-no-reboot`.
  const line = ["console=ttyS0", "quiet", "panic=-1", "rdinit=/init", ...parameters].join(" ");
  const shared = (tag: string, path: string, more: string) =>
    `local,id=${tag},mount_tag=${tag},path=${path.replaceAll(",", ",,")},security_model=none,multidevs=remap${more}`;
  // Protection keys and a fifth level of page tables are slow to emulate: a tenth of the time, measured.
  const cpu = [
    "-cpu",
    order.processor ?? "max,pku=off,la57=off",
    "-m",
    "1536",
    ...["-smp", String(processors)],
    ...(countsInstructions ? COUNTED : FAST),
  ];
  const plain = ["-machine", "q35", "-nodefaults", "-no-reboot", "-display", "none", "-serial", "stdio"];
  const shares = ["-virtfs", shared("host", "/", ",readonly=on"), "-virtfs", shared("share", share, "")];
  const boot = ["-kernel", kernel.image, "-initrd", ramdisk, "-append", line];
  return new Promise((resolve, reject) => {
    // It does not outlive the test process.
    const command = ["--pdeathsig", "KILL", "qemu-system-x86_64", ...plain, ...cpu, ...shares, ...boot, ...devices];
    const child = spawn("setpriv", command, { stdio: ["ignore", "pipe", "pipe"] });
    let console = "";
    let timedOut = false;
    let isStuck = false;
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("latin1").on("data", (text: string) => {
        console = (console + text).slice(-100_000);
      });
    }
    const limit = setTimeout(() => {
      timedOut = true;
      child.kill("SIGKILL");
    }, limitSeconds * 1000);
    const bootLimit = setTimeout(() => {
      isStuck = !existsSync(join(share, "up"));
      if (isStuck) child.kill("SIGKILL");
    }, BOOT_SECONDS * 1000);
    const stopWaiting = () => [limit, bootLimit].forEach(clearTimeout);
    child.on("error", (error) => {
      stopWaiting();
      reject(error);
    });
    child.on("close", () => {
      stopWaiting();
      resolve({ console, timedOut, isStuck });
    });
  });
}
