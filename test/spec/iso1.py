"""
A second implementation of iso1, written from docs/spec alone: iso1.md, operations.md and contour-file.md.

    iso1.py < EVENTS            one event in JSON a line -> "ENCODING POINT", in hexadecimal
    iso1.py vectors FILE        compares every vector with what this program computes
    iso1.py contour FILE        checks everything in a contour file; prints points, policy, state and measurement as JSON

Needs nothing but Python 3.8.
"""

import hashlib
import json
import os
import re
import struct
import sys

SPEC = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "docs", "spec")
ZEROS = bytes(32)
IDS = ["uid", "euid", "suid", "fsuid", "gid", "egid", "sgid", "fsgid"]
LAUNCH_USER = 0xFFFFFFFE


def operations():
    """The table of operations.md: {operation: [(field, kind, optional)]}."""
    table = {}
    with open(os.path.join(SPEC, "operations.md"), encoding="utf-8") as page:
        for row in page:
            cells = [cell.strip() for cell in row.split("|")]
            operation = re.fullmatch(r"`([a-z-]+)`", cells[1]) if len(cells) == 4 else None
            if operation:
                fields = re.findall(r"`([a-z0-9_-]+)` ([a-z0-9]+)(\??)", cells[2])
                table[operation[1]] = [(name, kind, mark == "?") for name, kind, mark in fields]
    return table


OPERATIONS = operations()


# --- "Notation" ------------------------------------------------------------------------------------------------------


def H(data):
    return hashlib.sha256(data).digest()


def u32(value):
    return struct.pack("<I", value)


def text(value):
    data = value.encode("utf-8")
    return u32(len(data)) + data


# --- "Text" ----------------------------------------------------------------------------------------------------------

UNSAFE = [
    (0x00, 0x20), (0x5C, 0x5C), (0x7F, 0xA0), (0xAD, 0xAD), (0x34F, 0x34F), (0x61C, 0x61C), (0x115F, 0x1160),
    (0x1680, 0x1680), (0x17B4, 0x17B5), (0x180B, 0x180F), (0x2000, 0x200F), (0x2028, 0x202F), (0x205F, 0x206F),
    (0x2800, 0x2800), (0x3000, 0x3000), (0x3164, 0x3164), (0xFE00, 0xFE0F), (0xFEFF, 0xFEFF), (0xFFA0, 0xFFA0),
    (0xFFF0, 0xFFFB), (0x13430, 0x1343F), (0x1BCA0, 0x1BCA3), (0x1D173, 0x1D17A), (0xE0000, 0xE0FFF),
]  # fmt: skip


def escape(data):
    out = []
    at = 0
    while at < len(data):
        character = sequence_at(data, at)
        length = len(character.encode("utf-8")) if character else 1
        if character and not any(low <= ord(character) <= high for low, high in UNSAFE):
            out.append(character)
        else:
            out.extend("\\x%02x" % byte for byte in data[at : at + length])
        at += length
    return "".join(out)


def sequence_at(data, at):
    for length in (1, 2, 3, 4):
        try:
            character = data[at : at + length].decode("utf-8")
            if len(character) == 1:
                return character
        except UnicodeDecodeError:
            pass
    return None


def unescape(value):
    out = b""
    for part in re.split(r"((?:\\x[0-9a-f]{2})+)", value):
        out += bytes.fromhex(part.replace("\\x", "")) if part.startswith("\\x") else part.encode("utf-8")
    return out


def canonical(value):
    assert escape(unescape(value)) == value, "not escaped the canonical way: %r" % value
    return value


# --- "Encoding of an event" ------------------------------------------------------------------------------------------


def encode_credentials(credentials):
    capabilities = int(credentials["capabilities"], 16)
    return b"".join(u32(credentials[name]) for name in IDS) + struct.pack("<Q", capabilities)


