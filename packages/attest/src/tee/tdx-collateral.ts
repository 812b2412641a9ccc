/**
 * Intel's signed statements: which versions of a platform are up to date (TCB info, version 3), and what its quoting enclave is (QE
 * identity, version 2). Source: Intel, API Documentation of the Provisioning Certification Service, version 4.
 */
import { AttestError } from "../error.ts";
import {
  assertTime,
  type Certificate,
  type ChainTrust,
  chainOf,
  commonName,
  fromHex,
  isSignedRaw,
  parseCertificates,
  untrusted,
} from "../x509/index.ts";
import { badReport } from "./refusal.ts";

/** A statement as the service gives it: the text that was signed, without a change, and the signature over it. */
export interface SignedStatement {
  readonly text: string;
  /** r ‖ s in hexadecimal. */
  readonly signature: string;
  /** The chain of the key that signed it, in PEM. */
  readonly issuers: string;
}

export interface TdxCollateral {
  readonly tcbInfo: SignedStatement;
  readonly qeIdentity: SignedStatement;
}

/** From best to worst. `Unknown` stands for a quote without collateral. */
export const tcbStatuses = [
  "UpToDate",
  "SWHardeningNeeded",
  "ConfigurationNeeded",
  "ConfigurationAndSWHardeningNeeded",
  "OutOfDate",
  "OutOfDateConfigurationNeeded",
  "Unknown",
  "Revoked",
] as const;
export type TcbStatus = (typeof tcbStatuses)[number];

export interface Level {
  readonly sgx: readonly number[];
  readonly tdx: readonly number[];
  readonly pceSvn: number;
  readonly isvSvn: number;
  readonly status: TcbStatus;
  readonly advisories: readonly string[];
}

/** A module or an enclave: who signed it, and which versions are up to date. */
export interface Identity {
  readonly id: string;
  readonly signer: string;
  readonly attributes: string;
  readonly attributesMask: string;
  readonly levels: readonly Level[];
}

interface Dated {
  readonly from: Date;
  readonly until: Date;
  /** Grows with each round of Intel's evaluations. */
  readonly evaluation: number;
}

export interface TcbInfo extends Dated {
  readonly fmspc: string;
  readonly pceId: string;
  readonly module: Identity;
  readonly modules: readonly Identity[];
  readonly levels: readonly Level[];
}

export interface QeIdentity extends Dated, Identity {
  readonly productId: number;
  readonly miscselect: string;
  readonly miscselectMask: string;
}

const MOST_TEXT = 256 * 1024;
const MOST_LEVELS = 256;
const SIGNER = "Intel SGX TCB Signing";

/** The signed text in a response of the service, `{"NAME":TEXT,"signature":"HEX"}`, byte for byte. */
export function statementIn(response: string, name: "tcbInfo" | "enclaveIdentity", issuers: string): SignedStatement {
  const start = `{"${name}":`;
  const end = /,"signature":"([0-9a-f]{128})"\}\s*$/i.exec(response.slice(-256));
  if (response.length > MOST_TEXT || !response.startsWith(start) || end === null)
    throw badReport(`expected {"${name}":…,"signature":"…"} as Intel's service answers`);
  const text = response.slice(start.length, response.length - end[0].length);
  return { text, signature: end[1] as string, issuers };
}

export async function verifyTcbInfo(statement: SignedStatement, trust: ChainTrust, now: Date): Promise<TcbInfo> {
  const told = await verified(statement, trust, now, "TCB info");
  if (told.text("id") !== "TDX" || told.number("version") !== 3)
    throw untrusted(
      `expected TCB info of TDX in version 3, got ${told.text("id")} in version ${told.number("version")}`,
    );
  const info = {
    ...dated(told, now, "TCB info"),
    fmspc: told.hex("fmspc", 6),
    pceId: told.hex("pceId", 2),
    module: identityIn(told.inside("tdxModule"), "tdxModule"),
    modules: told.list("tdxModuleIdentities").map((each) => identityIn(each, each.text("id"))),
    levels: told.list("tcbLevels").map(levelIn),
  };
  return info;
}

export async function verifyQeIdentity(statement: SignedStatement, trust: ChainTrust, now: Date): Promise<QeIdentity> {
  const told = await verified(statement, trust, now, "QE identity");
  if (told.text("id") !== "TD_QE" || told.number("version") !== 2)
    throw untrusted(
      `expected the identity TD_QE in version 2, got ${told.text("id")} in version ${told.number("version")}`,
    );
  return {
    ...dated(told, now, "QE identity"),
    ...identityIn(told, "TD_QE"),
    attributes: told.hex("attributes", 16),
    attributesMask: told.hex("attributesMask", 16),
    productId: told.number("isvprodid"),
    miscselect: told.hex("miscselect", 4),
    miscselectMask: told.hex("miscselectMask", 4),
  };
}

