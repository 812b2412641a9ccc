/**
 * ECDSA verification of a given digest (FIPS 186-4, section 6.4.2; SEC 1, section 4.1.4).
 *
 * A version 2 signature is over the digest of a file, and a measurement list holds digests without their files. Node hashes the
 * data that it verifies, so the arithmetic is implemented here. All values are public, so its timing reveals nothing.
 */
import { readSequence, readUnsigned } from "./der.ts";

interface Curve {
  readonly p: bigint;
  readonly a: bigint;
  readonly b: bigint;
  readonly n: bigint;
  readonly g: Point;
  /** Bits of n. */
  readonly bits: number;
}

interface Point {
  readonly x: bigint;
  readonly y: bigint;
}

/** SP 800-186, sections 3.2.1.3 to 3.2.1.5; p, b, n, x and y of G. a is −3 on all of them. */
const parameters = {
  "P-256": [
    "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff",
    "5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b",
    "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551",
    "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296",
    "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5",
  ],
  "P-384": [
    "fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffeffffffff0000000000000000ffffffff",
    "b3312fa7e23ee7e4988e056be3f82d19181d9c6efe8141120314088f5013875ac656398d8a2ed19d2a85c8edd3ec2aef",
    "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973",
    "aa87ca22be8b05378eb1c71ef320ad746e1d3b628ba79b9859f741e082542a385502f25dbf55296c3a545e3872760ab7",
    "3617de4a96262c6f5d9e98bf9292dc29f8f41dbd289a147ce9da3113b5f0b8c00a60b1ce1d7e819d7a431d7c90ea0e5f",
  ],
  "P-521": [
    `01ff${"f".repeat(128)}`,
    "0051953eb9618e1c9a1f929a21a0b68540eea2da725b99b315f3b8b489918ef109e156193951ec7e937b1652c0bd3bb1bf073573df883d2c34f1ef451fd46b503f00",
    `01${"ff".repeat(32)}fa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409`,
    "00c6858e06b70404e9cd9e3ecb662395b4429c648139053fb521f828af606b4d3dbaa14b5e77efe75928fe1dc127a2ffa8de3348b3c1856a429bf97e7e31c2e5bd66",
    "011839296a789a3bc0045c8a5fb42c7d1bd998f54449579b446817afbd17273e662c97ee72995ef42640c550b9013fad0761353c7086a272c24088be94769fd16650",
  ],
} as const;

export type CurveName = keyof typeof parameters;

export function isCurve(name: string): name is CurveName {
  return Object.hasOwn(parameters, name);
}

const curves = new Map<CurveName, Curve>();

function curveOf(name: CurveName): Curve {
  let curve = curves.get(name);
  if (curve === undefined) {
    const [p, b, n, x, y] = parameters[name].map((hex) => BigInt(`0x${hex}`)) as [
      bigint,
      bigint,
      bigint,
      bigint,
      bigint,
    ];
    curve = { p, a: p - 3n, b, n, g: { x, y }, bits: n.toString(2).length };
    curves.set(name, curve);
  }
  return curve;
}

export interface EcKey {
  readonly curve: CurveName;
  readonly x: bigint;
  readonly y: bigint;
}

/** Whether a signature (DER, SEQUENCE of r and s) of a digest was made by this key. */
export function verifyEcdsa(key: EcKey, digest: Buffer, signature: Buffer): boolean {
  const curve = curveOf(key.curve);
  const parts = readSequence(signature);
  if (parts?.length !== 2 || !isOnCurve(curve, key)) return false;
  const [r, s] = parts.map(readUnsigned);
  const { n } = curve;
  if (r === undefined || s === undefined || r === 0n || s === 0n || r >= n || s >= n) return false;
  const w = inverse(s, n);
  const e = leftmost(digest, curve.bits);
  const sum = sumOfTwo(curve, (e * w) % n, curve.g, (r * w) % n, key);
  return sum !== undefined && sum.x % n === r;
}

