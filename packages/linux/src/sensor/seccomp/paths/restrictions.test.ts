import { openSync } from "node:fs";
import { expect, test } from "vitest";
import { ELOOP, ENOENT, EXDEV } from "../../../abi/errno.ts";
import { O_PATH, RESOLVE_BENEATH, RESOLVE_NO_SYMLINKS, RESOLVE_NO_XDEV } from "../../../abi/stat.ts";
import type { Places } from "./places.ts";
import { permits } from "./restrictions.ts";

const [ROOT, START] = [101, 102];
const bytes = (text: string): Buffer => Buffer.from(`${text}\0`);

/** A path in another root, and the kernel's answers to the looks at it: below its start, and from the root. */
function inRoot(path: string, asked: number, answers: { readonly beneath: number; readonly root: number }) {
  const open = (start: number, _: Buffer, resolve: number) =>
    start === START && (resolve & RESOLVE_BENEATH) !== 0 ? answers.beneath : answers.root;
  const absolute = () => bytes(`/start/${path}`);
  return permits({ open, places: { root: ROOT } as Places, start: START, path: bytes(path), absolute }, asked);
}

test("from the root to the start of a path another mount may be entered: only below its start it is told of one mount", () => {
  expect(inRoot("../file", RESOLVE_NO_XDEV, { beneath: -EXDEV, root: -EXDEV })).toBe("untold");
  const file = openSync("/", O_PATH);
  expect(inRoot("file", RESOLVE_NO_XDEV, { beneath: file, root: -EXDEV })).toBe("permitted");
});

test("what the kernel refuses from the root it refuses the task", () => {
  expect(inRoot("way", RESOLVE_NO_SYMLINKS, { beneath: -ELOOP, root: -ELOOP })).toBe(-ELOOP);
  expect(inRoot("/way", RESOLVE_NO_XDEV, { beneath: -1, root: -EXDEV })).toBe(-EXDEV);
});

test("of a path that is not there at this moment, nothing is told: it may be there when it is searched for", () => {
  expect(inRoot("file", RESOLVE_NO_SYMLINKS, { beneath: -ENOENT, root: -ENOENT })).toBe("untold");
  expect(inRoot("/file", RESOLVE_NO_SYMLINKS, { beneath: -1, root: -ENOENT })).toBe("untold");
});
