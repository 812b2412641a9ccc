/**
 * HTTP with files that are long, over lines that may be slow. A server may take as long as its bytes need, but not fall silent, and not
 * send them one by one for ever.
 */
import { readAtMost, untilAborted } from "@isoline/core/bounded";

const SILENT_MS = 30_000;
/** 16 KB a second, which a bad mobile line has. */
const SLOWEST_BYTES_PER_MS = 16;

export interface PatientRequest {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | undefined;
  readonly redirect: "manual" | "error";
  /** The error for a server that cannot be reached, falls silent, or breaks off its answer. */
  readonly lost: (why: string, cause: unknown) => Error;
  readonly silentMs?: number;
}

/** The beginning of an answer. Its body is to be read or dismissed. */
export class PatientAnswer {
  readonly status: number;
  readonly headers: Headers;
  /** Where it came from. */
  readonly url: string;
  readonly #response: Response;
  readonly #limit: Limit;
  readonly #lost: PatientRequest["lost"];

  constructor(response: Response, limit: Limit, lost: PatientRequest["lost"]) {
    ({ status: this.status, headers: this.headers, url: this.url } = response);
    this.#response = response;
    this.#limit = limit;
    this.#lost = lost;
  }

  /** The body, if it has at most so many bytes; undefined otherwise. */
  async bytes(most: number): Promise<Buffer | undefined> {
    try {
      return await readAtMost(this.#pieces(most), most);
    } catch (fault) {
      throw this.#lost(reasonOf(fault), fault);
    }
  }

  /** Lets go of the body. */
  async dismiss(): Promise<void> {
    await this.#response.body?.cancel().catch(() => {});
  }

  async *#pieces(most: number): AsyncGenerator<Uint8Array> {
    this.#limit.begin(most);
    try {
      for await (const piece of untilAborted(this.#response.body, this.#limit.signal)) {
        this.#limit.heard();
        yield piece;
      }
    } finally {
      this.#limit.end();
    }
  }
}

/** Asks; what was not answered, or not whole, throws as `lost` says. */
export async function patientFetch(url: URL, request: PatientRequest): Promise<PatientAnswer> {
  const { method = "GET", headers = {}, body, redirect, lost, silentMs = SILENT_MS } = request;
  const limit = new Limit(silentMs);
  // How much of what is sent has gone is not seen, so it is only given its time.
  limit.begin(body?.length ?? 0, silentMs + timeFor(body?.length ?? 0));
  try {
    const sent = body === undefined ? {} : { body: new Uint8Array(body) };
    const response = await fetch(url, { method, headers: { ...headers }, redirect, signal: limit.signal, ...sent });
    return new PatientAnswer(response, limit, lost);
  } catch (fault) {
    throw lost(reasonOf(fault), fault);
  } finally {
    limit.end();
  }
}

/** Ends a request in which nothing came for too long, or which takes longer than its bytes need. */
class Limit {
  readonly #silentMs: number;
  readonly #ended = new AbortController();
  #silence: NodeJS.Timeout | undefined;
  #whole: NodeJS.Timeout | undefined;

  constructor(silentMs: number) {
    this.#silentMs = silentMs;
  }

  get signal(): AbortSignal {
    return this.#ended.signal;
  }

  /** From now on, for so many bytes. */
  begin(bytes: number, silentMs = this.#silentMs): void {
    const end = (ms: number, why: string) =>
      setTimeout(() => this.#ended.abort(new DOMException(`${why} ${Math.round(ms / 1000)} s`, "TimeoutError")), ms);
    const wholeMs = this.#silentMs + timeFor(bytes);
    this.#silence = end(silentMs, "it was silent for");
    this.#whole = end(wholeMs, "it took more than");
  }

  heard(): void {
    this.#silence?.refresh();
  }

  end(): void {
    clearTimeout(this.#silence);
    clearTimeout(this.#whole);
  }
}

const timeFor = (bytes: number): number => bytes / SLOWEST_BYTES_PER_MS;

function reasonOf(fault: unknown): string {
  const { message, cause } = fault as Error;
  return cause instanceof Error ? cause.message : message;
}