def encode_value(kind, value):
    if kind in ("path", "text"):
        return text(value)
    if kind == "list":
        return u32(len(value)) + b"".join(map(text, value))
    if kind in ("u32", "octal", "id"):
        return u32(value)
    if kind == "u64":
        return struct.pack("<Q", int(value, 16))
    assert kind == "digest", kind
    return bytes.fromhex(value)


def encode(event):
    actor = event["actor"]
    out = text(event["op"]) + bytes.fromhex(actor["parent"]) + bytes.fromhex(actor["task"])
    out += encode_credentials(actor["credentials"])
    for name, kind, optional in OPERATIONS[event["op"]]:
        present = name in event["subject"]
        assert present or optional, name
        if optional:
            out += bytes([present])
        if present:
            out += encode_value(kind, event["subject"][name])
    return out


def point(event):
    return H(text("isoline iso1 point") + encode(event))


def task_id(parent, images, call):
    out = text("isoline iso1 task") + bytes.fromhex(parent) + text(images[0]["path"]) + u32(len(images))
    for image in images:
        out += b"\1" + bytes.fromhex(image["digest"]) if "digest" in image else b"\0" + text(image["path"])
    out += b"\1" + text(call["as"]) if "as" in call else b"\0"
    runs = call.get("runs")
    out += b"\0" if runs is None else b"\1" + u32(len(runs)) + b"".join(map(text, runs))
    return H(out)


# --- "Measurement and state" -----------------------------------------------------------------------------------------


def extend(value, base, what):
    return H(value + H(base + what))


def fold(base, aggregate, points):
    value = extend(ZEROS, base, aggregate)
    for each in points:
        value = extend(value, base, each)
    return value


# --- contour-file.md -------------------------------------------------------------------------------------------------


def parse_id(word):
    return LAUNCH_USER if word == "user" else int(word, 10)


def parse_value(kind, word):
    if kind in ("path", "text"):
        return canonical(word)
    if kind == "list":
        return [canonical(entry.replace("\\x2c", ",")) for entry in word.split(",")] if word else []
    if kind == "id":
        return parse_id(word)
    if kind == "octal":
        return int(word, 8)
    return word if kind in ("u64", "digest") else int(word, 10)


def parse_act(line, actor):
    words = line.split(" ")
    subject = {}
    rest = words[1:]
    for name, kind, optional in OPERATIONS[words[0]]:
        if rest and rest[0].startswith(name + "="):
            subject[name] = parse_value(kind, rest.pop(0)[len(name) + 1 :])
        else:
            assert optional, "%s is missing in %r" % (name, line)
    assert not rest, line
    return {"op": words[0], "actor": actor, "subject": subject}


def parse_credentials(words):
    pairs = dict(word.split("=") for word in words)
    return {name: value if name == "capabilities" else parse_id(value) for name, value in pairs.items()}


def parse_task(words, tasks):
    handle, identity, parent = words[:3]
    words = words[3:]
    call = {}
    if words[0].startswith("as="):
        call["as"] = canonical(words.pop(0)[3:])
    if words[0].startswith("runs="):
        call["runs"] = [canonical(entry.replace("\\x2c", ",")) for entry in words.pop(0)[5:].split(",")]
    images = []
    for word in words:
        path, _, digest = word.rpartition("@")
        images.append({"path": canonical(path)} if digest == "-" else {"path": canonical(path), "digest": digest})
    parent_id = tasks[parent]["id"] if parent != "-" else ZEROS.hex()
    assert task_id(parent_id, images, call).hex() == identity, "the id of %s does not follow" % handle
    return handle, {"id": identity, "parent": parent_id}


def take_policy(policy, rest):
    """One line of the policy: `KEY JSON`, or `KEY[] JSON` for an element of a list."""
    name, spread, value = re.fullmatch(r'([A-Za-z][\w-]*|"(?:[^"\\]|\\.)*")(\[\])? (.*)', rest, re.ASCII).groups()
    key = name if name.startswith('"') else '"%s"' % name
    if spread:
        elements = policy.setdefault(key, [])
        assert isinstance(elements, list), name
        if value not in elements:
            elements.append(value)
    else:
        assert policy.setdefault(key, value) == value, "two values of %s" % name


