/**
 * The keeper wakes held tasks if the supervisor dies. It is a shell that waits for the end of a pipe and costs next to nothing;
 * only if the pipe ends without a message does it execute a program.
 *
 * It is a separate process because an end of the supervisor ends all its threads, and because a stock kernel lets no BPF
 * program signal another task.
 */
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { KernelNamespace } from "@isoline/linux";

/** The first descriptor after the standard ones. */
const HELD = 3;
const WAIT = 'read -r word || exec "$@"';

/** Starts a keeper for a namespace; the returned function tells it that it is not needed any more. */
export function startKeeper(kernel: KernelNamespace): () => void {
  const { pins, fd, id } = kernel.holding;
  const program = fileURLToPath(new URL("./keeper-program.js", import.meta.url));
  const wake = [process.execPath, program, String(HELD), String(id)];
  const keeper = spawn("/bin/sh", ["-c", WAIT, "isoline-keeper", ...wake], {
    // By descriptors and not by names: another file may be mounted over them by then, or they may have been removed.
    stdio: ["pipe", "ignore", "ignore", fd, pins],
    // In another session: signals of the terminal to this process are not meant for it.
    detached: true,
    cwd: "/",
    env: { PATH: "/usr/bin:/bin" },
  });
  // Without a keeper, tasks that are held when the supervisor dies stay held; the run goes on.
  keeper.on("error", () => {});
  keeper.stdin?.on("error", () => {});
  keeper.unref();
  if (keeper.pid !== undefined) kernel.protect(keeper.pid);
  return () => keeper.stdin?.end("over\n");
}
