/**
 * A program that the workload has built is identified by who wrote it, only where no other process wrote to it, or could have.
 *
 * The linker is a small one that waits between the two halves of what it writes, so that something can happen in between.
 */
import { execFileSync, spawnSync } from "node:child_process";
import {
  copyFileSync,
  linkSync,
  openSync,
  closeSync,
  readFileSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { isBuilt, type Report } from "../support/isoline.ts";
import { isCI, isInstalled } from "../support/machine.ts";
import { Project } from "./project.ts";

const isReady = isBuilt && isInstalled("gcc") && isInstalled("mkfifo");
const BUILD = "./ld app payload pause && ./app";
const LINKER = fileURLToPath(new URL("slow-linker.c", import.meta.url));

describe.skipIf(!isReady)("what the workload has built (needs gcc and a build)", () => {
  let project: Project;
  const at = (name: string) => join(project.directory, name);

  beforeEach(async () => {
    project = new Project({});
    project.write("one.c", 'int puts(const char *); int main(void) { return puts("one") < 0; }\n');
    project.write("two.c", 'int puts(const char *); int main(void) { puts("two"); return puts("lines") < 0; }\n');
    execFileSync("gcc", ["-o", at("ld"), LINKER]);
    execFileSync("gcc", ["-o", at("one"), at("one.c")]);
    execFileSync("gcc", ["-o", at("two"), at("two.c")]);
    execFileSync("mkfifo", [at("pause")]);
    copyFileSync(at("one"), at("payload"));
  });
  afterEach(() => project.remove());

  /** Lets the linker go on, after `during` has been done to what it has written by then. */
  const goOn = async (during: () => void = () => {}) => {
    // Opening the pipe for writing waits until the linker reads from it, which is after its first half.
    const writing = spawnPipe(at("pause"));
    await writing.isOpen;
    during();
    writing.goOn();
  };

  const learn = async (build = BUILD) => {
    await Promise.all([project.learn(build, ["--preset", "make"]), goOn()]);
  };
  const check = async (during?: () => void, build = BUILD) => {
    copyFileSync(at("two"), at("payload"));
    const [report] = await Promise.all([project.check(build), goOn(during)]);
    return report;
  };

  test("it may have another content, in this run and in the next one", async () => {
    await learn();
    expect(executed(await check())).toEqual([]);
    expect(executed(await project.check("./app")).filter((why) => why.includes("content"))).toEqual([]);
  });

  test("a program that a stranger writes to while it is linked is told by its content", async () => {
    await learn();
    const report = await check(() => {
      const fd = openSync(at("app"), "r+");
      writeSync(fd, "\0", 8);
      closeSync(fd);
    });
    expect(executed(report)).toHaveLength(1);
  });

  test("so is one that a stranger writes to by another name of it", async () => {
    await learn();
    const report = await check(() => {
      linkSync(at("app"), join(project.place, "other"));
      const fd = openSync(join(project.place, "other"), "r+");
      writeSync(fd, "\0", 9);
      closeSync(fd);
    });
    expect(executed(report)).toHaveLength(1);
  });

  test("so is one that a stranger opens first and writes to after the linker has ended", async () => {
    let fd = -1;
    await learn();
    const report = await check(() => {
      fd = openSync(at("app"), "r+");
    });
    closeSync(fd);
    // The kernel does not execute a file that is open for writing, and neither is it said to have been built.
    expect(executed(report).length + (report.departures.length === 0 ? 1 : 0)).toBeGreaterThan(0);
    expect(executed(await project.check("./app"))).toHaveLength(1);
  });

  test("so is one that a stranger writes to after it was linked", async () => {
    await learn("./ld app payload pause && ./app && ./app");
    const build = "./ld app payload && ./app; cat pause > /dev/null; ./app";
    const [{ departures }] = await Promise.all([
      project.check(build),
      goOn(() => writeFileSync(at("app"), readFileSync(at("two")))),
    ]);
    expect(departures.map(({ why }) => why).join("\n")).toMatch(/executed \$CWD\/app/);
  });

  test.skipIf(!isCI).each([
    ["another program of the workload adds to it", "./ld app payload pause && printf x >> app && ./app"],
    ["cp replaces it", "./ld app payload pause && cp ld app && ./app one out"],
    ["cp writes into it", "./ld app payload pause && cp --no-preserve=all ld app && ./app one out"],
    ["it is moved there", "./ld app payload pause && cp ld new && mv new app && ./app one out"],
    ["it is shortened and extended by its path", "./ld app payload pause && truncate -s +1 app && ./app"],
    ["the maker was started by another program", "env ./ld app payload pause && ./app"],
  ])("so is one where %s", async (_, build) => {
    await learn();
    expect(executed(await check(undefined, build))).not.toEqual([]);
  });

  test("a copy of it is built by the same makers", async () => {
    await learn("./ld app payload pause && ./app && cp app copy && ./copy");
    expect(executed(await check(undefined, "./ld app payload pause && ./app && cp app copy && ./copy"))).toEqual([]);
  });

  test("a copy of something else is not", async () => {
    await learn("./ld app payload pause && ./app && cp app copy && ./copy");
    const report = await check(
      undefined,
      "./ld app payload pause && ./app && cp ld app && cp app copy && ./copy one x",
    );
    expect(executed(report)).toHaveLength(1);
  });

  test("without the record of earlier runs, what they have built is told by content", async () => {
    await learn();
    await check();
    spawnSync("rm", [`${project.contour}.built`]);
    expect(executed(await project.check("./app"))).toHaveLength(1);
  });

  test("a record that is not whole is refused, and names what to do", async () => {
    await learn();
    const record = `${project.contour}.built`;
    truncateSync(record, readFileSync(record).length - 4);
    await expect(project.check("./app")).rejects.toThrow(/build\.contour\.built: .*not whole; remove the file/);
  });
});

/** The departures by which a program is executed from the project. */
function executed({ departures }: Report): string[] {
  return departures.map(({ why }) => why).filter((why) => /executed \$CWD\/(?:app|copy)/.test(why));
}

function spawnPipe(path: string): { readonly isOpen: Promise<void>; goOn(): void } {
  let fd = -1;
  const isOpen = (async () => {
    const { open } = await import("node:fs/promises");
    const handle = await open(path, "w");
    fd = handle.fd;
    keep.push(handle);
  })();
  return {
    isOpen,
    goOn: () => {
      writeSync(fd, "x");
      void keep.splice(0).map((handle) => handle.close());
    },
  };
}
const keep: { close(): Promise<void> }[] = [];