function leftmost(digest: Buffer, bits: number): bigint {
  const value = BigInt(`0x${digest.toString("hex") || "0"}`);
  const surplus = digest.length * 8 - bits;
  return surplus > 0 ? value >> BigInt(surplus) : value;
}

function isOnCurve({ p, a, b }: Curve, { x, y }: Point): boolean {
  if (x >= p || y >= p) return false;
  return mod(y * y - (x * x * x + a * x + b), p) === 0n;
}

/** Jacobian coordinates; z of 0 is the point at infinity. */
interface Jacobian {
  readonly x: bigint;
  readonly y: bigint;
  readonly z: bigint;
}

const INFINITY: Jacobian = { x: 1n, y: 1n, z: 0n };

/** u·G + v·Q, bit by bit of both at once; undefined is the point at infinity. */
function sumOfTwo(curve: Curve, u: bigint, g: Point, v: bigint, q: Point): Point | undefined {
  const both = add(curve, affine(g), affine(q));
  let sum = INFINITY;
  for (let bit = BigInt(curve.bits) - 1n; bit >= 0n; bit--) {
    sum = double(curve, sum);
    const inU = (u >> bit) & 1n;
    const inV = (v >> bit) & 1n;
    if (inU && inV) sum = add(curve, sum, both);
    else if (inU) sum = add(curve, sum, affine(g));
    else if (inV) sum = add(curve, sum, affine(q));
  }
  if (sum.z === 0n) return undefined;
  const over = inverse(sum.z, curve.p);
  const square = mod(over * over, curve.p);
  return { x: mod(sum.x * square, curve.p), y: mod(sum.y * square * over, curve.p) };
}

const affine = ({ x, y }: Point): Jacobian => ({ x, y, z: 1n });

/** For a = −3: dbl-2001-b of the Explicit-Formulas Database. */
function double({ p }: Curve, { x, y, z }: Jacobian): Jacobian {
  if (z === 0n || y === 0n) return INFINITY;
  const delta = mod(z * z, p);
  const gamma = mod(y * y, p);
  const beta = mod(x * gamma, p);
  const alpha = mod(3n * (x - delta) * (x + delta), p);
  const x3 = mod(alpha * alpha - 8n * beta, p);
  const z3 = mod((y + z) * (y + z) - gamma - delta, p);
  return { x: x3, y: mod(alpha * (4n * beta - x3) - 8n * gamma * gamma, p), z: z3 };
}

function add(curve: Curve, one: Jacobian, other: Jacobian): Jacobian {
  const { p } = curve;
  if (one.z === 0n) return other;
  if (other.z === 0n) return one;
  const z1 = mod(one.z * one.z, p);
  const z2 = mod(other.z * other.z, p);
  const u1 = mod(one.x * z2, p);
  const u2 = mod(other.x * z1, p);
  const s1 = mod(one.y * other.z * z2, p);
  const s2 = mod(other.y * one.z * z1, p);
  const h = mod(u2 - u1, p);
  const r = mod(s2 - s1, p);
  if (h === 0n) return r === 0n ? double(curve, one) : INFINITY;
  const hh = mod(h * h, p);
  const hhh = mod(h * hh, p);
  const v = mod(u1 * hh, p);
  const x = mod(r * r - hhh - 2n * v, p);
  return { x, y: mod(r * (v - x) - s1 * hhh, p), z: mod(one.z * other.z * h, p) };
}

function mod(value: bigint, p: bigint): bigint {
  const rest = value % p;
  return rest < 0n ? rest + p : rest;
}

/** By the extended Euclidean algorithm; `value` and the prime `p` have no common divisor. */
function inverse(value: bigint, p: bigint): bigint {
  let [a, b] = [mod(value, p), p];
  let [x, y] = [1n, 0n];
  while (a > 1n) {
    const quotient = b / a;
    [a, b] = [b - quotient * a, a];
    [x, y] = [y - quotient * x, x];
  }
  return mod(x, p);
}
