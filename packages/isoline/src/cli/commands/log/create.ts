/** `isoline log create`: begins a transparency log in a directory or a bucket. */
import { formatVerifierKey } from "@isoline/log/note";
import { Log } from "@isoline/log/writer";
import { openFiles, readKey } from "../../../transparency/places.ts";
import { status } from "../../ending.ts";
import { printLine } from "../../output/streams.ts";

export interface LogCreateOptions {
  readonly name: string;
  readonly key: string;
  readonly credentials?: string;
}

export async function logCreate(place: string, { name, key, credentials }: LogCreateOptions): Promise<number> {
  const signer = readKey(key, name, "log");
  const files = openFiles(place, credentials);
  try {
    await Log.create(files, signer);
  } finally {
    await files.close();
  }
  printLine(`log ${formatVerifierKey(signer)}`);
  return status.success;
}
