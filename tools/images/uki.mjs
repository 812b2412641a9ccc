/**
 * A unified kernel image: kernel, initial RAM disk and command line in one program for UEFI, put together by ukify around the stub
 * of systemd. The stub measures each part into PCR 11 before the kernel runs (systemd-stub(7)).
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { unpackedRoot } from "../unpacked-packages.mjs";

/** The system's Python, for which Debian's ukify has its modules; another may be first on PATH. */
const UKIFY = ["/usr/bin/python3", "/usr/bin/ukify"];
const STUB = "/usr/lib/systemd/boot/efi/linuxx64.efi.stub";

/**
 * @typedef {object} Parts
 * @property {readonly Buffer[]} initrds unpacked one after the other: a later one adds to an earlier one
 * @property {string} commandLine
 * @property {string} name shown by boot loaders
 */

/** Debian's kernel, unpacked; nothing without it. @returns {{ image: string, release: string } | undefined} */
export function kernel() {
  const boot = join(unpackedRoot("linux-image-amd64") ?? "/nowhere", "boot");
  try {
    const name = readdirSync(boot).find((each) => each.startsWith("vmlinuz-"));
    return name === undefined ? undefined : { image: join(boot, name), release: name.slice("vmlinuz-".length) };
  } catch {
    return undefined;
  }
}

/** Equal parts give equal bytes. @param {Parts} parts @returns {Buffer} */
export function unifiedImage({ initrds, commandLine, name }) {
  const place = mkdtempSync(join(tmpdir(), "isoline-uki-"));
  const at = (/** @type {string} */ each) => join(place, each);
  const linux = kernel();
  if (linux === undefined) throw new Error("expected linux-image-amd64, unpacked; npm test unpacks it");
  try {
    writeFileSync(at("cmdline"), commandLine);
    writeFileSync(at("osrel"), `ID=isoline\nNAME="${name}"\nPRETTY_NAME="${name}"\n`);
    initrds.forEach((bytes, index) => writeFileSync(at(`initrd-${index}`), bytes));
    const [python, ...ukify] = /** @type {[string, string]} */ (UKIFY);
    const given = [
      ["--linux", linux.image],
      ...initrds.map((_, index) => ["--initrd", at(`initrd-${index}`)]),
      ["--cmdline", `@${at("cmdline")}`],
      ["--os-release", `@${at("osrel")}`],
      ["--uname", linux.release],
      ["--efi-arch", "x64"],
      ["--stub", STUB],
      ["--output", at("image.efi")],
    ];
    const env = { PATH: "/usr/bin:/bin", SOURCE_DATE_EPOCH: "0", LC_ALL: "C" };
    execFileSync(python, [...ukify, "build", ...given.flat()], { env, stdio: ["ignore", "ignore", "pipe"] });
    return readFileSync(at("image.efi"));
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}

/** What is packed here is unpacked by an emulated processor: zstd is the quickest for it. @param {Buffer} archive @returns {Buffer} */
export function compressed(archive) {
  return execFileSync("zstd", ["--single-thread", "-3", "--stdout", "--quiet"], { input: archive, maxBuffer: 2 ** 30 });
}
