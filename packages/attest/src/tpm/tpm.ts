/**
 * A TPM as an object with its commands: builds each command from its row, sends it, and reads the response by the same row.
 *
 *   header   tag 2 · length 4 · code 4
 *   command  header · handles · [length of authorisations 4 · authorisations] · parameters
 *   response header · [handle] · [length of parameters 4] · parameters · [authorisations]
 */
import { setTimeout } from "node:timers/promises";
import { bad, ByteReader, ByteWriter } from "./bytes.ts";
import { type Codec, decode, encode, type RecordOf } from "./codec.ts";
import { type Command, commands, NO_SYMMETRIC } from "./commands.ts";
import { hierarchies, NO_SESSIONS, SESSIONS } from "./constants.ts";
import { isTransient, TpmRefusal } from "./response-codes.ts";
import { openTpm } from "./transport/address.ts";
import type { Transport } from "./transport/transport.ts";

/** How a handle is authorised: by a password (empty by default), or by a policy session. */
export type Authorisation = { readonly password: Uint8Array } | { readonly session: number };

export interface Arguments {
  readonly handles?: readonly number[];
  /** For the first handles, in order. An empty password where none is given. */
  readonly authorisations?: readonly Authorisation[];
}

type Fields = Readonly<Record<string, Codec<never> | Codec<unknown>>>;
type Result<R extends Fields> = RecordOf<R> & { readonly handle: number };

/** Sessions stay open after a command. */
const CONTINUE_SESSION = 1;
const MOST_TRIES = 10;
const RETRY_MS = 20;
const NOTHING = new Uint8Array();
const SUCCESS = 0;

export class Tpm {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** `patienceMs` bounds the wait for each answer; and for the turn, since swtpm serves one connection after the other. */
  static async open(address: string, patienceMs?: number): Promise<Tpm> {
    return new Tpm(await openTpm(address, patienceMs));
  }

  close(): void {
    this.#transport.close();
  }

  /** Sends one command. Sends it again, a few times, while the TPM says that it is busy. */
  async run<P extends Fields, R extends Fields>(
    command: Command<P, R>,
    parameters: RecordOf<P>,
    given: Arguments = {},
  ): Promise<Result<R>> {
    const bytes = commandBytes(command, parameters, given);
    for (let tries = 1; ; tries++) {
      const { rc, body, hasSessions } = parseHeader(await this.#transport.exchange(bytes));
      if (rc === SUCCESS) return readResponse(command, body, hasSessions);
      if (!isTransient(rc) || tries === MOST_TRIES) throw new TpmRefusal(command.name, rc);
      await setTimeout(RETRY_MS);
    }
  }

  /** Opens a policy session, or one that only computes a policy. */
  async startPolicy(type: "policy" | "trial"): Promise<number> {
    const { handle } = await this.run(
      commands.startAuthSession,
      { nonce: new Uint8Array(16), salt: NOTHING, type, symmetric: NO_SYMMETRIC, hash: "sha256" },
      { handles: [hierarchies.null, hierarchies.null] },
    );
    return handle;
  }

  /** Lets an object or a session go. */
  async flush(handle: number): Promise<void> {
    await this.run(commands.flushContext, { handle });
  }
}

function commandBytes<P extends Fields, R extends Fields>(
  { name, code, handles, authorised, parameters }: Command<P, R>,
  values: RecordOf<P>,
  given: Arguments,
): Buffer {
  const named = given.handles ?? [];
  if (named.length !== handles.length)
    throw bad(`${name}: expected the handles ${handles.join(", ") || "none"}, got ${named.length}`);
  const body = new ByteWriter();
  for (const handle of named) body.number(handle, 4, name);
  if (authorised > 0) {
    const area = new ByteWriter();
    for (let index = 0; index < authorised; index++)
      writeAuthorisation(area, given.authorisations?.[index] ?? { password: NOTHING });
    const bytes = area.finish();
    body.number(bytes.length, 4, name);
    body.bytes(bytes);
  }
  body.bytes(encode(parameters, values));
  const rest = body.finish();
  const header = Buffer.alloc(10);
  header.writeUInt16BE(authorised > 0 ? SESSIONS : NO_SESSIONS, 0);
  header.writeUInt32BE(header.length + rest.length, 2);
  header.writeUInt32BE(code, 6);
  return Buffer.concat([header, rest]);
}

/** TPMS_AUTH_COMMAND (part 2, 10.13.2). A policy session without a bound or a salt has no HMAC. */
function writeAuthorisation(out: ByteWriter, authorisation: Authorisation): void {
  const isSession = "session" in authorisation;
  out.number(isSession ? authorisation.session : hierarchies.password, 4, "session");
  out.number(0, 2, "nonce");
  out.number(isSession ? CONTINUE_SESSION : 0, 1, "attributes");
  const secret = isSession ? NOTHING : authorisation.password;
  out.number(secret.length, 2, "hmac");
  out.bytes(secret);
}

function parseHeader(response: Uint8Array): { rc: number; body: ByteReader; hasSessions: boolean } {
  const body = new ByteReader(response);
  const tag = body.number(2, "response");
  const length = body.number(4, "response");
  if (length !== response.length) throw bad(`response: it says ${length} bytes, and has ${response.length}`);
  return { rc: body.number(4, "response"), body, hasSessions: tag === SESSIONS };
}

function readResponse<P extends Fields, R extends Fields>(
  { name, givesHandle, response }: Command<P, R>,
  body: ByteReader,
  hasSessions: boolean,
): Result<R> {
  const handle = givesHandle ? body.number(4, name) : 0;
  const length = hasSessions ? body.number(4, name) : body.left;
  return { ...decode(response, body.take(length, name)), handle };
}
