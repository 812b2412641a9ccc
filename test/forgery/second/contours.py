"""Contours, their states, and signatures in envelopes."""

import base64
import fnmatch
import json

from refusal import ZEROS, Refusal, demand, sha
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import load_pem_public_key

def contour_points(data):
    lines = data.decode("utf-8").split("\n")
    demand(lines[0] == "isoline contour 2" and lines[-2:] == ["end", ""])
    return sorted({bytes.fromhex(line.rsplit(" ", 1)[1]) for line in lines if line.startswith("  ")})


def state_under(points, base, aggregate):
    value = ZEROS
    for point in [aggregate, *points]:
        value = sha(value, sha(base, point))
    return value


def dsse(data, kind, keys):
    """The payload of an envelope that one of the keys signed; nothing for other bytes."""
    try:
        envelope = json.loads(data)
        payload = base64.b64decode(envelope["payload"], validate=True)
        demand(envelope["payloadType"] == kind)
        signatures = [base64.b64decode(one["sig"], validate=True) for one in envelope["signatures"]]
    except (ValueError, KeyError, TypeError, Refusal):
        return None
    signed = b"DSSEv1 %d %s %d " % (len(kind), kind.encode(), len(payload)) + payload
    for pem in keys:
        key = load_pem_public_key(pem.encode())
        for signature in signatures:
            try:
                if isinstance(key, ed25519.Ed25519PublicKey):
                    key.verify(signature, signed)
                else:
                    key.verify(signature, signed, ec.ECDSA(hashes.SHA256()))
                return payload
            except InvalidSignature:
                continue
    return None




def matches(pattern, given):
    escaped = "".join(one if one == "*" else f"[{one}]" if one in "?[" else one for one in pattern)
    return fnmatch.fnmatchcase(given, escaped)
