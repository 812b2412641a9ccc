/**
 * Whether an address is of this machine alone: what goes there crosses no network, so it may go without TLS.
 *
 * @param host as `URL` has it in `hostname`: IPv6 in brackets
 */
export const isLoopback = (host: string): boolean => /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/.test(host);
