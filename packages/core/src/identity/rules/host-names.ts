/**
 * Rule `host-name`: an address that is reached by a name of its host is that name.
 *
 *   198.51.100.7:443    →   api.example.com:443
 *   192.0.2.53:53       →   $RESOLVER:53, a name server that the machine is configured with
 *
 * A name may have addresses of both families, and which one a program takes depends on which answers first. So the family of a
 * named address is `inet` in either case.
 */

/** In place of the address of a name server that the machine is configured with. */
export const RESOLVER = "$RESOLVER";
export const HOST_FAMILY = "inet";

const REMOTE = /^(?:(\d{1,3}(?:\.\d{1,3}){3})|\[([0-9a-f:]+)\]):(\d{1,5})$/;

/** An internet address of the launch's network, as the sensor writes it: `198.51.100.7:443`, `[2001:db8::7]:443`. */
export function hostAndPort(address: string): { readonly host: string; readonly port: number } | undefined {
  const parts = REMOTE.exec(address);
  return parts ? { host: (parts[1] ?? parts[2]) as string, port: Number(parts[3]) } : undefined;
}

/** The address with `name` in place of the number of its host; undefined for an address of another kind. */
export function hostAddress(address: string, name: string): string | undefined {
  const end = hostAndPort(address);
  return end && `${name}:${end.port}`;
}
