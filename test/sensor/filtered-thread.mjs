/**
 * A thread installs the filter and then frees a heap. No supervisor answers, so a mediated call of it would never end.
 *
 *   filtered-thread.mjs          prints "freed"
 */
import { writeSync } from "node:fs";
import { createRequire } from "node:module";
import { isMainThread, Worker, workerData } from "node:worker_threads";
import { installFilter, prepareFilter } from "../../packages/linux/dist/index.js";

/** Each below M_MMAP_THRESHOLD; together more than a heap keeps free at its end. */
const BLOCKS = 300;
const BLOCK_BYTES = 100_000;

if (isMainThread) {
  const cell = new Int32Array(new SharedArrayBuffer(4));
  const worker = new Worker(new URL(import.meta.url), { workerData: cell });
  // Meanwhile it frees nothing itself.
  Atomics.wait(cell, 0, 0);
  await worker.terminate();
} else {
  const koffi = createRequire(new URL("../../packages/linux/package.json", import.meta.url))("koffi");
  const libc = koffi.load("libc.so.6");
  const malloc = libc.func("void *malloc(size_t bytes)");
  const free = libc.func("void free(void *block)");
  const mallopt = libc.func("int mallopt(int parameter, int value)");
  prepareFilter();
  // M_MMAP_THRESHOLD and M_TRIM_THRESHOLD, as they are unless larger blocks were freed before.
  mallopt(-3, 131_072);
  mallopt(-1, 131_072);
  installFilter(true);
  const blocks = Array.from({ length: BLOCKS }, () => malloc(BLOCK_BYTES));
  for (const block of blocks.reverse()) free(block);
  writeSync(1, "freed\n");
  Atomics.store(workerData, 0, 1);
  Atomics.notify(workerData, 0);
}
