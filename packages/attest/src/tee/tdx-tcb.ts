/**
 * How up to date a platform is (Intel PCS version 4, "Get TDX TCB Info", the algorithm of its appendix): the worst of the status of
 * platform, TDX module and quoting enclave.
 */
import { fromHex, untrusted } from "../x509/index.ts";
import type { Fields } from "./layout.ts";
import {
  type Identity,
  type Level,
  type QeIdentity,
  type TcbInfo,
  type TcbStatus,
  tcbStatuses,
} from "./tdx-collateral.ts";
import type { Platform } from "./tdx-pck.ts";

export interface Standing {
  readonly status: TcbStatus;
  /** Intel's security advisories that still apply. */
  readonly advisories: readonly string[];
}

/** Of the platform and its TDX module. */
export function standingOf(platform: Platform, body: Fields, info: TcbInfo): Standing {
  if (info.fmspc !== platform.fmspc || info.pceId !== platform.pceId)
    throw untrusted(
      `the TCB info is for platforms ${info.fmspc}/${info.pceId}, and it is a ${platform.fmspc}/${platform.pceId}`,
    );
  const svn = [...body.at("tee_tcb_svn")];
  const major = svn[1] ?? 0;
  // From module 1.x on, the first two bytes are the module's own, and are judged by its identity.
  const judged = major === 0 ? 0 : 2;
  const level = info.levels.find(
    ({ sgx, tdx, pceSvn }) =>
      isComplete(sgx, tdx) &&
      platform.components.every((component, index) => component >= (sgx[index] as number)) &&
      platform.pceSvn >= pceSvn &&
      svn.slice(judged).every((version, index) => version >= (tdx[index + judged] as number)),
  );
  if (level === undefined) throw untrusted("its versions are older than any that Intel lists");
  const module = moduleOf(info, major);
  assertModule(body, module);
  return major === 0 ? level : worst(level, levelOf(module, svn[0] ?? 0));
}

const isComplete = (sgx: readonly number[], tdx: readonly number[]) => sgx.length === 16 && tdx.length === 16;

/** The identity that the module's major version names: `TDX_01` for 1. */
function moduleOf({ module, modules }: TcbInfo, major: number): Identity {
  if (major === 0) return module;
  const id = `TDX_${major.toString(16).padStart(2, "0").toUpperCase()}`;
  const found = modules.find((each) => each.id === id);
  if (found === undefined) throw untrusted(`Intel lists no TDX module ${id}`);
  return found;
}

function assertModule(body: Fields, { id, signer, attributes, attributesMask }: Identity): void {
  if (body.hex("mrsignerseam") !== signer) throw untrusted(`its TDX module ${id} is signed by another than Intel`);
  if (!isEqualUnder(body.at("seamattributes"), attributes, attributesMask))
    throw untrusted(`its TDX module ${id} has other attributes than Intel lists`);
}

/** Of the quoting enclave, once it is the one that Intel describes. */
export function standingOfEnclave(enclave: Fields, identity: QeIdentity): Standing {
  const isIntels =
    enclave.hex("mrsigner") === identity.signer &&
    enclave.number("isvprodid") === identity.productId &&
    isEqualUnder(Uint8Array.from(enclave.at("miscselect")).reverse(), identity.miscselect, identity.miscselectMask) &&
    isEqualUnder(enclave.at("attributes"), identity.attributes, identity.attributesMask);
  if (!isIntels) throw untrusted("its quoting enclave is not the one that Intel describes");
  return levelOf(identity, enclave.number("isvsvn"));
}

function levelOf({ id, levels }: Identity, version: number): Level {
  const level = levels.find(({ isvSvn }) => version >= isvSvn);
  if (level === undefined) throw untrusted(`version ${version} of ${id} is older than any that Intel lists`);
  return level;
}

export function worst(...standings: readonly Standing[]): Standing {
  const rank = ({ status }: Standing) => tcbStatuses.indexOf(status);
  const { status } = standings.reduce((left, right) => (rank(right) > rank(left) ? right : left));
  return { status, advisories: [...new Set(standings.flatMap(({ advisories }) => advisories))] };
}

function isEqualUnder(bytes: Uint8Array, expected: string, mask: string): boolean {
  const [wanted, kept] = [fromHex(expected), fromHex(mask)];
  if (wanted?.length !== bytes.length || kept?.length !== bytes.length) return false;
  return bytes.every((byte, index) => ((byte ^ (wanted[index] as number)) & (kept[index] as number)) === 0);
}
