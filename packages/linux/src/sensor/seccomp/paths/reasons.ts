/** Why a value could not be resolved, in a word. */
import { EACCES, EMFILE, ENFILE, EPERM, ESRCH } from "../../../abi/errno.ts";
import { NO_PATH_TEXT, OBJECT_CLOSED } from "../../files/found.ts";
import { EACCES_TO_TASK } from "./finder.ts";

/** A short stable word for the reason why a value could not be resolved. */
export function reasonFor(errno: number): string {
  switch (errno) {
    case EACCES_TO_TASK:
    case EPERM:
      return "task-closed-to-sensor";
    case OBJECT_CLOSED:
      return "object-closed-to-sensor";
    case NO_PATH_TEXT:
      return "path-too-long";
    case ESRCH:
      return "task-gone";
    case EACCES:
      return "directory-closed-to-sensor";
    case EMFILE:
    case ENFILE:
      return "too-many-open-files";
    default:
      return `errno-${errno}`;
  }
}
