/** `isoline log create`: begins a transparency log in a directory. */
import { formatVerifierKey } from "@isoline/log/note";
import { Log } from "@isoline/log/writer";
import { openStore, readKey } from "../../../transparency/places.ts";
import { status } from "../../ending.ts";
import { printLine } from "../../output/streams.ts";

export interface LogCreateOptions {
  readonly name: string;
  readonly key: string;
}

export function logCreate(directory: string, { name, key }: LogCreateOptions): number {
  const signer = readKey(key, name, "log");
  Log.create(openStore(directory), signer).close();
  printLine(`log ${formatVerifierKey(signer)}`);
  return status.success;
}
