/**
 * The integrity view of a live namespace: made from its plan, queried while it runs, written at its end.
 *
 * Without a plan there is one as well, which does nothing until a client gives it a policy over the control socket.
 */
import { mkdirSync } from "node:fs";
import { holdersOf, isRunning, type ActingProcess, type UsedFile } from "@isoline/linux";
import { readKeyFile } from "../integrity/appraise/key-file.ts";
import { Keyring } from "../integrity/appraise/keyring.ts";
import { AuditWriter } from "../integrity/audit/writer.ts";
import { Failures } from "../integrity/failures.ts";
import { algorithmByName, type Bank, type HashAlgorithm } from "../integrity/hash-algorithms.ts";
import { keptBanks, OF_STRANGER } from "../integrity/measure/running-list.ts";
import { type IntegrityPlan, unasked } from "../integrity/plan.ts";
import { parseImaPolicy } from "../integrity/policy/parse.ts";
import { readImaPolicy } from "../integrity/policy/policy-file.ts";
import type { Hook, ImaPolicy } from "../integrity/policy/rule.ts";
import { IntegrityView } from "../integrity/view.ts";
import { Output } from "../store/output.ts";
import { NOT_INSPECTED } from "./integrity-unasked.ts";
import type { SensorName } from "./plan.ts";
import type { IntegrityReport } from "./report.ts";
import type { BufferMeasured, IntegrityAnswers, PolicyLoaded } from "./requests.ts";

/** What the view needs of the namespace around it. */
export interface Surroundings {
  readonly lost: (reason: string, process: ActingProcess | undefined) => number;
  readonly pids: () => Iterable<number>;
  /** The present state of the contour, in hexadecimal. */
  readonly contourState: () => string;
  readonly sensor: SensorName;
  /** Whether its measurement list has to be small, as there may be many. */
  readonly isForStranger: boolean;
  /** Called when there is something to inspect. */
  readonly onActive: (view: IntegrityView) => void;
}

export class NamespaceIntegrity {
  readonly #plan: IntegrityPlan;
  readonly #around: Surroundings;
  readonly #audit: AuditWriter | undefined;
  readonly #keys: Keyring;
  readonly #failures = new Failures();
  /** The outputs of the lists, by bank; opened before the workload starts. */
  readonly #lists = new Map<Bank, { readonly binary: Output; readonly ascii: Output }>();
  #view: IntegrityView | undefined;
  /** Bytes of critical data from the socket, which stay in the list. */
  #taken = 0;

  /** Reads every file that the plan names, so that errors are reported before the workload starts. */
  constructor(plan: IntegrityPlan = unasked, around: Surroundings) {
    this.#plan = plan;
    this.#around = around;
    this.#keys = new Keyring(plan.keys.map(readKeyFile));
    const policy = plan.policy === undefined ? undefined : readImaPolicy(plan.policy);
    if (plan.lists !== undefined) this.#holdLists(plan.lists);
    this.#audit = plan.audit === undefined ? undefined : new AuditWriter(plan.audit);
    if (policy !== undefined) this.#load(policy);
  }

