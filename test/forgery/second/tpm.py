"""Structures that a TPM signs, and the keys that it signs with."""

from refusal import Refusal, demand
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils

HASHES = {0x0B: ("sha256", hashes.SHA256()), 0x0C: ("sha384", hashes.SHA384()), 0x0D: ("sha512", hashes.SHA512())}
SIZES = {0x04: 20, 0x0B: 32, 0x0C: 48, 0x0D: 64}
CURVES = {3: ec.SECP256R1(), 4: ec.SECP384R1(), 5: ec.SECP521R1()}


class Tpm:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, length):
        demand(length <= len(self.data) - self.at)
        self.at += length
        return self.data[self.at - length : self.at]

    def number(self, size):
        return int.from_bytes(self.take(size), "big")

    def sized(self):
        return self.take(self.number(2))

    def end(self):
        demand(self.at == len(self.data))


def ecc_public(data):
    """TPMT_PUBLIC of a signing key on a curve: attributes and key."""
    reader = Tpm(data)
    demand(reader.number(2) == 0x23)
    name_alg, attributes = reader.number(2), reader.number(4)
    demand(name_alg in SIZES)
    reader.sized()
    demand(reader.number(2) == 0x10)
    scheme = reader.number(2)
    if scheme != 0x10:
        demand(scheme == 0x18 and reader.number(2) in SIZES)
    curve = reader.number(2)
    demand(curve in CURVES and reader.number(2) == 0x10)
    x, y = (int.from_bytes(reader.sized(), "big") for _ in range(2))
    reader.end()
    try:
        return attributes, ec.EllipticCurvePublicNumbers(x, y, CURVES[curve]).public_key()
    except ValueError as fault:
        raise Refusal("broken-evidence") from fault


def signed_by(key, message, signature):
    reader = Tpm(signature)
    demand(reader.number(2) == 0x18)
    name = reader.number(2)
    r, s = (int.from_bytes(reader.sized(), "big") for _ in range(2))
    reader.end()
    demand(name in HASHES)
    try:
        key.verify(utils.encode_dss_signature(r, s), message, ec.ECDSA(HASHES[name][1]))
    except InvalidSignature as fault:
        raise Refusal("broken-evidence") from fault
    return HASHES[name][0]


def is_proof_of(label, proof, modulus):
    """Whether the key of a ledger made this proof of a label."""
    try:
        key = rsa.RSAPublicNumbers(65537, int.from_bytes(modulus, "big")).public_key()
        key.verify(proof, b"isoline label 1" + label.encode(), padding.PKCS1v15(), hashes.SHA256())
    except (InvalidSignature, ValueError):
        return False
    return modulus[0] & 0x80 != 0


def attested(message, kind):
    reader = Tpm(message)
    demand(reader.number(4) == 0xFF544347 and reader.number(2) == kind)
    reader.sized()
    told = {"extra": reader.sized(), "clock": reader.number(8), "reset": reader.number(4), "restart": reader.number(4)}
    demand(reader.number(1) <= 1)
    reader.take(8)
    if kind == 0x8018:
        selections = []
        for _ in range(reader.number(4)):
            bank, bits = reader.number(2), reader.take(reader.number(1))
            selections.append((bank, [at for at in range(8 * len(bits)) if bits[at >> 3] >> (at & 7) & 1]))
        told["selections"], told["digest"] = selections, reader.sized()
    else:
        told["name"], told["offset"], told["contents"] = reader.sized(), reader.number(2), reader.sized()
    reader.end()
    return told
