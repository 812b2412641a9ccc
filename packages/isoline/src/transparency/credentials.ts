/** The credentials of an object store: a file that no other user can read. */
import { fstatSync } from "node:fs";
import { Bucket, bucketAddress } from "@isoline/log/writer";
import { CliError } from "../error.ts";
import { openRegular, readOpened, Unfit } from "../store/bounded-file.ts";

const MOST_BYTES = 2 ** 16;
const EXPECTED = "credentials of an object store (docs/how-to/log.md)";
const OTHERS_MAY = 0o077;

/** Whether a log is in an object store: `s3://BUCKET/PREFIX`. */
export const isInBucket = (place: string): boolean => place.startsWith("s3://");

/** The bucket of a log, by the credentials in a file. Refuses a file that others can read, or that another user owns. */
export function bucketAt(place: string, file: string | undefined): Bucket {
  if (file === undefined)
    throw new CliError("cannot-read", `${place}: expected --credentials FILE; docs/how-to/log.md says what is in it`);
  const opened = openRegular(file, "refuse");
  if (opened instanceof Unfit)
    throw new CliError("cannot-read", `${file}: expected ${EXPECTED}, found ${opened.found}; name a file`);
  const { uid, mode } = fstatSync(opened.fd);
  const text = readOpened(opened.fd, file, MOST_BYTES, EXPECTED).toString("latin1");
  if ((uid !== 0 && uid !== process.geteuid?.()) || (mode & OTHERS_MAY) !== 0)
    throw new CliError(
      "cannot-read",
      `${file}: expected a file of yours with mode 600, got one of user ${uid} with mode ${(mode & 0o777).toString(8)}; correct it`,
    );
  return new Bucket(bucketAddress(place, text));
}
