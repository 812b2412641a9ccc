import { fileURLToPath } from "node:url";
import { installDependencies, nodeTooOld, staleInstallation } from "./install.mjs";
import { installed, run } from "./run.mjs";

/**
 * The steps that `npm start` and `npm test` both begin with, in order. The first that fails ends the run.
 *
 * @type {readonly { name: string, run: () => Promise<{ status: number, output: string, seconds: number, note?: string }> }[]}
 */
export const preparation = [
  { name: "node", run: async () => checkNode() },
  { name: "install", run: install },
  { name: "build", run: build },
];

async function build() {
  const compiled = await run([installed("tsc"), "-b"]);
  if (compiled.status !== 0) return compiled;
  const programs = await buildPrograms();
  if (programs.status !== 0) return programs;
  const bundled = await run([process.execPath, fileURLToPath(new URL("./bundle.mjs", import.meta.url))]);
  if (bundled.status !== 0) return bundled;
  const page = await run([process.execPath, fileURLToPath(new URL("./page.mjs", import.meta.url))]);
  const note = /^skipped: (.+)$/m.exec(programs.output)?.[1] ?? "";
  return { ...page, note, seconds: compiled.seconds + programs.seconds + bundled.seconds + page.seconds };
}

/** Compiles the BPF programs. Without the compiler there are none, which is no failure. */
export function buildPrograms() {
  return run([process.execPath, fileURLToPath(new URL("./bpf.mjs", import.meta.url))]);
}

function checkNode() {
  const complaint = nodeTooOld();
  if (complaint !== undefined) return { status: 1, output: complaint, seconds: 0 };
  return { status: 0, output: "", seconds: 0, note: process.versions.node };
}

async function install() {
  const reason = staleInstallation();
  if (reason === undefined) return { status: 0, output: "", seconds: 0, note: "already installed" };
  const outcome = await installDependencies();
  const still = outcome.status === 0 ? staleInstallation() : undefined;
  if (still === undefined) return { ...outcome, note: reason };
  return { ...outcome, status: 1, output: `${outcome.output}\nnpm ci ended with status 0, but ${still}` };
}
