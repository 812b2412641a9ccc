/** Socket addresses of this machine and its virtual machines, as the kernel takes them. */

const AF_UNIX = 1;
const AF_VSOCK = 40;
/** `sun_path` (unix(7)), with the NUL that ends it. */
const LONGEST_PATH = 108;
/** Any CID of this machine (linux/vm_sockets.h). */
export const ANY_CID = 0xffff_ffff;

/** `struct sockaddr_un`; undefined for a path that does not fit. */
export function unixAddress(path: string): Buffer | undefined {
  const bytes = Buffer.from(path, "utf8");
  if (bytes.length === 0 || bytes.length >= LONGEST_PATH || bytes.includes(0)) return undefined;
  const address: Buffer = Buffer.alloc(2 + bytes.length + 1);
  address.writeUInt16LE(AF_UNIX, 0);
  bytes.copy(address, 2);
  return address;
}

/** `struct sockaddr_vm`: u16 family, u16 reserved, u32 port, u32 CID, u8 flags, 3 zeros (vsock(7)). */
export function vsockAddress(cid: number, port: number): Buffer {
  const address: Buffer = Buffer.alloc(16);
  address.writeUInt16LE(AF_VSOCK, 0);
  address.writeUInt32LE(port, 4);
  address.writeUInt32LE(cid, 8);
  return address;
}

/** The family that an address begins with. */
export const familyOf = (address: Buffer): number => address.readUInt16LE(0);
