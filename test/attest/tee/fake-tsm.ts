/** Files that answer as the kernel's driver does, with reports of makers that exist only in tests. */
import type { ReportFiles } from "../../../packages/isoline/src/attest/tsm/index.ts";
import { snpReport } from "./amd-vendor.ts";
import { tdxQuote } from "./intel-vendor.ts";

export interface Kernel {
  readonly provider?: string;
  /** Answers for reading `outblob`, before it is given. */
  readonly busy?: readonly string[];
  readonly floor?: number;
  readonly auxblob?: Uint8Array | undefined;
  readonly make?: (inblob: Uint8Array, level: number) => Uint8Array;
  /** Called before each read of `outblob`: what another process does meanwhile. */
  readonly meanwhile?: (write: (attribute: string, bytes: Uint8Array) => void) => void;
}

const fault = (code: string) => Object.assign(new Error(code), { code });

/** The state of one request: a report is made when `outblob` is read after something was written. */
export class FakeTsm implements ReportFiles {
  readonly reports = new Map<string, { inblob: Uint8Array; level: number; writes: number }>();
  readonly #kernel: Kernel;
  readonly #busy: string[];

  constructor(kernel: Kernel = {}) {
    this.#kernel = kernel;
    this.#busy = [...(kernel.busy ?? [])];
  }

  make(report: string): void {
    if (this.#kernel.provider === "") throw fault("ENXIO");
    this.reports.set(report, { inblob: new Uint8Array(), level: 0, writes: 0 });
  }

  write(report: string, attribute: string, bytes: Uint8Array): void {
    const state = this.reports.get(report)!;
    if (attribute === "inblob" && (bytes.length === 0 || bytes.length > 64)) throw fault("EINVAL");
    if (attribute === "inblob") state.inblob = Uint8Array.from(bytes);
    else if (attribute === "privlevel") state.level = Number(new TextDecoder().decode(bytes));
    else throw fault("EACCES");
    state.writes += 1;
  }

  read(report: string, attribute: string, most: number): Uint8Array {
    const state = this.reports.get(report)!;
    const { provider = "sev_guest", floor = 0, auxblob, make = made, meanwhile } = this.#kernel;
    const texts: Record<string, string> = { provider, generation: `${state.writes}`, privlevel_floor: `${floor}` };
    if (texts[attribute] !== undefined) return new TextEncoder().encode(`${texts[attribute]}\n`);
    if (attribute === "auxblob") {
      if (auxblob === undefined) throw fault("ENOENT");
      return auxblob.subarray(0, most + 1);
    }
    if (attribute !== "outblob") throw fault("ENOENT");
    const busy = this.#busy.shift();
    if (busy !== undefined) throw fault(busy);
    meanwhile?.((name, bytes) => this.write(report, name, bytes));
    if (state.inblob.length === 0) throw fault("EINVAL");
    return make(state.inblob, state.level).subarray(0, most + 1);
  }

  remove(report: string): void {
    if (!this.reports.delete(report)) throw fault("ENOENT");
  }
}

const made = (report_data: Uint8Array, vmpl: number): Uint8Array => snpReport({ report_data, vmpl });
export const quoted = (data: Uint8Array): Uint8Array =>
  tdxQuote({ body: { report_data: Buffer.from(data).toString("hex") } });
