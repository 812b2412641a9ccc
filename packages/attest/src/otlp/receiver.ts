/**
 * A receiver of OTLP, over HTTP. It is a stranger: what it answers is bounded in bytes and in time, no redirection is followed, and
 * nothing of it is kept but one line. OpenTelemetry's own exporters are not used for the way out, because they read the environment for
 * where to go and what to send, and keep answers of any size.
 */
import { lookup as lookUp } from "node:dns";
import { Agent as HttpAgent, type IncomingMessage, request as httpRequest } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import type { LookupFunction } from "node:net";
import { readAtMost } from "@isoline/core/bounded";
import { AttestError } from "../error.ts";

const MOST_ANSWER = 64 * 1024;
const MOST_TOLD = 200;
const CONTENT = "application/x-protobuf";

/** Reads an `ExportMetricsServiceResponse` in its binary form: how many points were rejected, and why. Throws where it is none. */
export type ReadAnswer = (answer: Uint8Array) => {
  readonly rejectedDataPoints?: number | undefined;
  readonly errorMessage?: string | undefined;
};

export interface OtlpTarget {
  /** The whole address, `http:` or `https:`. */
  readonly url: URL;
  /** Certificates in PEM that the receiver's must lead to; those that Node has otherwise. */
  readonly ca: string | undefined;
  /** The name of the program that pushes. */
  readonly program: string;
  readonly readAnswer: ReadAnswer;
}

export class OtlpReceiver {
  readonly #target: OtlpTarget;
  readonly #agent: HttpAgent | HttpsAgent;

  constructor(target: OtlpTarget) {
    const { url, ca } = target;
    this.#target = target;
    const kept = { keepAlive: true, maxSockets: 1, lookup: oneAtATime() };
    this.#agent =
      url.protocol === "https:"
        ? // The environment could have Node take any certificate; this says that it does not.
          new HttpsAgent({
            ...kept,
            minVersion: "TLSv1.2",
            rejectUnauthorized: true,
            ...(ca === undefined ? {} : { ca }),
          })
        : new HttpAgent(kept);
  }

  /** Resolves when it has taken all of an `ExportMetricsServiceRequest` in its binary form; throws `otlp-failed` otherwise. */
  async take(body: Uint8Array, signal: AbortSignal): Promise<void> {
    try {
      const response = await this.#send(body, signal);
      const answer = await readAtMost(response, MOST_ANSWER);
      if (answer === undefined) throw failed(`expected an answer of at most ${MOST_ANSWER} bytes, got more`);
      const { statusCode: status = 0, headers } = response;
      if (status < 200 || status >= 300) throw failed(`expected status 200, got ${status}${shown(answer.toString())}`);
      assertWhole(answer, headers["content-type"] ?? "", this.#target.readAnswer);
    } catch (fault) {
      if (fault instanceof AttestError) throw fault;
      if (signal.aborted) throw failed("it did not answer in time");
      throw failed((fault as Error).message || ((fault as NodeJS.ErrnoException).code ?? "no answer"));
    }
  }

  close(): void {
    this.#agent.destroy();
  }

  #send(body: Uint8Array, signal: AbortSignal): Promise<IncomingMessage> {
    const { url, program } = this.#target;
    const request = url.protocol === "https:" ? httpsRequest : httpRequest;
    return new Promise((resolve, reject) => {
      const headers = { "content-type": CONTENT, "user-agent": program, "content-length": body.length };
      const outgoing = request(url, { method: "POST", agent: this.#agent, headers, signal });
      outgoing.on("response", resolve);
      outgoing.on("error", reject);
      outgoing.end(body);
    });
  }
}

/** An `ExportMetricsServiceResponse` may say that points were rejected. Some receivers leave an answer without news empty. */
function assertWhole(answer: Buffer, type: string, read: ReadAnswer): void {
  if (answer.length === 0) return;
  const told = type.startsWith(CONTENT) ? answerIn(answer, read) : undefined;
  if (told === undefined)
    throw failed(`expected the answer of a receiver of OTLP, got another${shown(answer.toString())}`);
  const { rejectedDataPoints: rejected = 0, errorMessage = "" } = told;
  if (rejected !== 0) throw failed(`it rejected ${rejected} points${shown(errorMessage)}`);
}

function answerIn(answer: Buffer, read: ReadAnswer): ReturnType<ReadAnswer> | undefined {
  try {
    return read(answer);
  } catch {
    return undefined;
  }
}

const shown = (text: string): string => (text.trim() === "" ? "" : `: ${text.trim().slice(0, MOST_TOLD)}`);

/** A name server that does not answer holds one of Node's few threads for files: never two of them. */
function oneAtATime(): LookupFunction {
  let runs = false;
  return (host, options, done) => {
    if (runs) return done(new AttestError("otlp-failed", "the name server has not answered yet"), "");
    runs = true;
    lookUp(host, options, (fault, address, family) => {
      runs = false;
      done(fault, address, family);
    });
  };
}

function failed(why: string): AttestError {
  return new AttestError("otlp-failed", why);
}
