"""A second verifier of evidence, written from docs/spec/evidence.md and docs/spec/ledger.md, not from the first.

Reads questions from standard input, one JSON object a line, and answers each with a line: the status, then each check that failed with its
class. It needs Python and its cryptography package.
"""

import base64
import hashlib
import json
import sys

from canister import Canister
from refusal import ZEROS, Refusal, demand, sha
from contours import dsse, matches
from events import assert_fits
from logs import leads_to, replay_boot_log, replay_ima_list, replay_ledger
from shapes import CANISTER, EVIDENCE, NODE, cbor
from tpm import attested, ecc_public, is_proof_of, signed_by

CONTRA = {"rollback", "equivocation", "untrusted-platform", "unknown-contour", "off-contour"}


class Appraisal:
    def __init__(self, question):
        self.question = question
        self.failed = []
        self.last = question.get("last")

    def make(self, name, check, *given):
        try:
            return check(*given)
        except Refusal as refusal:
            self.failed.append((name, refusal.failure))
            return None

    def run(self):
        raw = base64.b64decode(self.question["evidence"])
        self.evidence = self.make("format", cbor, raw, 2**26, EVIDENCE)
        for name in ("freshness", "policy", "chain", "quote"):
            if self.failed:
                return self.result()
            self.make(name, getattr(self, name))
        if self.failed:
            return self.result()
        for name in ("counters", "boot-log", "ima-list", "ledger", "boot", "software", "node-clock", "node-losses"):
            self.make(name, getattr(self, name.replace("-", "_") + "_check"))
        if self.failed:
            return self.result()
        for body in self.make("tree", self.tree) or []:
            Canister(self, body).run()
        return self.result()

    def result(self):
        classes = {failure for _, failure in self.failed}
        status = "contraindicated" if classes & CONTRA else "unverifiable" if classes else "affirming"
        return ", ".join([status, *(f"{name}: {failure}" for name, failure in self.failed)])

    def freshness(self):
        self.challenge = bytes.fromhex(self.question["challenge"])
        demand(self.evidence["challenge"] == self.challenge, "stale")

    def policy(self):
        signers = self.question["policySigners"]

        def content(encoded, kind):
            data = base64.b64decode(encoded)
            if not signers:
                return json.loads(data)
            payload = dsse(data, kind, signers)
            demand(payload is not None)
            return json.loads(payload)

        self.rules = content(self.question["policy"], "application/vnd.isoline.policy+json")
        if "tee" in self.rules.get("root", "tpm"):
            raise NotImplementedError("this verifier reads no reports of confidential machines; its policy demands one")
        demand(all(len(one.get("contours", [])) <= 4096 for one in self.rules["canisters"]))
        used = self.last and self.last["policy"]
        if used and used["name"] == self.rules["name"]:
            demand(self.rules["version"] >= used["version"], "rollback")
        self.references = {"contours": [], "boots": [], "builds": [], "programs": []}
        for one in self.question["references"]:
            for name, values in content(one, "application/vnd.isoline.references+json").items():
                if name == "programs":
                    loads = {}
                    for program in values:
                        loads.setdefault(program.get("load", ""), {})[program["name"]] = program["digest"]
                    self.references["programs"] += loads.values()
                elif name != "references":
                    self.references[name] += values

    def chain(self):
        self.node = cbor(self.evidence["node"], 2**18, NODE)
        asked = self.question.get("node")
        demand(asked is None or asked == self.node["node"], "untrusted-platform")
        keys = self.question["nodes"]
        demand(self.node["node"] in keys, "untrusted-platform")
        key = base64.b64decode(keys[self.node["node"]])
        self.quoted = {}
        if "quote" not in self.evidence:
            demand(self.rules.get("root") == "none", "untrusted-platform")
            return
        demand(self.evidence["quote"]["key"] == key, "untrusted-platform")
        attributes, self.key = ecc_public(key)
        needed = 1 << 16 | 1 << 18 | 1 << 1 | 1 << 4
        demand(attributes & needed == needed and not attributes & 1 << 17)

    def quote(self):
        evidence = self.evidence
        leaf = sha(b"isoline node body 1", evidence["node"])
        self.qualifying = sha(b"isoline evidence 1", self.challenge, leaf, evidence["tree"]["root"])
        if "quote" not in evidence:
            self.clock = None
            return
        quote, registers = evidence["quote"], self.rules.get("registers", list(range(16)))
        demand([one["number"] for one in quote["registers"]] == registers)
        name = signed_by(self.key, quote["message"], quote["signature"])
        self.clock = attested(quote["message"], 0x8018)
        demand(self.clock["extra"] == self.qualifying and self.clock["selections"] == [(0x0B, registers)])
        values = b"".join(one["value"] for one in quote["registers"])
        demand(hashlib.new(name, values).digest() == self.clock["digest"])
        self.quoted = {one["number"]: one["value"] for one in quote["registers"]}

    def counters_check(self):
        if not self.last or not self.clock:
            return
        now, before = self.clock, self.last["clock"]
        later = now["restart"] >= before["restartCount"] and now["clock"] > int(before["clock"])
        same = now["reset"] == before["resetCount"]
        demand(now["reset"] > before["resetCount"] or (same and later), "rollback")

    def boot_log_check(self):
        log = self.evidence.get("bootLog")
        if log is None or not self.quoted:
            return demand(self.rules.get("bootLog") != "required", "incomplete")
        values, _ = replay_boot_log(log)
        for register in range(8):
            demand(register not in self.quoted or self.quoted[register] == values.get(register, ZEROS))

    def over(self, last):
        there = all(register in self.quoted for register in range(last + 1))
        return sha(*(self.quoted[register] for register in range(last + 1))) if there else None

    def ima_list_check(self):
        log = self.evidence.get("imaList")
        if log is None or 10 not in self.quoted:
            return demand(self.rules.get("imaList") != "required", "incomplete")
        demand(self.rules.get("imaList") != "required" or self.quoted[10] != ZEROS, "incomplete")
        told = replay_ima_list(log, self.quoted[10])
        demand(told is None or self.over(9) in (None, told))

    def ledger_check(self):
        data, self.ledger = self.evidence.get("ledger"), None
        if data is None or not self.clock:
            kept = self.last and self.last.get("ledger") and self.clock
            was_there = kept and self.last["clock"]["resetCount"] == self.clock["reset"]
            return demand(self.rules.get("ledger", "required") != "required" and not was_there, "incomplete")
        ledger = replay_ledger(data)
        begin = ledger["begin"]
        demand(begin["resetCount"] == self.clock["reset"])
        demand(begin["pcr"] == self.rules.get("births", 13))
        demand(begin["from"] == ZEROS, "equivocation")
        demand(begin["pcr"] in self.quoted)
        demand(leads_to(self.quoted[begin["pcr"]], ledger["births"], ledger["last"]))
        kept = self.last and self.last.get("ledger")
        if kept and self.last["clock"]["resetCount"] == self.clock["reset"]:
            demand(len(data) >= kept["bytes"], "equivocation")
            demand(sha(data[: kept["bytes"]]).hex() == kept["digest"], "equivocation")
        if begin["restartCount"] != self.clock["restart"]:
            demand(begin["restartCount"] < self.clock["restart"])
            self.certified(begin["register"], ledger)
        self.ledger = ledger

    def certified(self, name, ledger):
        found = [one for one in self.evidence["registers"] if one["name"] == name]
        demand(len(found) == 1, "incomplete")
        [one] = found
        demand(b"\x00\x0b" + sha(one["public"]) == name)
        signed_by(self.key, one["message"], one["signature"])
        told, clock = attested(one["message"], 0x8014), self.clock
        demand(told["extra"] == self.qualifying)
        demand((told["reset"], told["restart"]) == (clock["reset"], clock["restart"]))
        demand(told["name"] == name and told["offset"] == 0)
        demand(leads_to(told["contents"], ledger["values"][name], ledger["last"]))

    def boot_check(self):
        names = self.rules.get("boots", [])
        if not self.quoted or not names:
            return
        found = []
        for one in self.references["boots"]:
            if one["name"] not in names:
                continue
            try:
                return self.booted(one)
            except Refusal as refusal:
                found.append(refusal.failure)
        raise Refusal(next((one for one in found if one != "untrusted-platform"), "untrusted-platform"))

    def booted(self, boot):
        for number, value in boot.get("registers", {}).items():
            demand(self.quoted.get(int(number), b"").hex() == value, "untrusted-platform")
        for number, rules in boot.get("events", {}).items():
            register = int(number)
            demand(register in self.quoted, "untrusted-platform")
            demand("bootLog" in self.evidence, "incomplete")
            values, events = replay_boot_log(self.evidence["bootLog"])
            demand(values.get(register, ZEROS) == self.quoted[register])
            assert_fits(rules, events.get(register, []))

    def software_check(self):
        node, rules, known = self.node, self.rules, self.references
        build = {"version": node["build"]["version"], "digest": node["build"].get("digest", b"").hex()}
        if rules.get("builds") == "referenced":
            demand(any({**one, "digest": one.get("digest", "")} == build for one in known["builds"]), "untrusted-platform")
        if rules.get("programs") == "referenced":
            for sensor in node["sensors"]:
                told = {one["name"]: one["digest"].hex() for one in sensor["programs"]}
                whole = told in known["programs"] and len(told) == len(sensor["programs"])
                demand(sensor["sensor"] != "bpf" or whole, "untrusted-platform")
        kernels = rules.get("kernels", [])
        demand(not kernels or any(matches(one, node["kernel"]["release"]) for one in kernels), "untrusted-platform")
        settings = {one["name"]: one["setting"] for one in reversed(node["mitigations"])}
        for name, accepted in rules.get("mitigations", {}).items():
            demand(settings.get(name) in accepted, "untrusted-platform")

    def node_clock_check(self):
        skew = abs(round((self.node["made"] - self.question["now"]) / 1000))
        demand(skew <= self.rules.get("clockSkew", 300), "untrusted-platform")

    def node_losses_check(self):
        told, self.aggregate = self.node.get("aggregate"), self.over(7)
        if told and self.aggregate:
            demand(told["registers"] == self.aggregate)
        if told and "kernel" in told and self.over(9):
            demand(told["kernel"] == self.over(9))
        lost = self.node["losses"] or not self.node["complete"]
        demand(not lost or self.rules.get("losses") == "warn", "incomplete")

    def tree(self):
        tree, bodies, last = self.evidence["tree"], [], -1
        self.names = {}
        demand(tree["size"] == self.node["canisters"])
        for one in self.evidence["canisters"]:
            place, end = one["index"], tree["size"] - 1
            demand(place <= end)
            value = sha(b"\0", b"isoline canister body 1", one["body"])
            for sibling in one["path"]:
                demand(end > 0)
                if place % 2 == 1 or place == end:
                    value = sha(b"\1", sibling, value)
                    while place % 2 == 0 and place != 0:
                        place, end = place // 2, end // 2
                else:
                    value = sha(b"\1", value, sibling)
                place, end = place // 2, end // 2
            demand(end == 0 and value == tree["root"])
            body = cbor(one["body"], 2**16, CANISTER)
            proof, body_name = one.get("name"), None
            if proof is not None and self.ledger:
                demand(is_proof_of(body["label"], proof, self.ledger["begin"]["names"]))
                body_name = sha(b"isoline name 1", proof)
            bodies.append(body)
            self.names[body["label"]] = body_name
        for one in self.evidence["canisters"]:
            demand(one["index"] > last)
            last = one["index"]
        labels, about = [body["label"] for body in bodies], self.question.get("about")
        demand(len(set(labels)) == len(labels))
        demand(about is not None or len(bodies) == tree["size"], "incomplete")
        for label in [*self.rules.get("required", []), *(about or [])]:
            demand(label in labels, "incomplete")
        if self.ledger:
            told = {body["register"]["birth"] for body in bodies if "register" in body}
            own = {self.names[label] for label in about or []}
            demand(None not in own, "incomplete")
            for number, space in self.ledger["spaces"].items():
                asked = about is None or space["birth"]["name"] in own
                demand(space["end"] is not None or not asked or number in told, "incomplete")
        return bodies


for line in sys.stdin:
    try:
        print(Appraisal(json.loads(line)).run(), flush=True)
    except NotImplementedError as lack:
        print(f"not appraised: {lack}", flush=True)
