/**
 * One information exchange: an actor, an operation, a subject.
 */
import type { Digest } from "../digest.ts";
import type { Field, Operation, operations } from "./operations.ts";

/** The credentials of a thread, as the kernel holds them: eight ids and the effective capability mask. */
export interface Credentials {
  readonly uid: number;
  readonly euid: number;
  readonly suid: number;
  readonly fsuid: number;
  readonly gid: number;
  readonly egid: number;
  readonly sgid: number;
  readonly fsgid: number;
  readonly capabilities: bigint;
}

/** The actor: its code (its task identity, and that of the process that started it) and its credentials. */
export interface Actor {
  readonly task: Digest;
  readonly parent: Digest;
  readonly credentials: Credentials;
}

type ValueOf<F extends Field> = F["kind"] extends "path" | "text"
  ? string
  : F["kind"] extends "list"
    ? readonly string[]
    : F["kind"] extends "u32" | "octal" | "id"
      ? number
      : F["kind"] extends "u64"
        ? bigint
        : Digest;

type Fields<O extends Operation> = (typeof operations)[O];

/** The subject, field by field as `operations` lists them. */
export type Subject<O extends Operation> = {
  readonly [K in keyof Fields<O> as Fields<O>[K] extends { optional: true } ? never : K]: ValueOf<
    Extract<Fields<O>[K], Field>
  >;
} & {
  readonly [K in keyof Fields<O> as Fields<O>[K] extends { optional: true } ? K : never]?: ValueOf<
    Extract<Fields<O>[K], Field>
  >;
};

/** An event of one operation; without a parameter, of any operation: a union discriminated by `op`. */
export type Event<O extends Operation = Operation> = {
  [K in O]: { readonly op: K; readonly actor: Actor; readonly subject: Subject<K> };
}[O];

/** The value of any subject field, for code that walks the table instead of naming fields. */
export type FieldValue = string | number | bigint | readonly string[] | undefined;

/** The subject of any event as a plain record, for code that walks the table. */
export function subjectRecord(event: Event): Readonly<Record<string, FieldValue>> {
  return event.subject as Readonly<Record<string, FieldValue>>;
}
