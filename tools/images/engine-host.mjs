/** The image of a machine that hosts engines: Node, the engine's bundle, and the keys of the sensors that it serves. */
import { archive, file, withDirectories } from "./archive.mjs";
import { engineRoot } from "./root.mjs";
import { compressed, unifiedImage } from "./uki.mjs";

/** The console shows what the kernel and the engine say, and takes nothing. */
export const ENGINE_COMMAND_LINE = [
  "console=ttyS0 quiet panic=-1 oops=panic",
  "lsm=lockdown,yama lockdown=integrity module.sig_enforce=1",
  "vsyscall=none ia32_emulation=0",
].join(" ");

/** The part that all of these images share, packed. @returns {Buffer} */
export const sharedEnginePart = () => compressed(engineRoot());

/**
 * An image whose engine serves the sensors that prove one of these keys.
 *
 * @param {Buffer} shared @param {{ sensors: readonly string[], commandLine?: string }} what `sensors`: public keys, in PEM
 */
export function engineHost(shared, { sensors, commandLine = ENGINE_COMMAND_LINE }) {
  const own = archive(withDirectories([file("etc/isoline/sensors.pem", Buffer.from(sensors.join("")))]));
  return unifiedImage({ initrds: [shared, own], commandLine, name: "isoline engine host" });
}
