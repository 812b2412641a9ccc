/**
 * A bucket of an object store that speaks Amazon's S3: objects are read, written, and written only if nothing or a certain version is
 * there. Requests are signed (Signature Version 4), with the digest of what is sent.
 *
 * The server is not believed: answers have a bound in size and time, and who reads checks what was read. It may be slow, but not silent.
 */
import { readAtMost, untilAborted } from "@isoline/core/bounded";
import { createHash } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { AwsV4Signer } from "aws4fetch";
import { LogError } from "../error.ts";

export interface BucketAddress {
  readonly endpoint: URL;
  readonly bucket: string;
  /** Before each path; empty, or with a slash at its end. */
  readonly prefix: string;
  readonly region: string;
  readonly accessKey: string;
  readonly secretKey: string;
  readonly sessionToken: string | undefined;
}

export interface StoredObject {
  readonly bytes: Uint8Array;
  /** Which version this is, in the server's words. */
  readonly version: string;
}

interface Answer {
  readonly status: number;
  readonly version: string;
  readonly body: Buffer;
}

/** How long is waited, in milliseconds. */
export interface Patience {
  /** For the beginning of an answer, and for each piece of it, beside the time that what is sent needs. */
  readonly silent: number;
  /** After the first failure that may pass; twice as long after each further one. */
  readonly pause: number;
}

const PATIENCE: Patience = { silent: 20_000, pause: 200 };
const MOST_ANSWER = 64 * 2 ** 20;
/** 16 KB a second, which a bad line has. */
const SLOWEST_BYTES_PER_MS = 16;
const MOST_TRIES = 4;
/** Too many requests, or the server is at fault, or two conditional writes met (S3: ConditionalRequestConflict). */
const PASSING = new Set([409, 429, 500, 502, 503, 504]);
/** What is asked of the bucket itself, and not of what is below the prefix. */
const MANY = "?delete";
const NOT_THERE = 404;
const CONDITION_FAILED = 412;

export class Bucket {
  readonly #address: BucketAddress;
  readonly #patience: Patience;

  constructor(address: BucketAddress, patience = PATIENCE) {
    this.#address = address;
    this.#patience = patience;
  }

  /** Undefined if there is no such object. */
  async get(path: string): Promise<StoredObject | undefined> {
    const { status, body, version } = await this.#ask("GET", path, {});
    if (status === NOT_THERE && !body.includes("NoSuchBucket")) return undefined;
    if (status === 200) return { bytes: body, version };
    throw refusal("GET", path, status, body);
  }

  async put(path: string, bytes: Uint8Array): Promise<void> {
    const { status, body } = await this.#ask("PUT", path, {}, bytes);
    if (status !== 200) throw refusal("PUT", path, status, body);
  }

  /** Writes where nothing is; false where something is. */
  create(path: string, bytes: Uint8Array): Promise<boolean> {
    return this.#putIf(path, bytes, { "if-none-match": "*" });
  }

  /** Writes where this version is; false where there is another one, or none. */
  replace(path: string, bytes: Uint8Array, version: string): Promise<boolean> {
    return this.#putIf(path, bytes, { "if-match": version });
  }

  /** Removes up to 1000 objects in one request; one that is not there is passed over. */
  async remove(paths: readonly string[]): Promise<void> {
    const [first] = paths;
    if (first === undefined) return;
    if (paths.length > 1) return await this.#removeAll(paths);
    const { status, body } = await this.#ask("DELETE", first, {});
    if (status !== 204 && status !== 200 && status !== NOT_THERE) throw refusal("DELETE", first, status, body);
  }

