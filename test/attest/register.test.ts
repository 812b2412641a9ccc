/** Registers in a real swtpm: tpm2-tools sees what we see, and whatever root tries is refused, or seen by a verifier. */
import { createHash, generateKeyPairSync } from "node:crypto";
import { cpSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  bear,
  certifyRegister,
  defineRegister,
  extendRegister,
  type Newborn,
  readRegister,
  undefineRegister,
} from "../../packages/attest/src/birth/index.ts";
import { branchesOf, registerArea, registerName } from "../../packages/attest/src/register/area.ts";
import {
  attestationKey,
  commands,
  hierarchies,
  isSignedBy,
  nvAttributes,
  type Tpm,
} from "../../packages/attest/src/tpm/index.ts";
import { encode } from "../../packages/attest/src/tpm/codec.ts";
import { attest } from "../../packages/attest/src/tpm/structures.ts";
import { needsSwtpm, primary, SoftwareTpm } from "./swtpm.ts";

const hex = (bytes: Uint8Array | undefined) => Buffer.from(bytes ?? []).toString("hex");
const SHUTDOWN_STATE = 1;
const [ONE, TWO] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)];
const after = (...extensions: readonly Uint8Array[]) =>
  hex(
    extensions.reduce<Uint8Array>(
      (value, extension) => createHash("sha256").update(value).update(extension).digest(),
      new Uint8Array(32),
    ),
  );

