/** Addresses of TPMs, as users write them. */
import { AttestError } from "../../error.ts";
import { DeviceTransport } from "./device.ts";
import { SocketTransport } from "./socket.ts";
import type { Transport } from "./transport.ts";

/** Making an RSA key may take a TPM a minute. */
const PATIENCE_MS = 90_000;

/** `unix:PATH` or `tcp:HOST:PORT` of swtpm's data channel, `device:PATH`, or the path of a device. */
export function openTpm(address: string, patienceMs = PATIENCE_MS): Promise<Transport> {
  const [, kind, rest] = /^(unix|tcp|device):(.+)$/.exec(address) ?? [undefined, "device", address];
  if (kind === "unix") return SocketTransport.open({ path: rest as string }, address, patienceMs);
  if (kind === "device") return DeviceTransport.open(rest as string, patienceMs);
  const tcp = /^(\[[0-9a-f:]+\]|[^:]+):(\d{1,5})$/.exec(rest as string);
  if (!tcp)
    throw new AttestError(
      "tpm-unreachable",
      `expected tcp:HOST:PORT as the address of a TPM, got ${address}; write both`,
    );
  const host = (tcp[1] as string).replace(/^\[|\]$/g, "");
  return SocketTransport.open({ host, port: Number(tcp[2]) }, address, patienceMs);
}
