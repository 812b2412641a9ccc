/** A virtual machine that boots an image as a machine would: firmware for UEFI, a TPM, and a port for the pusher. */
import { spawn } from "node:child_process";
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
 * @property {PortClient} port
 * @property {() => string} console what kernel and first process have said
 * @property {Promise<void>} ended
 * @property {() => Promise<void>} stop pulls its power
 */

/**
 * Powers a machine on. Software emulation: it behaves the same wherever it runs, and works inside other virtual machines.
 *
 * @param {{ image: Buffer, tpm: string, append?: string, limitSeconds: number }} order `append`: added by a boot loader
 * @returns {Promise<Machine>}
 */
export async function boot({ image, tpm, append, limitSeconds }) {
  const place = mkdtempSync(join(tmpdir(), "isoline-machine-"));
  const at = (/** @type {string} */ name) => join(place, name);
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
    ...["-chardev", `socket,id=push,path=${at("push")},server=on,wait=off`],
    ...["-device", "virtserialport,chardev=push,name=isoline.push"],
  ];
  const child = spawn("setpriv", ["--pdeathsig", "KILL", "qemu-system-x86_64", ...words], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("latin1").on("data", (text) => {
      said = (said + text).slice(-KEPT_CONSOLE);
      if (process.env["ISOLINE_VM_CONSOLE"] !== undefined) process.stderr.write(text);
    });
  const limit = setTimeout(() => child.kill("SIGKILL"), limitSeconds * 1000);
  const port = new PortClient();
  const ended = new Promise((resolve) =>
    child.on("close", () => {
      clearTimeout(limit);
      rmSync(place, { recursive: true, force: true });
      port.fail(`the machine has ended; its console: ${said.slice(-4000)}`);
      resolve(undefined);
    }),
  );
  await port.connect(at("push"));
  const stop = async () => {
    child.kill("SIGKILL");
    await ended;
  };
  return { port, console: () => said, ended: ended.then(() => undefined), stop };
}