describe.skipIf(needsSwtpm)("a register in a TPM (needs swtpm and tpm2-tools)", () => {
  let software: SoftwareTpm;
  beforeEach(async () => {
    software = new SoftwareTpm();
    await software.start();
  });
  afterEach(() => software.close());
  const using = <T>(work: (tpm: Tpm) => Promise<T>) => software.using(work);
  const named = (index: number) => `0x${index.toString(16)}`;

  async function born(tpm: Tpm): Promise<Newborn> {
    const register = await defineRegister(tpm);
    if (register === undefined) throw new Error("the TPM has no room");
    await bear(tpm, register, ONE);
    return register;
  }
  /** The same index and policy again, as root can define it. */
  const defineAgain = (tpm: Tpm, { index, key }: Newborn, more = 0) => {
    const area = registerArea(index, key);
    const changed = { ...area, attributes: area.attributes | more };
    return tpm.run(commands.nvDefine, { auth: new Uint8Array(), public: changed }, { handles: [hierarchies.owner] });
  };
  async function certified(tpm: Tpm, index: number, challenge: Uint8Array) {
    const key = await primary(tpm, attestationKey);
    const { attested, signature } = await certifyRegister(tpm, key.handle, index, challenge);
    await tpm.flush(key.handle);
    expect(await isSignedBy(key.public, encode(attest, attested), signature)).toBe(true);
    return attested;
  }

  it("is the same for tpm2-tools: its Name, its value, a certificate; and tpm2-tools extends it by the policy", async () => {
    const register = await using(async (tpm) => {
      const register = await born(tpm);
      await extendRegister(tpm, register, TWO);
      return register;
    });
    const index = named(register.index);
    expect(software.tool("tpm2_nvreadpublic", index)).toContain(`name: ${hex(register.name)}`);
    software.tool("tpm2_nvread", "-C", "o", index, "-s", "32", "-o", "value");
    expect(readFileSync(join(software.place, "value")).toString("hex")).toBe(after(ONE, TWO));
    const [signed, written] = branchesOf(register.key);
    for (const [name, bytes] of [
      ["signed", signed],
      ["written", written],
      ["three", Buffer.alloc(32, 3)],
    ] as const)
      writeFileSync(join(software.place, name), bytes);
    software.tool("tpm2_startauthsession", "--policy-session", "-S", "s");
    software.tool("tpm2_policynvwritten", "-S", "s", "s");
    software.tool("tpm2_policyor", "-S", "s", "sha256:signed,written");
    software.tool("tpm2_nvextend", "-C", index, "-i", "three", "-P", "session:s", index);
    software.tool("tpm2_flushcontext", "s");
    expect(await using((tpm) => readRegister(tpm, register.index)).then(hex)).toBe(
      after(ONE, TWO, Buffer.alloc(32, 3)),
    );
    await using((tpm) => undefineRegister(tpm, register.index));
    expect(software.tool("tpm2_getcap", "handles-nv-index")).not.toContain(index);
  });

  it("can be certified with a challenge, and says in which start of the TPM it was", async () => {
    await using(async (tpm) => {
      const register = await born(tpm);
      const { attested, extraData, clockInfo } = await certified(tpm, register.index, Buffer.from("c0ffee", "hex"));
      expect(hex(extraData)).toBe("c0ffee");
      expect(attested).toEqual({
        is: "nv",
        value: {
          name: Uint8Array.from(register.name),
          offset: 0,
          contents: Uint8Array.from(Buffer.from(after(ONE), "hex")),
        },
      });
      const { time } = await tpm.run(commands.readClock, {});
      expect(clockInfo.resetCount).toBe(time.clockInfo.resetCount);
      expect(time.clockInfo.clock >= clockInfo.clock).toBe(true);
    });
    const clock = software.tool("tpm2_readclock");
    expect(clock).toMatch(/reset_count: 1\b/);
    expect(clock).toMatch(/restart_count: 0\b/);
  });

  it("made again under the same Name is begun by no other key, by no signature that was seen, and by no owner", async () => {
    await using(async (tpm) => {
      const register = await born(tpm);
      await undefineRegister(tpm, register.index);
      await defineAgain(tpm, register);
      const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
      await expect(bear(tpm, { ...register, privateKey }, ONE)).rejects.toThrow("TPM_RC_SIGNATURE");
      await expect(extendRegister(tpm, register, ONE)).rejects.toThrow("TPM_RC_POLICY_FAIL");
      const data = { data: ONE };
      await expect(tpm.run(commands.nvExtend, data, { handles: [hierarchies.owner, register.index] })).rejects.toThrow(
        "TPM_RC_NV_AUTHORIZATION",
      );
      expect(await readRegister(tpm, register.index)).toBeUndefined();
    });
  });

  it("is begun once only with one signature: it is over the nonce of its session", async () => {
    await using(async (tpm) => {
      const register = await defineRegister(tpm);
      if (register === undefined) throw new Error("the TPM has no room");
      // What passes on the way to the TPM, as root can see it.
      const seen: { signature: unknown; nonce: Uint8Array }[] = [];
      const tapped = Object.assign(Object.create(Object.getPrototypeOf(tpm) as object), {
        run: (command: { name: string }, values: never, given: never) => {
          if (command.name === "TPM2_PolicySigned") seen.push(values);
          return tpm.run(command as never, values, given);
        },
        flush: (handle: number) => tpm.flush(handle),
      }) as Tpm;
      await bear(tapped, register, ONE);
      expect(seen).toHaveLength(1);
      await undefineRegister(tpm, register.index);
      await defineAgain(tpm, register);
      const replaying = Object.assign(Object.create(Object.getPrototypeOf(tpm) as object), {
        run: (command: { name: string }, values: object, given: never) =>
          tpm.run(
            command as never,
            (command.name === "TPM2_PolicySigned" ? { ...values, signature: seen[0]?.signature } : values) as never,
            given,
          ),
        flush: (handle: number) => tpm.flush(handle),
      }) as Tpm;
      await expect(bear(replaying, register, ONE)).rejects.toThrow("TPM_RC_SIGNATURE");
      expect(await readRegister(tpm, register.index)).toBeUndefined();
    });
  });

  it("made again with another right to write has another Name", async () => {
    await using(async (tpm) => {
      const register = await born(tpm);
      await undefineRegister(tpm, register.index);
      await defineAgain(tpm, register, nvAttributes.ownerWrite);
      await tpm.run(commands.nvExtend, { data: ONE }, { handles: [hierarchies.owner, register.index] });
      const { name } = await tpm.run(commands.nvReadPublic, {}, { handles: [register.index] });
      expect(hex(name)).not.toBe(hex(register.name));
      expect(hex(registerName(registerArea(register.index, register.key)))).toBe(hex(register.name));
    });
  });

  it("lives through a suspend, and the counters say that it was one", async () => {
    const register = await using(async (tpm) => {
      const register = await born(tpm);
      await tpm.run(commands.shutdown, { type: SHUTDOWN_STATE });
      return register;
    });
    await software.stop();
    await software.start("state");
    await using(async (tpm) => {
      await extendRegister(tpm, register, TWO);
      expect(hex(await readRegister(tpm, register.index))).toBe(after(ONE, TWO));
      const { clockInfo } = await certified(tpm, register.index, ONE);
      expect([clockInfo.resetCount, clockInfo.restartCount]).toEqual([1, 1]);
    });
  });

  it("does not live through a start without the state that was kept, which counts as a restart too", async () => {
    const register = await using(async (tpm) => {
      const register = await born(tpm);
      await tpm.run(commands.shutdown, { type: SHUTDOWN_STATE });
      return register;
    });
    await software.stop();
    await software.start("clear");
    await using(async (tpm) => {
      expect(await readRegister(tpm, register.index)).toBeUndefined();
      await expect(extendRegister(tpm, register, ONE)).rejects.toThrow("TPM_RC_POLICY_FAIL");
      const { time } = await tpm.run(commands.readClock, {});
      expect([time.clockInfo.resetCount, time.clockInfo.restartCount]).toEqual([1, 1]);
    });
  });

  it("does not live through a power cycle, and cannot be begun again", async () => {
    const register = await using(born);
    await software.stop();
    await software.start();
    await using(async (tpm) => {
      expect(await readRegister(tpm, register.index)).toBeUndefined();
      await expect(extendRegister(tpm, register, ONE)).rejects.toThrow("TPM_RC_POLICY_FAIL");
    });
  });

  it("is gone too where the state of a TPM was set back, and the clock says so", async () => {
    const state = join(software.place, "state");
    const register = await using(born);
    await software.stop();
    cpSync(state, `${state}-before`, { recursive: true });
    await software.start();
    const later = await using(async (tpm) => {
      const other = await born(tpm);
      return (await certified(tpm, other.index, ONE)).clockInfo;
    });
    await software.stop();
    rmSync(state, { recursive: true });
    cpSync(`${state}-before`, state, { recursive: true });
    await software.start();
    await using(async (tpm) => {
      expect(await readRegister(tpm, register.index)).toBeUndefined();
      const { time } = await tpm.run(commands.readClock, {});
      // No more resets than were accepted, and not a later clock: what a verifier refuses as rolled back.
      expect(time.clockInfo.resetCount).toBe(later.resetCount);
      expect(time.clockInfo.clock <= later.clock || !time.clockInfo.safe).toBe(true);
    });
  });
});
