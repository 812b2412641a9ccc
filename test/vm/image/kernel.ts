/** The stock kernel that the virtual machines boot: Debian's, unpacked by `npm test` and `npm run test:vm`. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { unpackedRoot } from "../../../tools/unpacked-packages.mjs";

export interface Kernel {
  /** `uname -r`. */
  readonly release: string;
  /** The compressed kernel, as a boot loader takes it. */
  readonly image: string;
  /** The directory of its modules. */
  readonly modules: string;
  /** The security modules that it enables by default, in order. */
  readonly securityModules: readonly string[];
}

/** The kernel, if it has been unpacked. */
export function stockKernel(): Kernel | undefined {
  const root = unpackedRoot("linux-image-amd64");
  if (root === undefined) return undefined;
  const prefix = "vmlinuz-";
  const name = readdirSync(join(root, "boot")).find((file) => file.startsWith(prefix));
  if (name === undefined) return undefined;
  const release = name.slice(prefix.length);
  const configuration = readFileSync(join(root, "boot", `config-${release}`), "utf8");
  return {
    release,
    image: join(root, "boot", name),
    modules: join(root, "usr/lib/modules", release, "kernel"),
    securityModules: /^CONFIG_LSM="(.*)"$/m.exec(configuration)?.[1]?.split(",") ?? [],
  };
}
