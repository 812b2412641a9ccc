/**
 * Records of c/storage, in which podman, Buildah and CRI-O keep their images and containers. Their size is bounded and their
 * form is not trusted.
 */
import { readBounded as readFile, Unfit } from "../store/bounded-file.ts";
import type { Image } from "./image.ts";

const MOST_BYTES = 64 * 2 ** 20;
const DIGEST = /^sha256:[0-9a-f]{64}$/;

/** The records of a file; none if it does not exist. */
export function records(file: string): Record<string, unknown>[] {
  const value = parsed(readBounded(file));
  return Array.isArray(value) ? value.filter((each) => typeof each === "object" && each !== null) : [];
}

/** Names and digests of an image's record; `started` is the name by which it was started. */
export function imageIn(image: Record<string, unknown>, started?: string): Image {
  const names = Array.isArray(image["names"]) ? image["names"].filter((name) => typeof name === "string") : [];
  const digests = [image["digest"], `sha256:${String(image["id"])}`].filter(
    (each): each is string => typeof each === "string" && DIGEST.test(each),
  );
  return { names: [...new Set(started === undefined ? names : [started, ...names])], digests: [...new Set(digests)] };
}

export function parsed(text: unknown): unknown {
  try {
    return typeof text === "string" ? JSON.parse(text) : undefined;
  } catch {
    return undefined;
  }
}

export function readBounded(file: string): string | undefined {
  const bytes = readFile(file, MOST_BYTES, "follow");
  return bytes instanceof Unfit ? undefined : bytes.toString("utf8");
}
