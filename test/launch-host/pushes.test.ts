/** What a launch host makes of what strangers push, without a machine: damaged archives, images that reach out of themselves. */
import { generateKeyPairSync } from "node:crypto";
import { existsSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { accept, type Places } from "../../packages/isoline/src/launch-host/accept.ts";
import { readTar } from "../../packages/isoline/src/launch-host/tar.ts";
import { treeOf } from "../../packages/isoline/src/launch-host/tree.ts";
import { IsolineError } from "../../packages/core/src/error.ts";
import { type Layout, layoutOf, signedPush } from "../../tools/images/image-layout.mjs";
import { tar } from "../../tools/images/push.mjs";

const NOTHING = Buffer.alloc(0);
const CONTOUR = Buffer.from("a contour\n");
const { privateKey, publicKey } = generateKeyPairSync("ed25519");
const key = { name: "release.pub", pem: publicKey.export({ type: "spki", format: "pem" }).toString() };

let place: string;
let places: Places;

beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), "isoline-push-"));
  places = { canisters: join(place, "canisters"), contours: join(place, "contours") };
  for (const folder of Object.values(places)) mkdirSync(folder);
});
afterEach(() => rmSync(place, { recursive: true, force: true }));

/** What is in an archive: a name, a type, and a text or the target of a link. */
type Row = readonly [name: string, type: string, text?: string];

/** An archive of rows, with types that the writer of pushes does not write. */
function archive(...rows: readonly Row[]): Buffer {
  return Buffer.concat([
    ...rows.map(([name, type, text = ""]) => {
      const isLink = type === "1" || type === "2";
      const block = Buffer.from(tar([[name, Buffer.from(isLink ? "" : text), 0o6755]])).subarray(0, -1024);
      block.write(type, 156);
      if (isLink) block.write(text, 157);
      block.write("        ", 148);
      const sum = block.subarray(0, 512).reduce((total, byte) => total + byte, 0);
      block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
      return block;
    }),
    Buffer.alloc(1024),
  ]);
}

const image = (...layers: readonly Buffer[]) => layoutOf(layers, { Entrypoint: ["/bin/x"] });

const signed = (layout: Layout, contour = CONTOUR, images = [layout.digest]) =>
  signedPush(layout, contour, privateKey, images);

const told = (work: () => unknown): string => {
  try {
    work();
    return "accepted";
  } catch (fault) {
    if (!(fault instanceof IsolineError)) throw fault;
    return fault.message;
  }
};

const pushed = (bytes: Buffer, name = "web") => told(() => accept(name, bytes, { keys: [key], learns: false }, places));

