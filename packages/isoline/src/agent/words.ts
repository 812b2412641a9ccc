/** The frames of an agent's socket: docs/agent.md. A conversation is about one namespace, and the client speaks first. */
import type { AppliedLandlock, ChildState } from "@isoline/linux";
import type { CliErrorCode } from "../error.ts";
import type { LaunchOrder } from "../namespace/messages.ts";
import type { DepartureReport, RunReport } from "../namespace/report.ts";
import type { MitigationReport } from "../namespace/trust-mitigations.ts";

/** Version of these words. */
export const VERSION = 1;

/** Bytes of one frame of a client: a contour is named and not sent, so the environment of a container's call is the longest part. */
export const MOST_ASKED = 4 * 1024 * 1024;
/** Bytes of one frame of the agent: a report may have ten thousand departures. */
export const MOST_TOLD = 128 * 1024 * 1024;

/** From the agent. */
export type Told =
  /** Of a container: the agent has its order, and carries it out. */
  | { readonly say: "heard" }
  /** The client starts the workload now, in this way. */
  | { readonly say: "launch"; readonly order: LaunchOrder }
  /** The agent has the listener: the client closes its own descriptor. */
  | { readonly say: "taken" }
  /** The workload runs, under this name. */
  | { readonly say: "begun"; readonly name: string | undefined }
  /** Off-contour events so far. */
  | { readonly say: "off"; readonly off: number }
  | { readonly say: "departures"; readonly departures: readonly DepartureReport[] }
  /** Something that happened around the workload, in one line. */
  | { readonly say: "note"; readonly text: string }
  /** Of a container: what goes to the stderr of its call. */
  | { readonly say: "stderr"; readonly text: string }
  /** Of a container: runc has ended, and the client may end. */
  | { readonly say: "status"; readonly status: number }
  /** The last process has ended. */
  | { readonly say: "over"; readonly report: RunReport; readonly removedSignature: boolean }
  /** To a question about a namespace that a process began for itself. */
  | { readonly say: "answer"; readonly answer: unknown }
  | { readonly say: "refused"; readonly code: string; readonly message: string };

/** From the client, after its first frame. */
export type Asked =
  /** The filter is installed: its listener among the client's descriptors. */
  | { readonly say: "filtered"; readonly listener: number }
  | {
      readonly say: "started";
      readonly pid: number;
      readonly landlock: AppliedLandlock | undefined;
      readonly mitigated: MitigationReport["launch"] | undefined;
    }
  /** Nothing was started; `unstarted`: because the first exec failed, of which the namespace may say more. */
  | { readonly say: "failed"; readonly message: string; readonly unstarted?: CliErrorCode | undefined }
  /** The first process has ended. */
  | { readonly say: "ended"; readonly exit: ChildState }
  | { readonly say: "departures"; readonly from: number }
  /** What the command left behind is to end. */
  | { readonly say: "end" };