/** What a statement says, once its signature and the chain of its signer were checked. */
async function verified({ text, signature, issuers }: SignedStatement, trust: ChainTrust, now: Date, what: string) {
  if (text.length > MOST_TEXT) throw badReport(`${what}: expected at most ${MOST_TEXT} letters, got ${text.length}`);
  const certificates = parseCertificates(issuers);
  const signer = certificates[0] as Certificate;
  if (commonName(signer.subject) !== SIGNER || signer.isAuthority)
    throw untrusted(
      `${what}: expected it to be signed by ${SIGNER}, not by ${JSON.stringify(commonName(signer.subject))}`,
    );
  await chainOf(signer, { ...trust, between: [...trust.between, ...certificates] }, now);
  const bytes = fromHex(signature);
  if (bytes === undefined || !(await isSignedRaw(signer.key, "SHA-256", bytes, new TextEncoder().encode(text))))
    throw untrusted(`${what}: it is not what ${SIGNER} signed`);
  return new Table(parsed(text, what), what);
}

function parsed(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new AttestError("bad-tee-report", `${what}: it is no JSON; fetch it anew from Intel`, { cause });
  }
}

function dated(told: Table, now: Date, what: string): Dated {
  const times = { from: told.time("issueDate"), until: told.time("nextUpdate") };
  assertTime(times, now, what);
  return { ...times, evaluation: told.number("tcbEvaluationDataNumber") };
}

function identityIn(told: Table, id: string): Identity {
  return {
    id,
    signer: told.text("mrsigner").toLowerCase(),
    attributes: told.text("attributes").toLowerCase(),
    attributesMask: told.text("attributesMask").toLowerCase(),
    levels: told.list("tcbLevels").map(levelIn),
  };
}

function levelIn(told: Table): Level {
  const tcb = told.inside("tcb");
  const status = told.text("tcbStatus");
  const versions = (name: string) => tcb.list(name).map((each) => each.number("svn"));
  return {
    sgx: versions("sgxtcbcomponents"),
    tdx: versions("tdxtcbcomponents"),
    pceSvn: tcb.number("pcesvn", 0),
    isvSvn: tcb.number("isvsvn", 0),
    // A status that Intel adds later is not known to be good.
    status: tcbStatuses.find((each) => each === status) ?? "Revoked",
    advisories: told.texts("advisoryIDs"),
  };
}

/** An object of JSON whose members have the types that are asked for. */
class Table {
  readonly #members: Readonly<Record<string, unknown>>;
  readonly #what: string;

  constructor(value: unknown, what: string) {
    if (typeof value !== "object" || value === null || Array.isArray(value))
      throw badReport(`${what}: expected an object`);
    this.#members = value as Readonly<Record<string, unknown>>;
    this.#what = what;
  }

  text(name: string): string {
    const value = this.#own(name);
    if (typeof value !== "string" || value.length > 256) throw this.#bad(name, "a text");
    return value;
  }

  number(name: string, absent?: number): number {
    const value = this.#own(name) ?? absent;
    if (typeof value !== "number" || !Number.isInteger(value) || value < 0 || value > 0xffff_ffff)
      throw this.#bad(name, "a number");
    return value;
  }

  hex(name: string, size: number): string {
    const value = this.text(name).toLowerCase();
    if (fromHex(value)?.length !== size) throw this.#bad(name, `${size} bytes in hexadecimal`);
    return value;
  }

  time(name: string): Date {
    const text = this.text(name);
    const time = new Date(text);
    if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(text) || Number.isNaN(time.getTime()))
      throw this.#bad(name, "a time");
    return time;
  }

  inside(name: string): Table {
    return new Table(this.#own(name), `${this.#what}: ${name}`);
  }

  /** The objects of a list; none if it is absent. */
  list(name: string): Table[] {
    return this.#many(name).map((each) => new Table(each, `${this.#what}: ${name}`));
  }

  texts(name: string): string[] {
    return this.#many(name).map((each) => String(each).slice(0, 64));
  }

  #many(name: string): readonly unknown[] {
    const value = this.#own(name) ?? [];
    if (!Array.isArray(value) || value.length > MOST_LEVELS) throw this.#bad(name, `a list of at most ${MOST_LEVELS}`);
    return value;
  }

  #own(name: string): unknown {
    return Object.hasOwn(this.#members, name) ? this.#members[name] : undefined;
  }

  #bad(name: string, expected: string): AttestError {
    return badReport(`${this.#what}: expected ${name} to be ${expected}`);
  }
}
