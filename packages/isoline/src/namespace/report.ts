/**
 * The report of one run, as `--json` and `--report` write it: docs/report.md, and as a JSON Schema schema/report.json. Members
 * are only ever added.
 */
import type { AppliedLandlock, Tally } from "@isoline/linux";
import type { Consequence, ContentChange, DepartureClass, Mode, Move } from "@isoline/core/engine";
import type { Json } from "@isoline/core/event";
import type { Task } from "@isoline/core/identity";
import type { AppraisalFailure } from "../integrity/failures.ts";
import type { AppraiseMode } from "../integrity/view.ts";
import type { ContentNote } from "./content-notes.ts";
import type { AnswerWord } from "./answer-words.ts";
import type { PauseReport } from "./pauses.ts";
import type { MitigationReport } from "./trust-mitigations.ts";

/** How a run came out. Off contour outweighs incomplete. */
export type Verdict = "on-contour" | "off-contour" | "incomplete" | "learnt";

/** What could not be observed, and how often. */
export interface Loss {
  readonly reason: string;
  readonly count: number;
}

/** How the first process ended; unknown where another process took its status, or where it was not this supervisor's child. */
export type Exit = { readonly status: number } | { readonly signal: string } | { readonly unknown: true };

/** A point that is off contour. The numbers and the chain are those of its first event. */
export interface DepartureReport {
  readonly point: string;
  /** Who did what, and what comes nearest to it on the contour, in one line. */
  readonly why: string;
  readonly act: string;
  /** What could follow from it: docs/consequences.md. */
  readonly consequence: Consequence;
  readonly chain: readonly string[];
  readonly pid: number;
  readonly sequence: number;
  /** Its events. */
  readonly count: number;
  /** Those of them that were refused. */
  readonly refused: number;
  /** Of the files whose content counts, as it was the first time. */
  readonly content?: DepartureContent;
  /** Whether it is only an update of what was learnt. */
  readonly class: DepartureClass;
  /** Files whose content is not the learnt one, and programs that have another path, on which all of it rests. */
  readonly changed?: readonly ContentChange[];
  readonly renamed?: readonly Move[];
  /** The whole event: docs/spec/event.schema.json. */
  readonly event: Json;
  /** The programs that led to it, where the contour does not have them and no departure before it told them. */
  readonly tasks?: readonly Task[];
  /** Which program acted is a guess: its parent ended before it could be read. */
  readonly guessed?: true;
  /** When its first event was, and the last one that the supervisor decided about: ISO 8601 in UTC. */
  readonly first: string;
  readonly last: string;
}

/** An update: files that changed, and how much departed only because of them. */
export interface UpdateReport {
  readonly changed: readonly ContentChange[];
  readonly renamed: readonly Move[];
  /** Points, their events, and those of the events that were refused. */
  readonly departures: number;
  readonly count: number;
  readonly refused: number;
}

type DepartureContent = readonly Omit<ContentNote, "count">[];

