/** A TPM in software, with a state of its own. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";

/** @param {string} folder */
export async function softwareTpm(folder) {
  const [state, socket] = [join(folder, "tpm-state"), join(folder, "tpm-socket")];
  mkdirSync(state);
  const words = ["socket", "--tpm2", "--tpmstate", `dir=${state}`, "--server", `type=unixio,path=${socket}`];
  const tpm = spawn("swtpm", [...words, "--flags", "not-need-init,startup-clear"], { stdio: "ignore" });
  for (let tries = 0; tries < 500 && !existsSync(socket); tries++) await setTimeout(20);
  return {
    plan: { address: `unix:${socket}`, ledger: join(folder, "ledger"), pcr: 13 },
    end: async () => {
      tpm.kill("SIGKILL");
      await once(tpm, "exit");
    },
  };
}
