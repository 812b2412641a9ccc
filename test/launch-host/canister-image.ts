/** Small images for a launch host: busybox and a script. */
import { readFileSync } from "node:fs";
import { type Layout, layoutOf } from "../../tools/images/image-layout.mjs";
import { tar } from "../../tools/images/push.mjs";
import { busybox } from "../vm/image/initramfs.ts";

const NOTHING = Buffer.alloc(0);

/** An image that runs a script, under busybox's shell. It may write `/tmp` alone. */
export function scriptImage(script: string): Layout {
  const program = readFileSync(busybox() ?? "/bin/busybox");
  const layer = tar([
    ["bin/", NOTHING, 0o755],
    ["bin/busybox", program, 0o755],
    ["etc/", NOTHING, 0o755],
    ["etc/motd", Buffer.from("welcome\n")],
    ["etc/secret", Buffer.from("do not tell\n")],
  ]);
  return layoutOf([layer], { Entrypoint: ["/bin/busybox", "sh", "-c"], Cmd: [script], Env: ["PATH=/bin"] });
}