describe("a push", () => {
  const good = image(
    archive(["bin", "5"], ["bin/x", "0", "program"], ["bin/y", "1", "bin/x"], ["etc/link", "2", "/etc/passwd"]),
  );

  it("that is signed is laid out: files and links as they are, with no bit that gives rights", () => {
    expect(pushed(signed(good))).toBe("accepted");
    const rootfs = join(places.canisters, "web/rootfs");
    expect(readdirSync(rootfs).sort()).toEqual(["bin", "dev", "etc", "proc", "tmp"]);
    expect(readFileSync(join(rootfs, "bin/y"), "utf8")).toBe("program");
    expect((lstatSync(join(rootfs, "bin/x")).mode & 0o7777).toString(8)).toBe("755");
    expect(lstatSync(join(rootfs, "etc/link")).isSymbolicLink()).toBe(true);
    expect(readFileSync(join(places.contours, `${good.digest.replace(":", "-")}.contour`))).toEqual(CONTOUR);
  });

  it.each([
    ["without a contour", () => tar([...good.files]), /expected a contour and its signature/],
    [
      "with another contour than the signed one",
      () => Buffer.from(signed(good).toString("latin1").replace("a contour\n", "b contour\n"), "latin1"),
      /expected the contour with the digest/,
    ],
    ["signed for another image", () => signed(good, CONTOUR, [`sha256:${"0".repeat(64)}`]), /it is for another image/],
    ["signed for any image", () => signed(good, CONTOUR, []), /for any: sign with --image/],
  ])("%s is refused, and nothing of it is kept", (_, push, expected) => {
    expect(pushed(push())).toMatch(expected);
    expect([...readdirSync(places.canisters), ...readdirSync(places.contours)]).toEqual([]);
  });

  it("signed by a key that the image does not hold is refused before its layers are looked at", () => {
    const stranger = generateKeyPairSync("ed25519").privateKey;
    const bomb = layoutOf([], {});
    const files = bomb.files.filter(([name]) => !name.includes("blobs") || name.endsWith(bomb.digest.slice(7)));
    const push = signedPush({ ...bomb, files }, CONTOUR, stranger);
    expect(pushed(push)).toMatch(/expected a signature by release.pub/);
  });

  it.each(["../web", "", "Web", "a/b", "-a", "a".repeat(33), "a\nb"])("under the name %j is refused", (name) => {
    expect(pushed(signed(good), name)).toMatch(/expected a name/);
  });

  it("takes a name once, and a contour for an image once", () => {
    expect(pushed(signed(good))).toBe("accepted");
    expect(pushed(signed(good))).toMatch(/a name that no canister of this boot has had/);
    expect(pushed(signed(good, Buffer.from("wider\n")), "other")).toMatch(
      /the contour that this image was pushed with before/,
    );
    expect(pushed(signed(good), "again")).toBe("accepted");
    const contour = `${good.digest.replace(":", "-")}.contour`;
    expect(readdirSync(places.contours).sort()).toEqual([contour, `${contour}.sig`]);
  });

  it("for which there is no room is not told as a name or a contour that was there", () => {
    rmSync(places.canisters, { recursive: true });
    expect(pushed(signed(good))).toMatch(/expected room for a canister, got ENOENT; start the machine anew/);
    rmSync(places.contours, { recursive: true });
    expect(pushed(signed(good))).toMatch(/expected room for a contour, got ENOENT; start the machine anew/);
  });

  it.each([
    ["leaves its root by ..", archive(["../../etc/x", "0", "x"]), /a path inside of the image/],
    ["puts a file behind a link", archive(["a", "2", "/etc"], ["a/passwd", "0", "x"]), /a directory above each file/],
    ["links hard to what is not in it", archive(["a", "1", "/etc/passwd"]), /a hard link to a file of the image/],
    ["brings a device", archive(["dev/mem", "3"]), /no device, pipe or socket/],
    ["has a link where something is mounted", archive(["proc", "2", "/sys"]), /a directory where something is mounted/],
    ["has a name that is no text", archive(["a\ufffd", "0"]), /a path inside of the image/],
  ])("whose layer %s", (_, layer, expected) => {
    expect(pushed(signed(image(layer)))).toMatch(expected);
  });

  it("whose second layer takes away what the first has, and no more", () => {
    const first = archive(["a/b", "0", "x"], ["a/c", "0", "x"], ["d/e", "0", "x"]);
    const second = archive(["a/.wh.b", "0"], ["d/f", "0", "x"], ["d/.wh..wh..opq", "0"]);
    const paths = [...treeOf([readTar(first), readTar(second)]).keys()];
    expect(paths).toEqual(["a", "a/c", "d", "d/f", "dev", "proc", "tmp"]);
  });

  it("whose layer is another than its manifest says is refused", () => {
    const layer = archive(["big", "0", "x"]);
    const swapped = layoutOf([layer], { Entrypoint: ["/x"] });
    const other = gzipSync(archive(["other", "0", "y"]), { level: 1 });
    const altered = swapped.files.map(
      ([name, bytes]) => [name, name === swapped.files.at(-1)?.[0] ? other : bytes] as const,
    );
    expect(pushed(signed({ digest: swapped.digest, files: altered }))).toMatch(/expected a blob with the digest/);
  });

  it("of which any byte is cut off or any bit is flipped is accepted as it was signed, or refused in one line", () => {
    const small = image(archive(["x", "0", "p"]));
    const push = signed(small);
    const outcomes = new Set<string>();
    let at = 0;
    const attempt = (bytes: Buffer) => {
      const name = `n${at++}`;
      const said = pushed(bytes, name);
      const laid = join(places.canisters, name, "rootfs/x");
      const found = existsSync(laid) ? readFileSync(laid, "utf8") : "nothing";
      outcomes.add(
        `${said === "accepted" ? said : "refused"}, ${found}${said.includes("\n") ? ", in several lines" : ""}`,
      );
    };
    for (let length = 0; length < push.length; length += 509) attempt(push.subarray(0, length));
    for (let bit = 0; bit < push.length * 8; bit += 797) {
      const flipped = Buffer.from(push);
      flipped.writeUInt8(flipped.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
      attempt(flipped);
    }
    expect([...outcomes].sort()).toEqual(["accepted, p", "refused, nothing"]);
  });
});

it("an empty archive, and one that never ends, are refused", () => {
  expect(told(() => readTar(NOTHING))).toMatch(/an archive with its end/);
  expect(told(() => readTar(Buffer.alloc(512, "1")))).toMatch(/the header of an archive's entry/);
});
