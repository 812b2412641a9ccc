/** A virtual machine that boots an image as a machine would: firmware for UEFI, a TPM, and a port for the pusher. */
import { spawn } from "node:child_process";
import { EventEmitter, once } from "node:events";
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PortClient } from "./port-client.mjs";
import { startTpm } from "./tpm.mjs";

const FIRMWARE = "/usr/share/OVMF/OVMF_CODE_4M.fd";
const VARIABLES = "/usr/share/OVMF/OVMF_VARS_4M.fd";
const KEPT_CONSOLE = 100_000;

/**
 * @typedef {object} Machine
 * @property {() => string} console what kernel and first process have said
 * @property {(text: string) => Promise<void>} said waits until the console shows this; throws if the machine ends before
 * @property {string} socket the other end of its port
 * @property {Promise<void>} ended
 * @property {() => Promise<void>} stop pulls its power
 */

/** @typedef {Machine & { port: PortClient }} LaunchHost */

/**
 * @typedef {object} Order
 * @property {Buffer} image
 * @property {string} tpm
 * @property {string} [append] added to the command line by a boot loader
 * @property {number} limitSeconds
 */

/** Powers a launch host on, and waits until its agent answers. @param {Order} order @returns {Promise<LaunchHost>} */
export async function boot(order) {
  const machine = await powerOn(order, "isoline.push");
  const port = new PortClient();
  void machine.ended.then(() => port.fail(`the machine has ended; its console: ${machine.console().slice(-4000)}`));
  await port.connect(machine.socket);
  return { ...machine, port };
}

/**
 * Powers a machine on. Software emulation: it behaves the same wherever it runs, and works inside other virtual machines.
 *
 * @param {Order} order @param {string} name of its one port @returns {Promise<Machine>}
 */
export async function powerOn({ image, tpm, append, limitSeconds }, name) {
  const place = mkdtempSync(join(tmpdir(), "isoline-machine-"));
  const at = (/** @type {string} */ each) => join(place, each);
  writeFileSync(at("image.efi"), image);
  copyFileSync(VARIABLES, at("variables"));
  const words = [
    ...["-machine", "q35", "-nodefaults", "-no-reboot", "-display", "none", "-serial", "stdio"],
    // Protection keys and a fifth level of page tables are slow to emulate.
    ...["-accel", "tcg,thread=multi", "-cpu", "max,pku=off,la57=off", "-smp", "2", "-m", "1536"],
    ...["-drive", `if=pflash,format=raw,unit=0,readonly=on,file=${FIRMWARE}`],
    ...["-drive", `if=pflash,format=raw,unit=1,file=${at("variables")}`],
    ...["-kernel", at("image.efi"), ...(append === undefined ? [] : ["-append", append])],
    ...["-chardev", `socket,id=tpm,path=${await startTpm(tpm)}`, "-tpmdev", "emulator,id=tpm0,chardev=tpm"],
    ...["-device", "tpm-tis,tpmdev=tpm0", "-device", "virtio-serial-pci"],
    ...["-chardev", `socket,id=port,path=${at("port")},server=on,wait=off`],
    ...["-device", `virtserialport,chardev=port,name=${name}`],
  ];
  const child = spawn("setpriv", ["--pdeathsig", "KILL", "qemu-system-x86_64", ...words], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  const heard = new EventEmitter();
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("latin1").on("data", (text) => {
      said = (said + text).slice(-KEPT_CONSOLE);
      heard.emit("more");
      if (process.env["ISOLINE_VM_CONSOLE"] !== undefined) process.stderr.write(text);
    });
  const limit = setTimeout(() => child.kill("SIGKILL"), limitSeconds * 1000);
  let isOver = false;
  /** @type {Promise<void>} */
  const ended = new Promise((resolve) =>
    child.on("close", () => {
      clearTimeout(limit);
      rmSync(place, { recursive: true, force: true });
      isOver = true;
      heard.emit("more");
      resolve();
    }),
  );
  return {
    console: () => said,
    said: async (text) => {
      while (!said.includes(text)) {
        if (isOver) throw new Error(`the machine has ended; its console: ${said.slice(-4000)}`);
        await once(heard, "more");
      }
    },
    socket: at("port"),
    ended,
    stop: async () => {
      child.kill("SIGKILL");
      await ended;
    },
  };
}
