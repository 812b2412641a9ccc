/** A project in a directory of its own, with a home of its own, that is built under isoline. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type Ended, isoline, type Report, readReport, SYSTEM_PATH } from "../support/isoline.ts";

export class Project {
  readonly place: string = mkdtempSync(join(tmpdir(), "isoline-toolchain-"));
  readonly directory: string = join(this.place, "project");
  readonly contour: string = join(this.place, "build.contour");
  readonly #env: Readonly<Record<string, string>>;

  constructor(files: Readonly<Record<string, string>>, env: Readonly<Record<string, string>> = {}) {
    this.#env = { HOME: join(this.place, "home"), ...env };
    mkdirSync(this.#env["HOME"] as string, { recursive: true });
    for (const [name, text] of Object.entries(files)) this.write(name, text);
  }

  write(name: string, text: string): void {
    const path = join(this.directory, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }

  remove(): void {
    rmSync(this.place, { recursive: true, force: true });
  }

  async learn(command: string, options: readonly string[]): Promise<void> {
    const { status, stderr } = await this.#isoline(["learn", "-o", this.contour, ...options], command);
    if (status !== 0) throw new Error(stderr);
  }

  /** The report of a run under the contour; `meanwhile` is called as soon as it has begun. */
  async check(command: string, options: readonly string[] = [], meanwhile?: () => void): Promise<Report> {
    const args = ["check", this.contour, "--report", join(this.place, "report.json"), ...options];
    const { stderr } = await this.#isoline(args, command, meanwhile);
    try {
      return readReport(this.place);
    } catch {
      throw new Error(stderr);
    } finally {
      rmSync(join(this.place, "report.json"), { force: true });
    }
  }

  #isoline(args: readonly string[], command: string, meanwhile?: () => void): Promise<Ended> {
    const start = { cwd: this.directory, env: { PATH: SYSTEM_PATH, ...this.#env } };
    return isoline([...args, "--", "sh", "-c", command], meanwhile ? { ...start, onStart: meanwhile } : start);
  }
}
