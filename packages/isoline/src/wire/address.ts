/**
 * Addresses of engines:
 *
 *   unix:/run/isoline/engine.sock       a Unix socket, of an engine or of a chardev of qemu
 *   vsock:3:4050                        a CID and a port (vsock(7)); to listen, vsock:any:4050
 *   device:/dev/virtio-ports/engine     a character device: a port of virtio-serial
 */
import type { StreamAddress } from "@isoline/linux";
import { CliError } from "../error.ts";

/** As `ANY_CID` of the package for Linux, which is not loaded for a device. */
const ANY = 0xffff_ffff;
const LARGEST = 0xffff_fffe;

export function parseAddress(text: string): StreamAddress {
  const [, kind, rest = ""] = /^(unix|vsock|device):(.+)$/su.exec(text) ?? [];
  if ((kind === "unix" || kind === "device") && rest.startsWith("/") && !rest.includes("\0"))
    return { kind, path: rest };
  const [, cid = "", port = ""] = /^(any|\d{1,10}):(\d{1,10})$/.exec(rest) ?? [];
  const numbers = { cid: cid === "any" ? ANY : Number(cid), port: Number(port) };
  if (kind === "vsock" && cid !== "" && (cid === "any" || numbers.cid <= LARGEST) && numbers.port <= LARGEST)
    return { kind, ...numbers };
  throw new CliError(
    "usage",
    `expected the address of an engine, as unix:/PATH, vsock:CID:PORT or device:/PATH, got ${JSON.stringify(text.slice(0, 120))}`,
  );
}
