/**
 * The layers of a container's root directory, where that is an overlay: an image's files lie there once for all of its containers.
 *
 * An overlay shows inode number, size and times of the file that it reads (fs/overlayfs/inode.c, ovl_getattr). A file that was copied
 * up has others. So a file of a layer with the same path and the same of all these is the very file that the overlay shows, unless
 * its content is another one's (metacopy), which an attribute of it says.
 */
import { readFileSync, realpathSync } from "node:fs";
import { openHow, terminated } from "../../abi/bytes.ts";
import { ENODATA } from "../../abi/errno.ts";
import { getxattr, openat2 } from "../../abi/libc.ts";
import { AT_FDCWD, O_CLOEXEC, O_NOFOLLOW, O_PATH, RESOLVE_NO_MAGICLINKS, RESOLVE_NO_SYMLINKS } from "../../abi/stat.ts";
import { Found } from "./found.ts";
import { isOverlay } from "./writers.ts";

const plainly = openHow(O_PATH | O_NOFOLLOW | O_CLOEXEC, 0, RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS);
/** The bytes of a version after the device (`Stat.putVersion`). */
const BESIDE_DEVICE = 8;
const METACOPY = ["trusted.overlay.metacopy", "user.overlay.metacopy"].map(terminated);

export class OverlayLayers {
  readonly #root: Buffer;
  readonly #device: number;
  /** Canonical paths, the topmost layer first. */
  readonly #layers: readonly Buffer[];

  /** `root` is a canonical path. Without layers if it is no overlay, or this process cannot tell them by its own mounts. */
  constructor(root: string) {
    const found = new Found();
    found.adopt(openat2(AT_FDCWD, terminated(root), plainly), undefined);
    this.#root = Buffer.from(root);
    this.#device = found.stat.device;
    this.#layers = found.fd >= 0 && isOverlay(found.filesystem) ? layersOf(found.stat.mountId) : [];
    found.close();
  }

  /** Adopts into `layer` the file that the overlay shows as `found`, and returns its path; undefined if it is in no lower layer. */
  behind(found: Found, layer: Found): Buffer | undefined {
    if (found.stat.device !== this.#device || found.standing !== "here") return undefined;
    const { path: whole } = found;
    const isFromHere = whole.subarray(0, this.#root.length).equals(this.#root);
    const path = isFromHere ? whole.subarray(this.#root.length) : whole;
    for (const directory of this.#layers) {
      const there = Buffer.concat([directory, path]);
      const fd = openat2(AT_FDCWD, Buffer.concat([there, Buffer.of(0)]), plainly);
      if (fd < 0) continue;
      if (layer.adoptUnnamed(fd) === 0 && isShownAs(layer, found) && hasOwnContent(fd)) return there;
      layer.close();
    }
    return undefined;
  }
}

function isShownAs(layer: Found, found: Found): boolean {
  return layer.version.slice(BESIDE_DEVICE) === found.version.slice(BESIDE_DEVICE);
}

function hasOwnContent(fd: number): boolean {
  const path = terminated(`/proc/self/fd/${fd}`);
  return METACOPY.every((name) => getxattr(path, name, Buffer.alloc(64)) === -ENODATA);
}

/** The lower layers of an overlay by the number of its mount; none where one has no name that this process can follow. */
function layersOf(mountId: number): Buffer[] {
  const line = readFileSync("/proc/self/mountinfo", "latin1")
    .split("\n")
    .find((each) => each.startsWith(`${mountId} `));
  const options = line?.split(" - ")[1]?.split(" ")[2]?.split(",") ?? [];
  const lower = options.filter((option) => /^(lowerdir\+?|datadir\+?)=/.test(option));
  const paths = lower.flatMap((option) => {
    const [key = "", value = ""] = option.split(/=(.*)/s);
    return key === "lowerdir" ? value.split(":") : [key === "lowerdir+" ? value : ""];
  });
  // Escaped, relative to a directory that is not known, or of content only: then none is certain.
  if (!paths.every((path) => path.startsWith("/") && !path.includes("\\"))) return [];
  try {
    return paths.map((path) => realpathSync(Buffer.from(path, "latin1"), "buffer"));
  } catch {
    return [];
  }
}
