/** Images in the storage that podman, CRI-O and related engines use on this host, by name. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { Image } from "./image.ts";
import { imageIn, records } from "./storage.ts";

/** Root's storage, unless storage.conf changes it. */
const STORAGE = "/var/lib/containers/storage";

/** The names and digests of an image; only its name if no engine of this host has it. */
export function findImage(name: string): Image {
  for (const directory of imageDirectories()) {
    const image = records(join(directory, "images.json")).find((each) => isCalled(each, name));
    if (image) return imageIn(image, name);
  }
  return { names: [name], digests: /^sha256:[0-9a-f]{64}$/.test(name) ? [name] : [] };
}

function isCalled({ names, id }: Record<string, unknown>, name: string): boolean {
  return `sha256:${String(id)}` === name || (Array.isArray(names) && names.includes(name));
}

/** One directory for each storage driver. */
function imageDirectories(): string[] {
  try {
    return readdirSync(STORAGE)
      .filter((entry) => entry.endsWith("-images"))
      .map((entry) => join(STORAGE, entry));
  } catch {
    return [];
  }
}
