/**
 * Rules `own-port`, `ephemeral-port` and `autobind`: numbers in socket addresses that the kernel chose.
 *
 *   127.0.0.1:43211   →   127.0.0.1:$own
 *   [::1]:51002       →   [::1]:$ephemeral, or $foreign where a process outside the namespace listens
 *   @0a1f3            →   $autobind
 *
 * Only addresses of this machine are levelled: its loopback and "any". The destination of other connections stays in full.
 */
const LOCAL = /^(127(?:\.\d{1,3}){3}|0\.0\.0\.0|\[::1?\]|\[::ffff:127(?:\.\d{1,3}){3}\]):([1-9]\d{0,4})$/;

/** A local IPv4 or IPv6 address as address and port, or undefined for any other address. */
export function localPort(address: string): { readonly host: string; readonly port: number } | undefined {
  const parts = LOCAL.exec(address);
  return parts ? { host: parts[1] as string, port: Number(parts[2]) } : undefined;
}

/** The names that the kernel gives to a Unix socket bound without one: five hexadecimal digits (net/unix/af_unix.c, unix_autobind). */
export function isAutobound(address: string): boolean {
  return /^@[0-9a-f]{5}$/.test(address);
}

export const AUTOBIND = "$autobind";