  readonly answers: IntegrityAnswers = {
    "ima-policy": () => this.#view?.policy?.rules.map(({ text }) => `${text}\n`).join("") ?? "",
    "ima-list": ({ form, bank, most }) => this.#made.list.within(most, form, bank) ?? null,
    "ima-counts": () => ({ entries: this.#made.list.entries.length, violations: this.#made.list.violations }),
    "load-ima-policy": ({ text }) => this.#take(text),
    "measure-critical-data": ({ label, event, data }) => this.#measure(label, event, data),
  };

  /** Writes the lists that were requested; null if the view was not requested. */
  finish(): IntegrityReport | null {
    this.#audit?.close();
    const view = this.#view;
    if (this.#lists.size > 0) this.#writeLists(this.#made);
    if (view?.policy === undefined) return null;
    const { list, denied, policy } = view;
    return {
      rules: policy.rules.length,
      mode: this.#plan.mode,
      entries: list.entries.length,
      violations: list.violations,
      denied,
      failures: this.#failures.all,
      moreFailures: this.#failures.more,
      registers: list.registers(),
    };
  }

  /** If the text has an error, a policy can still be set; an accepted policy is sealed. */
  #take(text: string): PolicyLoaded {
    if (this.#view?.policy !== undefined) return { refused: "sealed", message: SEALED };
    if (this.#around.sensor === "bpf") return { refused: "not-inspected", message: NOT_INSPECTED };
    try {
      const policy = parseImaPolicy(text);
      this.#load(policy);
      return { rules: policy.rules.length };
    } catch (fault) {
      return { refused: "bad-ima-policy", message: fault instanceof Error ? fault.message : String(fault) };
    }
  }

  /** Data from a client of the socket gets an entry with its own label, and never one of those that are made here. */
  #measure(label: string, event: string, data: Uint8Array): BufferMeasured {
    if (!LABEL.test(label) || !EVENT.test(event) || ownLabels.includes(label))
      return { refused: "usage", message: `expected label=NAME, other than ${ownLabels.join(", ")}, and event=NAME` };
    if (this.#taken + data.length > MOST_TAKEN)
      return { refused: "full", message: `at most ${MOST_TAKEN} bytes are taken from the socket` };
    const register = this.#view?.measureCriticalData(label, event, Buffer.from(data));
    if (register === "full") return { refused: "full", message: "the measurement list is full" };
    if (register === undefined)
      return { refused: "not-measured", message: `no rule measures critical data with the label ${label}` };
    this.#taken += data.length;
    return { register };
  }

  #load(policy: ImaPolicy): void {
    this.#made.load(policy);
    this.#around.onActive(this.#made);
  }

  get #made(): IntegrityView {
    this.#view ??= new IntegrityView({
      mode: this.#plan.mode,
      listLimits: this.#around.isForStranger ? OF_STRANGER : undefined,
      keys: this.#keys,
      template: this.#plan.template,
      algorithm: algorithmByName(this.#plan.algorithm) as HashAlgorithm,
      audit: (record) => {
        this.#failures.note(record);
        this.#audit?.write(record);
      },
      lost: this.#around.lost,
      unshown: this.#around.sensor === "bpf" ? unshownByBpf : nothing,
      holders: (file) => this.#holders(file),
      criticalData: [["isoline", "contour_state", () => Buffer.from(this.#around.contourState(), "latin1")]],
    });
    return this.#view;
  }

  /** An executing file cannot be opened for writing, so its readers are not at risk. */
  #holders(file: UsedFile): { readers: boolean; writers: boolean } {
    const pids = [...this.#around.pids()];
    const { readers, writers } = holdersOf(file, pids);
    return { readers: readers && !isRunning(file, pids), writers };
  }

  #holdLists(directory: string): void {
    mkdirSync(directory, { recursive: true });
    for (const bank of keptBanks) {
      const suffix = bank === "sha1" ? "" : `_${bank}`;
      const place = (form: string) => Output.open(`${directory}/${form}_runtime_measurements${suffix}`);
      this.#lists.set(bank, { binary: place("binary"), ascii: place("ascii") });
    }
  }

  #writeLists({ list }: IntegrityView): void {
    for (const [bank, { binary, ascii }] of this.#lists) {
      binary.write([list.binary(bank)]);
      ascii.write([list.ascii(bank)]);
    }
  }
}

/** The kernel image of kexec is identified by the call alone, and the value of an attribute by its name. */
const unshownByBpf: ReadonlySet<Hook> = new Set([
  "KEXEC_KERNEL_CHECK",
  "KEXEC_INITRAMFS_CHECK",
  "KEXEC_CMDLINE",
  "SETXATTR_CHECK",
]);
const nothing: ReadonlySet<Hook> = new Set();

const ownLabels: readonly string[] = ["kernel_info", "isoline"];
/** In the form in which a policy can name it and an ASCII list shows it. */
const LABEL = /^[\w-]{1,64}$/;
const EVENT = /^[\w.:/-]{1,255}$/;
const MOST_TAKEN = 16 * 2 ** 20;

const SEALED = "this namespace has an IMA policy already, and takes no other; start it anew with --ima-policy";
