/**
 * A receiver of OTLP, over HTTP. It is a stranger: what it answers is bounded in bytes and in time, no redirection is followed, and
 * nothing of it is kept but one line. OpenTelemetry's own exporters are not used for the way out, because they read the environment for
 * where to go and what to send, and keep answers of any size.
 */
import { lookup as lookUp } from "node:dns";
import { Agent as HttpAgent, type IncomingMessage, request as httpRequest } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import type { LookupFunction } from "node:net";
import { ProtobufMetricsSerializer } from "@opentelemetry/otlp-transformer";
import { CliError } from "../../error.ts";
import type { OtlpConfiguration } from "./configuration.ts";

const MOST_ANSWER = 64 * 1024;
const MOST_TOLD = 200;
const CONTENT = "application/x-protobuf";
const HEADERS = { "content-type": CONTENT, "user-agent": "isoline-agent" } as const;

export class OtlpReceiver {
  readonly #url: URL;
  readonly #agent: HttpAgent | HttpsAgent;

  constructor({ url, ca }: Pick<OtlpConfiguration, "url" | "ca">) {
    this.#url = url;
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
      const answer = await bounded(response);
      const { statusCode: status = 0, headers } = response;
      if (status < 200 || status >= 300) throw failed(`expected status 200, got ${status}${shown(answer.toString())}`);
      assertWhole(answer, headers["content-type"] ?? "");
    } catch (fault) {
      if (fault instanceof CliError) throw fault;
      if (signal.aborted) throw failed("it did not answer in time");
      throw failed((fault as Error).message || ((fault as NodeJS.ErrnoException).code ?? "no answer"));
    }
  }

  close(): void {
    this.#agent.destroy();
  }

  #send(body: Uint8Array, signal: AbortSignal): Promise<IncomingMessage> {
    const request = this.#url.protocol === "https:" ? httpsRequest : httpRequest;
    return new Promise((resolve, reject) => {
      const headers = { ...HEADERS, "content-length": body.length };
      const outgoing = request(this.#url, { method: "POST", agent: this.#agent, headers, signal });
      outgoing.on("response", resolve);
      outgoing.on("error", reject);
      outgoing.end(body);
    });
  }
}

async function bounded(response: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of response) {
    size += (piece as Buffer).length;
    if (size > MOST_ANSWER) throw failed(`expected an answer of at most ${MOST_ANSWER} bytes, got more`);
    pieces.push(piece as Buffer);
  }
  return Buffer.concat(pieces);
}

/** An `ExportMetricsServiceResponse` may say that points were rejected. Some receivers leave an answer without news empty. */
function assertWhole(answer: Buffer, type: string): void {
  if (answer.length === 0) return;
  const read = type.startsWith(CONTENT) ? answerIn(answer) : undefined;
  if (read === undefined)
    throw failed(`expected the answer of a receiver of OTLP, got another${shown(answer.toString())}`);
  const { rejectedDataPoints: rejected = 0, errorMessage = "" } = read.partialSuccess ?? {};
  if (rejected !== 0) throw failed(`it rejected ${rejected} points${shown(errorMessage)}`);
}

function answerIn(answer: Buffer): ReturnType<typeof ProtobufMetricsSerializer.deserializeResponse> | undefined {
  try {
    return ProtobufMetricsSerializer.deserializeResponse(answer);
  } catch {
    return undefined;
  }
}

const shown = (text: string): string => (text.trim() === "" ? "" : `: ${text.trim().slice(0, MOST_TOLD)}`);

/** A name server that does not answer holds one of Node's few threads for files: never two of them. */
function oneAtATime(): LookupFunction {
  let runs = false;
  return (host, options, done) => {
    if (runs) return done(new CliError("otlp-failed", "the name server has not answered yet"), "");
    runs = true;
    lookUp(host, options, (fault, address, family) => {
      runs = false;
      done(fault, address, family);
    });
  };
}

function failed(why: string): CliError {
  return new CliError("otlp-failed", why);
}