def value_of(value):
    return "[%s]" % ",".join(value) if isinstance(value, list) else value


def check_contour(path):
    with open(path, "rb") as file:
        text_of_file = file.read().decode("utf-8")
    lines = text_of_file.split("\n")
    assert lines[:2] == ["isoline contour 2", "profile iso1"], lines[:2]
    assert lines[-2:] == ["end", ""], lines[-2:]

    head = {"base": ZEROS.hex(), "aggregate": ZEROS.hex()}
    policy = {}
    tasks = {"-": {"id": ZEROS.hex(), "parent": ZEROS.hex()}}
    credentials = {}
    actor = None
    points = []
    for line in lines[2:-2]:
        word, _, rest = line.partition(" ")
        if line.startswith("  "):
            found = point(parse_act(line[2:-65], actor))
            assert found.hex() == line[-64:], line
            if found not in points:
                points.append(found)
        elif word == "task":
            handle, task = parse_task(rest.split(" "), tasks)
            assert tasks.setdefault(handle, task) == task, "two tasks of one handle"
        elif word == "credentials":
            handle, *words = rest.split(" ")
            assert handle.split("~")[1] == H(" ".join(words).encode()).hex()[: len(handle.split("~")[1])], handle
            credentials[handle] = parse_credentials(words)
        elif word == "by":
            task, _, handle = rest.split(" ")
            actor = {"task": tasks[task]["id"], "parent": tasks[task]["parent"], "credentials": credentials[handle]}
        elif word == "policy":
            take_policy(policy, rest)
        elif word in head:
            head[word] = rest
        else:
            assert word == "incomplete" or line == "", line

    members = ["%s:%s" % (key, value_of(value)) for key, value in policy.items()]
    base, aggregate = bytes.fromhex(head["base"]), bytes.fromhex(head["aggregate"])
    return {
        "points": len(points),
        "policy": H(("{%s}" % ",".join(members)).encode("ascii")).hex(),
        "state": fold(base, aggregate, sorted(points)).hex(),
        "measurement": fold(base, aggregate, points).hex(),
    }


# --- iso1-vectors.jsonl ----------------------------------------------------------------------------------------------


def check_vector(vector):
    kind = vector["kind"]
    if kind == "event":
        assert encode(vector["event"]).hex() == vector["encoding"]
        assert point(vector["event"]).hex() == vector["point"]
    elif kind == "task":
        assert task_id(vector["parent"], vector["images"], vector).hex() == vector["id"]
    elif kind == "escape":
        assert escape(bytes.fromhex(vector["bytes"])) == vector["text"]
        assert unescape(vector["text"]) == bytes.fromhex(vector["bytes"])
    else:
        assert kind == "extension", kind
        base, aggregate = bytes.fromhex(vector["base"]), bytes.fromhex(vector["aggregate"])
        points = [bytes.fromhex(each) for each in vector["points"]]
        assert fold(base, aggregate, points).hex() == vector["measurement"]
        assert fold(base, aggregate, sorted(points)).hex() == vector["state"]
    return kind


def check_vectors(path):
    counts = {}
    with open(path, encoding="utf-8") as file:
        for line in file:
            kind = check_vector(json.loads(line))
            counts[kind] = counts.get(kind, 0) + 1
    return counts


def main(arguments):
    if arguments[:1] == ["vectors"]:
        print(json.dumps(check_vectors(arguments[1])))
    elif arguments[:1] == ["contour"]:
        print(json.dumps(check_contour(arguments[1])))
    else:
        for line in sys.stdin.buffer:
            event = json.loads(line.decode("utf-8"))
            for name, kind, _ in OPERATIONS[event["op"]]:
                if kind in ("path", "text") and name in event["subject"]:
                    canonical(event["subject"][name])
            print(encode(event).hex(), point(event).hex())


if __name__ == "__main__":
    main(sys.argv[1:])
