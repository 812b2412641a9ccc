"""Deterministic CBOR, and the shapes of evidence and of records."""

from refusal import Refusal, demand

class Cbor:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, length):
        demand(length <= len(self.data) - self.at)
        self.at += length
        return self.data[self.at - length : self.at]

    def head(self):
        first = self.take(1)[0]
        major, info = first >> 5, first & 31
        if info < 24:
            return major, info
        demand(info <= 27)
        value = int.from_bytes(self.take(1 << (info - 24)), "big")
        demand(value >= (24, 1 << 8, 1 << 16, 1 << 32)[info - 24])
        return major, value

    def value(self, depth=0):
        demand(depth < 16)
        if self.data[self.at : self.at + 1] in (b"\xf4", b"\xf5"):
            return self.take(1) == b"\xf5"
        major, number = self.head()
        if major == 0:
            demand(number < 1 << 53)
            return number
        if major == 2:
            return self.take(number)
        if major == 3:
            try:
                return self.take(number).decode("utf-8")
            except UnicodeDecodeError as fault:
                raise Refusal("broken-evidence") from fault
        demand(major in (4, 5) and number <= len(self.data))
        if major == 4:
            return [self.value(depth + 1) for _ in range(number)]
        table, last = {}, None
        for _ in range(number):
            start = self.at
            key = self.value(depth + 1)
            demand(isinstance(key, str))
            encoded = self.data[start : self.at]
            demand(last is None or encoded > last)
            last, table[key] = encoded, self.value(depth + 1)
        return table


def cbor(data, most, shape):
    demand(len(data) <= most)
    reader = Cbor(data)
    value = reader.value()
    demand(reader.at == len(data))
    shape(value)
    return value


def blob(least, most=None):
    def check(value):
        demand(isinstance(value, bytes) and least <= len(value) <= (least if most is None else most))

    return check


def text(most):
    def check(value):
        demand(isinstance(value, str) and len(value.encode("utf-16-le")) // 2 <= most)

    return check


def count(value):
    demand(isinstance(value, int) and not isinstance(value, bool))


def truth(value):
    demand(isinstance(value, bool))


def word(*words):
    return lambda value: demand(isinstance(value, str) and value in words)


def many(element, most):
    def check(value):
        demand(isinstance(value, list) and len(value) <= most)
        for one in value:
            element(one)

    return check


def table(optional=(), **members):
    def check(value):
        demand(isinstance(value, dict) and set(value) <= set(members))
        demand(all(name in value or name in optional for name in members))
        for name, one in value.items():
            members[name](one)

    return check


D, STRUCTURE = blob(32), blob(1, 2048)
EVIDENCE = table(
    ("quote", "bootLog", "imaList", "ledger"),
    type=word("isoline evidence 1"),
    challenge=D,
    node=blob(1, 2**18),
    tree=table(size=count, root=D),
    canisters=many(table(("name",), index=count, path=many(D, 12), body=blob(1, 2**16), name=blob(256)), 4096),
    quote=table(
        key=STRUCTURE, message=STRUCTURE, signature=STRUCTURE, registers=many(table(number=count, value=D), 24)
    ),
    registers=many(table(name=blob(34), public=STRUCTURE, message=STRUCTURE, signature=STRUCTURE), 4096),
    bootLog=blob(0, 2**24),
    imaList=blob(0, 2**25),
    ledger=blob(0, 2**24),
    reports=many(
        table(
            ("proof",),
            provider=text(64),
            report=blob(1, 2**15),
            certificates=blob(0, 2**16),
            key=blob(32, 1024),
            proof=blob(8, 256),
        ),
        4,
    ),
)
NODE = table(
    ("aggregate", "births"),
    type=word("isoline node 1"),
    node=text(128),
    made=count,
    build=table(("digest",), version=text(64), digest=D),
    sensors=many(table(sensor=word("seccomp", "bpf"), programs=many(table(name=text(64), digest=D), 256)), 8),
    kernel=table(release=text(128), version=text(256), machine=text(32)),
    mitigations=many(table(name=text(64), setting=text(256)), 64),
    aggregate=table(("kernel",), registers=D, kernel=D),
    births=table(register=count, began=D),
    canisters=count,
    complete=truth,
    losses=many(text(512), 64),
)
CANISTER = table(
    ("image", "contour", "signature", "bound", "register", "ended"),
    type=word("isoline canister 1"),
    label=text(256),
    image=text(128),
    contour=D,
    signature=blob(1, 2**14),
    profile=text(32),
    mode=word("learning", "watching", "enforcing"),
    sealed=truth,
    sensor=word("seccomp", "bpf"),
    guarantee=text(512),
    state=D,
    measurement=D,
    points=count,
    bound=table(aggregate=D, state=D),
    counters=table(events=count, departures=count, refused=count, lost=count, untrusted=count),
    incomplete=many(text(512), 64),
    register=table(name=blob(34), birth=count),
    started=count,
    ended=count,
)
HEAD = {"sequence": count, "register": blob(34), "at": count}
BORN = {"area": blob(1, 256), "key": blob(1, 512)}
NAMED = {
    "name": D,
    "mode": word("learn", "watch", "enforce"),
    "sensor": word("seccomp", "bpf"),
    "aggregate": D,
    "state": D,
}
ABOUT = {**HEAD, "birth": count}
RECORDS = {
    "begin": table(
        **HEAD,
        kind=word("begin"),
        version=word("isoline ledger 2"),
        boot=blob(16),
        resetCount=count,
        restartCount=count,
        pcr=count,
        **{"from": D},
        names=blob(256),
        **BORN,
    ),
    "birth": table(**HEAD, kind=word("birth"), **NAMED, **BORN),
    "guest": table(**HEAD, kind=word("guest"), **NAMED),
    "checkpoint": table(**ABOUT, kind=word("checkpoint"), measurement=D, points=count, events=count),
    "departure": table(**ABOUT, kind=word("departure"), process=count, pid=count, point=D),
    "amendment": table(**ABOUT, kind=word("amendment"), state=D, points=count),
    "loss": table(**ABOUT, kind=word("loss"), reason=text(256), count=count),
    "end": table(
        **ABOUT,
        kind=word("end"),
        measurement=D,
        state=D,
        events=count,
        off=count,
        refused=count,
        lost=count,
        value=D,
    ),
}
