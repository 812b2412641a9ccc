/** Rows of the matrix: events of a boot, under a reference that has rules for them. */
import { quotedBoot, quotedEvents, writeBoot } from "../../packages/attest/src/appraise/index.ts";
import { type Evidence, EvidenceReading, writeEvidence } from "../../packages/attest/src/evidence/index.ts";
import { extendPcr } from "../../packages/attest/src/birth/index.ts";
import { registersAfter } from "../attest/boot-log.ts";
import type { Bench, Row, Sent } from "./bench.ts";
import { type Booting, bootLogOf, bootLogWith, sha256 } from "./boot.ts";
import { policy, references } from "./verifier.ts";

const [SEPARATOR, VARIABLE_BOOT, APPLICATION, DRIVER_CONFIG, NO_ACTION] = [4, 0x8000_0002, 0x8000_0003, 0x8000_0001, 3];
const separator = (register: number): Booting => [register, "\0\0\0\0", SEPARATOR];
const SECURE: Booting = [7, "secure boot on", DRIVER_CONFIG];
const KEYS: Booting = [7, "keys", DRIVER_CONFIG];
const ENTRY: Booting = [1, "entry 1", VARIABLE_BOOT];
const LOADER: Booting = [4, "boot loader", APPLICATION];
const EVENTS: readonly Booting[] = [
  [0, "firmware 1.0"],
  separator(0),
  ENTRY,
  separator(1),
  SECURE,
  KEYS,
  separator(7),
  separator(4),
  LOADER,
];
const REGISTERS = [0, 1, 4, 7];

type Change = (rules: { readonly type: string }[], register: string) => object[];

/** The reference of the machine as the bench has it now. */
async function referenceOf(bench: Bench, change: Change = (rules) => rules): Promise<Uint8Array> {
  const boot = await quotedBoot(new EvidenceReading(writeEvidence(await bench.honest())));
  const text = writeBoot({ name: "events", registers: new Map(), events: quotedEvents(boot, REGISTERS) });
  const { boots, ...rest } = JSON.parse(text) as { boots: { events: Record<string, { type: string }[]> }[] };
  const changed = boots.map(({ events, ...one }) => ({
    ...one,
    events: Object.fromEntries(Object.entries(events).map(([at, rules]) => [at, change(rules, at)])),
  }));
  return Buffer.from(JSON.stringify({ ...rest, boots: changed }));
}

/** Boots the bench anew with these events, and a kernel that measures no files: its list would show what comes later. */
async function reboot(bench: Bench, events: readonly Booting[]): Promise<void> {
  await bench.node.software.stop();
  await bench.node.boot(events, null);
  await bench.bear();
}

interface Sample {
  /** What the machine boots that is judged; the good one if left out. */
  readonly booted?: readonly Booting[];
  readonly change?: Change;
  readonly rules?: object;
  /** What it does after its boot. */
  readonly later?: (bench: Bench) => Promise<void>;
}

/** A machine under the reference of a good one. */
function sent({ booted = EVENTS, change, rules, later }: Sample) {
  return async (bench: Bench): Promise<Required<Sent> & { evidence: Evidence }> => {
    await reboot(bench, EVENTS);
    const reference = await referenceOf(bench, change);
    await reboot(bench, booted);
    await later?.(bench);
    const question = {
      references: [references(bench.node), reference],
      policy: policy({ boots: ["events"], imaList: "if-there", ...rules }),
    };
    return { evidence: await bench.honest(), question };
  };
}

/** Root extends a register after the boot, and says so in the log. */
const extend =
  ([register, what, type]: Booting) =>
  async ({ node }: Bench) => {
    const digest = sha256(Buffer.from(what));
    await node.using((tpm) => extendPcr(tpm, register, digest));
    node.bootLog = bootLogWith(node.bootLog, [{ register, digest, type }]);
    node.aggregate = sha256(...Object.values(registersAfter(node.bootLog)).slice(0, 8));
  };

const without = (left: Booting) => EVENTS.filter((event) => event !== left);
const swapped = EVENTS.map((event) => (event === SECURE ? KEYS : event === KEYS ? SECURE : event));
const relabelled = bootLogOf(EVENTS.map((event, index) => (index === 6 ? [7, "\0\0\0\0", DRIVER_CONFIG] : event))).log;

const group = "Events of a boot, which a reference has rules for";

export const bootEventRows: readonly Row[] = [
  { group, forgery: "the same events in another order", caught: "no alarm", send: sent({ booted: swapped }) },
  {
    group,
    forgery: "an event that is not listed, in the TPM and in the log",
    caught: "boot: untrusted-platform",
    send: sent({ booted: [...EVENTS, [4, "another program", APPLICATION]] }),
  },
  {
    group,
    forgery: "the same, left out of the log",
    caught: "boot-log: broken-evidence",
    send: sent({
      booted: [...EVENTS, [4, "another program", APPLICATION]],
      later: async ({ node }) => void (node.bootLog = bootLogOf(EVENTS).log),
    }),
  },
  {
    group,
    forgery: "a listed event in another register",
    caught: "boot: untrusted-platform",
    send: sent({ booted: [...without(LOADER), [1, "boot loader", APPLICATION]] }),
  },
  {
    group,
    forgery: "a required event that the boot did not have",
    caught: "boot: untrusted-platform",
    send: sent({ booted: without(SECURE) }),
  },
  {
    group,
    forgery: "the same, extended by root after the boot",
    caught: "boot: untrusted-platform",
    send: sent({ booted: without(SECURE), later: extend(SECURE) }),
  },
  {
    group,
    forgery: "the same, with the separator before it called otherwise",
    caught: "boot: broken-evidence",
    send: sent({ later: async ({ node }) => void (node.bootLog = relabelled) }),
  },
  {
    group,
    forgery: "an event of a type that may have any digest",
    caught: "no alarm",
    send: sent({
      booted: [[1, "entry 2", VARIABLE_BOOT], ...without(ENTRY)],
      change: (rules, register) =>
        register === "1"
          ? [{ type: "EV_EFI_VARIABLE_BOOT", digest: "any" }, ...rules.filter(({ type }) => type === "EV_SEPARATOR")]
          : rules,
    }),
  },
  {
    group,
    forgery: "a separator that is called that type",
    caught: "boot: untrusted-platform",
    send: sent({
      booted: [[1, "\u0001\0\0\0", VARIABLE_BOOT], ...EVENTS],
      change: (rules, register) =>
        register === "1" ? [...rules, { type: "EV_EFI_VARIABLE_BOOT", digest: "any" }] : rules,
    }),
  },
  {
    group,
    forgery: "events in the log that the register has not, before a start from another locality",
    caught: "boot-log: broken-evidence",
    send: sent({
      booted: EVENTS.slice(1),
      later: async ({ node }) =>
        void (node.bootLog = bootLogOf([EVENTS[0]!, [0, "StartupLocality\0\0", NO_ACTION], ...EVENTS.slice(1)]).log),
    }),
  },
  {
    group,
    forgery: "no log, under a policy that does without it",
    caught: "boot: incomplete",
    send: async (bench) => {
      const { evidence, question } = await sent({ rules: { bootLog: "if-there" } })(bench);
      const { bootLog: _, ...without } = evidence;
      return { evidence: without, question };
    },
  },
];