/** What the integrity view leaves. */
export interface IntegrityReport {
  /** How many rules its policy has. */
  readonly rules: number;
  readonly mode: AppraiseMode;
  readonly entries: number;
  readonly violations: number;
  /** Uses that were refused. */
  readonly denied: number;
  /** Files that were not good, whatever the mode, and how many more failures there were of files beyond a thousand. */
  readonly failures: readonly AppraisalFailure[];
  readonly moreFailures: number;
  /** By bank and register, in hexadecimal. */
  readonly registers: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

/** What the TPM of the host was told of a run: docs/spec/ledger.md. Digests in hexadecimal. */
export interface TpmReport {
  /** Name and index of the register, and whether other namespaces share it. */
  readonly register: string;
  readonly index: number;
  readonly shared: boolean;
  /** Number of the birth in the ledger, and the ledger's file. */
  readonly birth: number;
  readonly ledger: string;
  /** The register of platform configuration for births and ends. */
  readonly pcr: number;
  /** SHA-256 over registers 0 to 7 of the SHA-256 bank. */
  readonly aggregate: string;
  /** The first entry of the kernel's IMA list, as `sha256:…`; null where the kernel has none. */
  readonly bootAggregate: string | null;
  /** As of the contour, but from the aggregate on. */
  readonly measurement: string;
  readonly state: string;
  /** Processes that departed, told to the ledger or only counted. */
  readonly departures: number;
  /** Whether the end was recorded, and all that came before it. */
  readonly recorded: boolean;
}

/** What a person answered, or that no answer came in time (`late`), about one act. */
export interface AnswerReport {
  readonly point: string;
  readonly why: string;
  readonly answer: AnswerWord | "late";
  /** Who answered: the terminal, the approver with its process, or the deadline. */
  readonly by: string;
  /** ISO 8601, UTC. */
  readonly at: string;
  /** Why `always` holds for this run, or this once, only. */
  readonly remark?: string;
}

/** The report of one run. */
export interface RunReport {
  /** The version of this form. */
  readonly isoline: 1;
  readonly verdict: Verdict;
  /** Of a canister: the container's id. */
  readonly container?: string;
  /** Of a canister: what its image is known by. */
  readonly image?: { readonly names: readonly string[]; readonly digests: readonly string[] };
  /** The contour's file. */
  readonly contour: string;
  readonly command: readonly string[];
  readonly exit: Exit;
  /** As it was at the end: learning that was sealed ends as `watch`. */
  readonly mode: Mode;
  readonly events: number;
  /** Points of the contour, and those of them that this run added. */
  readonly points: number;
  readonly added: number;
  /** What the kernel refused by itself, which exchanges nothing. */
  readonly attempts: number;
  /** Events that were off contour, and those of them that were refused. */
  readonly off: number;
  readonly refused: number;
  /** Acts on the supervisor itself, which are refused whatever the contour says. Of the bpf sensor, see `kernel`. */
  readonly kept: number;
  readonly measurement: string;
  readonly state: string;
  readonly lens: string;
  readonly profile: string;
  readonly policy: string;
  readonly incomplete: readonly Loss[];
  /** What there is to say of files' contents: of which they are not known, and for which the kernel vouches. */
  readonly content: readonly ContentNote[];
  /** Beside those, remarks that were only counted. */
  readonly moreContent: number;
  /** Calls that went ahead on what others could change before the kernel looked at it, by their names. */
  readonly racy: Readonly<Record<string, number>>;
  /** Events of processes of which it could not be proven which process forked them. */
  readonly guesses: number;
  /** How often each lens rule levelled something. */
  readonly firings: Readonly<Record<string, number>>;
  readonly departures: readonly DepartureReport[];
  /** The departures that are no more than updates, gathered: each is one decision. */
  readonly updates: readonly UpdateReport[];
  /** How often, and for how many seconds in all, the supervisor did not run though it should have. */
  readonly pauses: PauseReport;
  /** Where a person was asked: the answers, in order, at most ten thousand. */
  readonly answers?: readonly AnswerReport[];
  /** Where the policy names mitigations: what became of them. */
  readonly mitigations?: MitigationReport;
  /** What the BPF programs counted, by operation; null under another sensor. */
  readonly kernel: Readonly<Record<string, Tally>> | null;
  /** Null where there was no IMA policy. */
  readonly integrity: IntegrityReport | null;
  /** Null where the run was not recorded in a TPM. */
  readonly tpm: TpmReport | null;
  /** What the kernel enforces beneath the verdicts; null where it was not asked to. */
  readonly landlock: Omit<AppliedLandlock, "pins"> | null;
}

/** What the supervisor itself knows of a run; who had it run adds what it was. */
export type Findings = Omit<
  RunReport,
  "isoline" | "verdict" | "container" | "image" | "contour" | "command" | "exit" | "updates" | "landlock"
>;
