"""Logs, replayed: of the firmware, of the kernel, and the ledger."""

import struct

from refusal import ZEROS, demand, sha
from shapes import RECORDS, cbor
from tpm import Tpm, ecc_public

class Little(Tpm):
    def number(self, size):
        return int.from_bytes(self.take(size), "little")


def replay_boot_log(log):
    """The registers that a log leads to, and the events of each: number, type, SHA-256."""
    reader, values, sizes, events, number = Little(log), {}, None, {}, 0
    while reader.at < len(log) or sizes is None:
        register, kind = reader.number(4), reader.number(4)
        if sizes is None:
            reader.take(20)
            data = Little(reader.take(reader.number(4)))
            demand(register == 0 and kind == 3 and data.take(16) == b"Spec ID Event03\0")
            data.take(8)
            sizes = {data.number(2): data.number(2) for _ in range(data.number(4))}
            continue
        demand(register < 24 or register == 0xFFFFFFFF)
        demand(reader.number(4) == len(sizes))
        digests = {}
        for _ in sizes:
            name = reader.number(2)
            demand(name in sizes and name not in digests)
            digests[name] = reader.take(sizes[name])
        data = reader.take(reader.number(4))
        number += 1
        if kind == 3:
            if data[:16] == b"StartupLocality\0" and len(data) == 17 and register == 0:
                demand(0 not in events)
                values[0] = bytes(31) + data[16:]
            continue
        demand(0x0B in digests)
        values[register] = sha(values.get(register, ZEROS), digests[0x0B])
        events.setdefault(register, []).append((number, kind, digests[0x0B].hex()))
    return values, events


def replay_ima_list(log, quoted):
    reader, value, first, reached = Little(log), ZEROS, None, quoted == ZEROS
    while reader.at < len(log):
        register, told = reader.number(4), reader.take(32)
        name = reader.take(reader.number(4))
        known = (b"ima-ng", b"ima-sig", b"ima-ngv2", b"ima-sigv2", b"ima-buf", b"ima-modsig", b"evm-sig")
        demand(name in known or b"|" in name)
        data = reader.take(reader.number(4))
        violation = told == ZEROS
        demand(violation or told == sha(data))
        if register != 10:
            continue
        if first is None:
            first = data[4 : 4 + int.from_bytes(data[:4], "little")]
        value = sha(value, b"\xff" * 32 if violation else told)
        reached = reached or value == quoted
    demand(reached)
    return first[8:] if first is not None and first[:8] == b"sha256:\0" else None


REGISTER_ATTRIBUTES = 0x4 << 4 | 1 << 3 | 1 << 17 | 1 << 18 | 1 << 27 | 1 << 26 | 1 << 25


def born_name(record):
    area = Tpm(record["area"])
    index = area.number(4)
    demand(0x01815000 <= index <= 0x01815FFF and area.number(2) == 0x0B and area.number(4) == REGISTER_ATTRIBUTES)
    policy = area.sized()
    demand(area.number(2) == 32)
    area.end()
    ecc_public(record["key"])
    key_name = b"\x00\x0b" + sha(record["key"])
    unwritten = sha(ZEROS, struct.pack(">I", 0x18F), b"\0")
    signed = sha(sha(unwritten, struct.pack(">I", 0x160), key_name))
    written = sha(ZEROS, struct.pack(">I", 0x18F), b"\1")
    demand(policy == sha(ZEROS, struct.pack(">I", 0x171), signed, written))
    area = record["area"]
    attributes = int.from_bytes(area[6:10], "big") | 1 << 29
    return b"\x00\x0b" + sha(area[:6], struct.pack(">I", attributes), area[10:])


def replay_ledger(data):
    records, values, births, spaces, at = [], {}, None, {}, 0
    while at < len(data):
        demand(at + 2 <= len(data))
        length = int.from_bytes(data[at : at + 2], "big")
        encoded = data[at + 2 : at + 2 + length]
        demand(len(encoded) == length)
        at += 2 + length

        def shape(value):
            demand(isinstance(value, dict) and value.get("kind") in RECORDS)
            RECORDS[value["kind"]](value)

        record = cbor(encoded, 2048, shape)
        kind, register, number = record["kind"], record["register"], len(records)
        demand(record["sequence"] == number and (kind == "begin") == (number == 0))
        if kind in ("begin", "birth"):
            demand(born_name(record) == register and register not in values)
            values[register] = {"shared": kind == "begin", "now": ZEROS, "before": None, "at": -1}
            if kind == "begin":
                births = {"now": record["from"], "before": None, "at": -1}
        demand(register in values)
        if kind in ("birth", "guest"):
            demand(kind == "birth" or values[register]["shared"])
            spaces[number] = {"birth": record, "records": [record], "end": None}
        elif kind != "begin":
            space = spaces.get(record["birth"])
            demand(space is not None and space["birth"]["register"] == register and space["end"] is None)
            demand(kind == "end" or not lost_supervisor(space))
            space["records"].append(record)
            if kind == "end":
                demand(record["value"] == values[register]["now"])
                space["end"] = record
        extension = sha(b"isoline register 1", encoded)
        places = [values[register]] + ([births] if kind != "checkpoint" else [])
        for place in places:
            place.update(before=place["now"], now=sha(place["now"], extension), at=number)
        records.append(record)
    demand(records)
    return {"begin": records[0], "births": births, "values": values, "spaces": spaces, "last": len(records) - 1}


GONE = "its supervisor ended and recorded no end: what followed is not known"
LOST = (GONE, GONE + ", and its register in the TPM does not hold what was recorded")


def lost_supervisor(space):
    return any(one["kind"] == "loss" and one["reason"] in LOST for one in space["records"])


def leads_to(found, place, last):
    return found == place["now"] or (place["at"] == last and found == place["before"])
