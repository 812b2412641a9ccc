/** One small deviation from a learnt workload, and its result when watched and when enforced. */
import { execFileSync } from "node:child_process";
import { ended, type Ended, isoline, isolineProgram, readReport, type Report } from "../support/isoline.ts";
import { Outside, Place, type Programs } from "./place.ts";

/** A command and the differences of its environment. */
export interface Work {
  readonly command: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

export interface Deviation {
  /** What the workload did while it was learnt. */
  readonly learnt: string;
  /** What it does differently. */
  readonly departs: string;
  /** The user that it needs; an ordinary user if absent. */
  readonly by?: "root";
  /** It mounts, so it runs in a mount namespace of its own. */
  readonly apart?: true;
  /** A program of the system that the workload needs. */
  readonly needs?: string;
  readonly lens?: "exact";
  /** Files that both the learnt and the deviating workload find. */
  readonly lay?: (place: Place) => void;
  readonly work: (place: Place) => Work;
  /** A change that another process makes in between. */
  readonly change?: (place: Place) => void;
  /** The deviating command; the learnt one if absent. */
  readonly instead?: (place: Place) => Work;
  /**
   * The beginnings of the acts that are off contour, in order and complete; "…" at the end stands for the acts of another
   * program. Empty: it is the same behaviour.
   */
  readonly acts: readonly string[];
  /** Whether it had its effect; absent where the kernel allows no effect here. */
  readonly happened?: (after: Aftermath) => boolean;
  /** Refused in every mode. */
  readonly always?: "refused";
  /** Why it is on contour, where a reader might expect otherwise. */
  readonly because?: string;
}

export interface Aftermath {
  readonly place: Place;
  readonly stdout: string;
}

export interface Outcome {
  readonly report: Report;
  readonly status: number | null;
  readonly happened: boolean | undefined;
  readonly stderr: string;
  /** The reason for the first departure, in words that are the same on every machine. */
  readonly said: string | undefined;
}

/** What must be equal for two deviations to depart from one contour. */
const aspects = ["work", "lay", "by", "lens", "apart"] as const;

/** How often a workload is learnt whose contour is then generalised. Each run makes a file of its own name first. */
const VARIED_RUNS = 4;
const VARIED = 'echo > "varied-$VARIED_RUN.txt"; exec "$@"';

/** Runs deviations, each in a folder of its own. The contour of a workload is reused by all deviations from it. */
export class Bench {
  readonly #programs: Programs;
  readonly #outside: Outside;
  readonly #isGeneralised: boolean;
  readonly #learnt: { readonly of: Deviation; readonly contour: string }[] = [];

  /** `generalised`: workloads are learnt in several runs that vary, and rules are applied by which such runs are on contour. */
  constructor(programs: Programs, outside: Outside, how: { readonly generalised?: boolean } = {}) {
    this.#programs = programs;
    this.#outside = outside;
    this.#isGeneralised = how.generalised ?? false;
  }

  /** The contour of the learnt workload. */
  async learn(deviation: Deviation): Promise<string> {
    const known = this.#learnt.find(({ of }) => aspects.every((aspect) => of[aspect] === deviation[aspect]));
    if (known) return known.contour;
    const contour = `${this.#programs.directory}/${this.#learnt.length}.contour`;
    for (let run = 1; run <= (this.#isGeneralised ? VARIED_RUNS : 1); run++)
      await this.#learnOnce(deviation, contour, run);
    if (this.#isGeneralised)
      execFileSync(isolineProgram, ["generalise", contour, "--target", "0%"], { stdio: "ignore" });
    this.#learnt.push({ of: deviation, contour });
    return contour;
  }

  async #learnOnce(deviation: Deviation, contour: string, run: number): Promise<void> {
    const files = [contour, `${contour}.evidence`];
    await this.#in(deviation, async (place) => {
      const lens = deviation.lens && run === 1 ? ["--lens", deviation.lens] : [];
      const out = place.at("learnt.contour");
      const outs = [out, `${out}.evidence`];
      if (run > 1) files.forEach((file, at) => place.take(file, outs[at] as string));
      const args = ["learn", "-o", out, ...(run > 1 ? ["--merge"] : []), ...lens];
      const { status, stderr } = await this.#run(place, deviation, args, deviation.work(place), run);
      if (status !== 0) throw new Error(`learning ended with ${status}: ${stderr}`);
      outs.forEach((file, at) => execFileSync("mv", [file, files[at] as string]));
    });
  }

  /** Runs the deviating workload: watched, or enforced. */
  async deviate(deviation: Deviation, contour: string, mode: "watch" | "enforce"): Promise<Outcome> {
    return this.#in(deviation, async (place) => {
      deviation.change?.(place);
      const work = (deviation.instead ?? deviation.work)(place);
      const report = place.at("report.json");
      const enforce = mode === "enforce" ? ["--enforce"] : [];
      const ran = await this.#run(place, deviation, ["check", contour, ...enforce, "--report", report], work);
      const read = readReport(place.directory);
      return {
        report: read,
        status: ran.status,
        stderr: ran.stderr,
        happened: deviation.happened?.({ place, stdout: ran.stdout }),
        said: read.departures[0] && place.generalise(read.departures[0].why),
      };
    });
  }

  async #in<T>({ by, lay }: Deviation, use: (place: Place) => Promise<T>): Promise<T> {
    const place = new Place(this.#programs, this.#outside, by === "root");
    try {
      lay?.(place);
      return await use(place);
    } finally {
      place.clear();
    }
  }

  #run(place: Place, { apart }: Deviation, args: readonly string[], work: Work, run = VARIED_RUNS + 1): Promise<Ended> {
    const { command, env } = this.#isGeneralised ? varied(work, run) : work;
    const start = { cwd: place.directory, uid: place.uid, env: { HOME: place.at("home"), ...env } };
    const whole = [...args, "--", ...command];
    return apart ? ended("unshare", ["--mount", isolineProgram, ...whole], start) : isoline(whole, start);
  }
}

/** The same, after a file whose name differs from run to run. */
function varied({ command, env }: Work, run: number): Work {
  return { command: ["/bin/sh", "-c", VARIED, "sh", ...command], env: { ...env, VARIED_RUN: String(run) } };
}