  /** DeleteObjects of S3. An answer of 200 names those that were not removed. Paths of a log need no escapes in XML. */
  async #removeAll(paths: readonly string[]): Promise<void> {
    const { prefix } = this.#address;
    const objects = paths.map((path) => `<Object><Key>${prefix}${path}</Key></Object>`).join("");
    const body = Buffer.from(`<Delete><Quiet>true</Quiet>${objects}</Delete>`);
    const digest = createHash("md5").update(body).digest("base64");
    const answer = await this.#ask("POST", MANY, { "content-md5": digest }, body);
    if (answer.status !== 200 || answer.body.includes("<Error>"))
      throw refusal("POST", MANY, answer.status, answer.body);
  }

  async #putIf(path: string, bytes: Uint8Array, condition: Record<string, string>): Promise<boolean> {
    const { status, body } = await this.#ask("PUT", path, condition, bytes);
    if (status === CONDITION_FAILED || status === NOT_THERE) return false;
    if (status !== 200) throw refusal("PUT", path, status, body);
    return true;
  }

  /**
   * Asks, and asks again after a failure that may pass. An answer may be lost after the server did what was asked: a caller that writes
   * under a condition looks at what is there before it takes a refusal for the write of another process.
   */
  async #ask(method: string, path: string, headers: Record<string, string>, body?: Uint8Array): Promise<Answer> {
    for (let tried = 1; ; tried++) {
      const answer = await this.#askOnce(method, path, headers, body).catch((fault: unknown) => fault);
      const isPassing = answer instanceof Error || PASSING.has((answer as Answer).status);
      if (!isPassing) return answer as Answer;
      if (answer instanceof LogError) throw answer;
      if (tried === MOST_TRIES) {
        if (!(answer instanceof Error)) return answer as Answer;
        throw new LogError("object-store", `${method} ${path}: the object store cannot be reached: ${causeOf(answer)}`);
      }
      await pause(this.#patience.pause * 2 ** (tried - 1) * (0.5 + Math.random()));
    }
  }

  async #askOnce(method: string, path: string, headers: Record<string, string>, body?: Uint8Array): Promise<Answer> {
    const { endpoint, bucket, prefix, region, accessKey, secretKey, sessionToken } = this.#address;
    const digest = createHash("sha256")
      .update(body ?? "")
      .digest("hex");
    const below = path === MANY ? path : `${prefix}${path}`;
    const signed = await new AwsV4Signer({
      ...{ method, url: new URL(`${bucket}/${below}`, endpoint).href, service: "s3", region },
      headers: { ...headers, "x-amz-content-sha256": digest },
      ...{ accessKeyId: accessKey, secretAccessKey: secretKey },
      ...(sessionToken === undefined ? {} : { sessionToken }),
    }).sign();
    const limit = limited(this.#patience.silent, body?.length ?? 0);
    try {
      const response = await fetch(signed.url, {
        ...{ method, headers: signed.headers, signal: limit.signal, redirect: "error" },
        ...(body === undefined ? {} : { body: new Uint8Array(body) }),
      });
      const version = response.headers.get("etag") ?? "";
      const answer = await readAtMost(limit.heard(untilAborted(response.body, limit.signal)), MOST_ANSWER);
      if (answer !== undefined) return { status: response.status, version, body: answer };
    } finally {
      limit.end();
    }
    const problem = `expected at most ${MOST_ANSWER} bytes, got more; distrust the server`;
    throw new LogError("object-store", `${path}: ${problem}`);
  }
}

/**
 * Ends a request in which nothing came for too long, or which takes longer than its bytes need. How much of what is sent has gone is not
 * seen, so that is only given its time.
 */
function limited(silentMs: number, sent: number) {
  const ended = new AbortController();
  const endAfter = (ms: number, why: string) =>
    setTimeout(() => ended.abort(new DOMException(`${why} ${Math.round(ms / 1000)} s`, "TimeoutError")), ms);
  const ms = silentMs + sent / SLOWEST_BYTES_PER_MS;
  const silence = endAfter(ms, "it was silent for");
  const whole = endAfter(ms + MOST_ANSWER / SLOWEST_BYTES_PER_MS, "it took more than");
  return {
    signal: ended.signal,
    async *heard(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
      for await (const piece of pieces) {
        silence.refresh();
        yield piece;
      }
    },
    end: () => {
      clearTimeout(silence);
      clearTimeout(whole);
    },
  };
}

function causeOf(fault: Error): string {
  return fault.cause instanceof Error ? fault.cause.message : fault.message;
}

/** The code in an answer's XML, such as AccessDenied, and nothing else of it. */
function refusal(method: string, path: string, status: number, body: Buffer): LogError {
  const [, code = "no code"] = /<Code>([A-Za-z]{1,60})<\/Code>/.exec(body.subarray(0, 4096).toString("latin1")) ?? [];
  return new LogError(
    "object-store",
    `${method} ${path}: the object store answered ${status}, ${code}; check bucket, endpoint and credentials`,
  );
}
