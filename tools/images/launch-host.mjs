/** The image of a launch host: what is in it, and how its contour is learnt. */
import { archive, file, withDirectories } from "./archive.mjs";
import { hostRoot } from "./root.mjs";
import { compressed, unifiedImage } from "./uki.mjs";

/**
 * `bpf` among the security modules lets the sensor refuse; lockdown keeps root out of the kernel. The console shows what the kernel
 * says, and takes nothing: init gives no process a terminal, and closes the keys that command a kernel.
 */
export const COMMAND_LINE = [
  "console=ttyS0 quiet panic=-1 oops=panic",
  "lsm=lockdown,yama,integrity,bpf lockdown=integrity module.sig_enforce=1",
  "vsyscall=none ia32_emulation=0",
].join(" ");

const NAME = "isoline launch host";
const STORE = { contours: "/run/contours", reports: "/run/reports", sensor: "bpf" };
/** Canisters are recorded where the host's own namespace is (init.c). */
const REGISTERS = { address: "/dev/tpmrm0", ledger: "/run/ledger" };

/** What the agent writes and reads lies below these places, under names that strangers choose. */
const POLICY = {
  tools: ["/run/canisters", "/run/contours", "/run/evidence", "/run/said"].map((place) => ({
    ...{ kind: "cache", in: place, by: ["node"] },
    why: "what is pushed, said and attested is here, under names of its own",
  })),
};

const json = (/** @type {unknown} */ value) => Buffer.from(`${JSON.stringify(value, undefined, 2)}\n`);

/** The part that all images share, packed; made once, because it takes longest. @returns {Buffer} */
export const sharedPart = () => compressed(hostRoot());

/**
 * An image that enforces its contour, and accepts what one of the keys has signed.
 *
 * @param {Buffer} shared @param {{ contour: Buffer, keys: readonly string[], commandLine?: string }} what `keys`: public, in PEM
 */
export function launchHost(shared, { contour, keys, commandLine = COMMAND_LINE }) {
  const names = keys.map((_, index) => `etc/isoline/keys/${index}.pub`);
  const configuration = {
    ...{ ...STORE, unlabelled: "refuse", annotations: "refuse", attached: "enforce" },
    tpm: REGISTERS,
    signatures: [{ image: "*", keys: names.map((name) => `/${name}`) }],
  };
  const own = [
    file("etc/isoline/host.contour", contour),
    file("etc/isoline/canisters.json", json(configuration)),
    ...names.map((name, index) => file(name, Buffer.from(keys[index] ?? ""))),
    file("etc/isoline/keys.pem", Buffer.from(keys.join(""))),
  ];
  return unifiedImage({ initrds: [shared, archive(withDirectories(own))], commandLine, name: NAME });
}

/**
 * An image that learns its own contour and those of canisters, and accepts every push. It measures as another image.
 *
 * @param {Buffer} shared @param {string} key of the learner, who signs a push as well
 */
export function learningHost(shared, key) {
  const own = [
    file("etc/isoline/learn", Buffer.alloc(0)),
    file("etc/isoline/host.policy.json", json(POLICY)),
    file("etc/isoline/canisters.json", json({ ...STORE, unlabelled: "learn", attached: "ignore" })),
    file("etc/isoline/keys.pem", Buffer.from(key)),
  ];
  const initrds = [shared, archive(withDirectories(own))];
  return unifiedImage({ initrds, commandLine: COMMAND_LINE, name: `${NAME}, learning` });
}
