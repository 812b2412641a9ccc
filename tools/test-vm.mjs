/** `npm run test:vm`: builds, and runs only the tests that need virtual machines with a stock kernel. */
import { preparation } from "./prepare.mjs";
import { installed, run } from "./run.mjs";
import { provideSystemPackages, systemPackages } from "./system-packages.mjs";
import { stageLine } from "./tally.mjs";

const PACKAGES = ["qemu-system-x86", "linux-image-amd64", "busybox-static"];
const LIMIT_SECONDS = 4500;

for (const { name, run: prepare } of preparation) {
  const { status, output, seconds, note } = await prepare();
  console.log(stageLine(status === 0 ? "ok" : "FAILED", name, seconds, note));
  if (status !== 0) {
    console.log(output.trimEnd());
    process.exit(1);
  }
}
const { missing, note } = await provideSystemPackages(systemPackages().filter(({ name }) => PACKAGES.includes(name)));
if (note !== "") console.log(`system packages: ${note}`);
for (const { name, why } of missing) console.log(`system package missing: ${name} (${why})`);
const { status } = await run([installed("vitest"), "run", "--reporter=verbose", "test/vm", ...process.argv.slice(2)], {
  env: { ISOLINE_VM_TIMES: "1" },
  show: true,
  limitSeconds: LIMIT_SECONDS,
});
process.exitCode = status;
