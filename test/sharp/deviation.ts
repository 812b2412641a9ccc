/**
 * One small deviation from a learnt workload, and what becomes of it: watched, and enforced.
 */
import { execFileSync } from "node:child_process";
import { ended, type Ended, isoline, isolineProgram, readReport, type Report } from "../support/isoline.ts";
import { Outside, Place, type Programs } from "./place.ts";

/** A command and what is special about its environment. */
export interface Work {
  readonly command: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

export interface Deviation {
  /** What the workload was learnt to do. */
  readonly learnt: string;
  /** What it does otherwise. */
  readonly departs: string;
  /** Who can do it with effect; an ordinary user if absent. */
  readonly by?: "root";
  /** It mounts: keep that from everyone else. */
  readonly apart?: true;
  /** A program of the system that the workload is made of. */
  readonly needs?: string;
  readonly lens?: "exact";
  /** Things that both the learnt and the deviating workload find. */
  readonly lay?: (place: Place) => void;
  readonly work: (place: Place) => Work;
  /** What somebody changed in between. */
  readonly change?: (place: Place) => void;
  /** The deviating command; the learnt one if absent. */
  readonly instead?: (place: Place) => Work;
  /**
   * Beginnings of the acts that are off contour, in order, and no others; "…" at the end stands for what another program
   * does then. None: it is the same behaviour.
   */
  readonly acts: readonly string[];
  /** Whether it had its effect; absent where the kernel would not let it have one here. */
  readonly happened?: (after: Aftermath) => boolean;
  /** Refused without regard to the mode. */
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
  /** Why the first departure is one, in words that are the same on every machine. */
  readonly said: string | undefined;
}

/** What has to be the same for two deviations to depart from one contour. */
const aspects = ["work", "lay", "by", "lens", "apart"] as const;

/** Runs deviations, each in a place of its own; what was learnt of a workload is kept for others like it. */
export class Bench {
  readonly #programs: Programs;
  readonly #outside: Outside;
  readonly #learnt: { readonly of: Deviation; readonly contour: string }[] = [];

  constructor(programs: Programs, outside: Outside) {
    this.#programs = programs;
    this.#outside = outside;
  }

  /** The contour of the learnt workload. */
  async learn(deviation: Deviation): Promise<string> {
    const known = this.#learnt.find(({ of }) => aspects.every((aspect) => of[aspect] === deviation[aspect]));
    if (known) return known.contour;
    const contour = `${this.#programs.directory}/${this.#learnt.length}.contour`;
    await this.#in(deviation, async (place) => {
      const lens = deviation.lens ? ["--lens", deviation.lens] : [];
      const out = place.at("learnt.contour");
      const { status, stderr } = await this.#run(
        place,
        deviation,
        ["learn", "-o", out, ...lens],
        deviation.work(place),
      );
      if (status !== 0) throw new Error(`learning ended with ${status}: ${stderr}`);
      execFileSync("mv", [out, contour]);
    });
    this.#learnt.push({ of: deviation, contour });
    return contour;
  }

  /** Lets the workload deviate: watched, or enforced. */
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

  #run(place: Place, { apart }: Deviation, args: readonly string[], { command, env }: Work): Promise<Ended> {
    const start = { cwd: place.directory, uid: place.uid, env: { HOME: place.at("home"), ...env } };
    const whole = [...args, "--", ...command];
    return apart ? ended("unshare", ["--mount", isolineProgram, ...whole], start) : isoline(whole, start);
  }
}
