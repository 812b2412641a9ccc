import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AF_INET, AF_INET6, readListing } from "./sock-diag.ts";

/** `struct nlmsghdr` and what follows it, padded to a multiple of four bytes. */
function message(type: number, body: Uint8Array, flags = 2): Buffer {
  const bytes = Buffer.alloc((16 + body.length + 3) & ~3);
  bytes.writeUInt32LE(16 + body.length, 0);
  bytes.writeUInt16LE(type, 4);
  bytes.writeUInt16LE(flags, 6);
  bytes.set(body, 16);
  return bytes;
}

function listed(family: number, local: string, inode: number): Buffer {
  const body = Buffer.alloc(72);
  body[0] = family;
  body.write(local, 8, "hex");
  body.writeUInt32LE(inode, 68);
  return message(20, body);
}

const done = message(3, Buffer.alloc(4));

describe("what the kernel lists", () => {
  it("is addresses and inodes", () => {
    const bytes = Buffer.concat([listed(AF_INET, "7f000001", 7), listed(AF_INET, "00000000", 0xffff_fffe), done]);
    expect(readListing(bytes, AF_INET)).toEqual({
      sockets: [
        { local: "7f000001", inode: 7 },
        { local: "00000000", inode: 0xffff_fffe },
      ],
      isLast: true,
    });
  });

  it("goes on in another datagram", () => {
    const local = "0".repeat(31) + "1";
    expect(readListing(listed(AF_INET6, local, 9), AF_INET6)).toEqual({
      sockets: [{ local, inode: 9 }],
      isLast: false,
    });
  });

  it.each([
    ["an error", message(2, Buffer.alloc(20))],
    ["an interrupted listing", message(3, Buffer.alloc(4), 0x12)],
    ["another family", listed(AF_INET6, "", 1)],
    ["too short a message", message(20, Buffer.alloc(71))],
    ["a length beyond the end", Buffer.concat([Buffer.from("ff000000", "hex"), Buffer.alloc(20)])],
    ["a length of nothing", Buffer.alloc(16)],
  ])("is refused as %s", (_, bytes) => {
    expect(readListing(bytes, AF_INET)).toBeUndefined();
  });

  it("is read to an end, whatever the bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (noise) => {
        const page = readListing(Buffer.from(noise), AF_INET);
        expect(page === undefined || page.sockets.length <= 5).toBe(true);
      }),
    );
  });
});
