/** Files that the system's packages install: what only root can have put there. */

interface Owned {
  readonly path: string;
  readonly uid: number;
  readonly mode: number;
  readonly fs: string;
}

const PROGRAMS_AND_LIBRARIES = /^(?:\$HOST)?\/(?:usr\/)?(?:s?bin|lib(?:exec|32|64|x32)?)\//;
const GROUP_OR_OTHERS_WRITE = 0o022;

/** Whether a file belongs to root, and no other user may write to it. */
export function isRootsOwn({ uid, mode, fs }: Omit<Owned, "path">): boolean {
  return uid === 0 && (mode & GROUP_OR_OTHERS_WRITE) === 0 && fs === "disk";
}

/** A program or library where packages install them. `/usr/local`, `/opt` and home directories are other places. */
export function isInstalled(file: Owned): boolean {
  return isInstalledPath(file.path) && isRootsOwn(file);
}

export function isInstalledPath(path: string): boolean {
  return PROGRAMS_AND_LIBRARIES.test(path);
}
