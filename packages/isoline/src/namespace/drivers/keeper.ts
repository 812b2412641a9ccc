/**
 * The keeper: what wakes tasks that are held, if the supervisor dies meanwhile. It is a shell that waits for the end of a pipe
 * and costs next to nothing; only if the pipe ends without a word it becomes a program.
 *
 * It is a process of its own because whatever ends the supervisor ends all its threads, and because the kernel lets no BPF
 * program of a stock kernel signal another task.
 */
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { KernelNamespace } from "@isoline/linux";

/** The first descriptor after the standard ones. */
const HELD = 3;
const WAIT = 'read -r word || exec "$@"';

/** Starts a keeper for a namespace; the returned function says that it is not needed any more. */
export function startKeeper(half: KernelNamespace): () => void {
  const { pins, fd, id } = half.holding;
  const program = fileURLToPath(new URL("./keeper-program.js", import.meta.url));
  const wake = [process.execPath, program, String(HELD), String(id)];
  const keeper = spawn("/bin/sh", ["-c", WAIT, "isoline-keeper", ...wake], {
    // Not by their names: something else may be mounted over them by then, or they may have been removed.
    stdio: ["pipe", "ignore", "ignore", fd, pins],
    // Not in our session: what a terminal sends to us is not meant for it.
    detached: true,
    cwd: "/",
    env: { PATH: "/usr/bin:/bin" },
  });
  // Without a keeper the guarantee is weaker by what it is for, and the run goes on.
  keeper.on("error", () => {});
  keeper.stdin?.on("error", () => {});
  keeper.unref();
  if (keeper.pid !== undefined) half.protect(keeper.pid);
  return () => keeper.stdin?.end("over\n");
}
