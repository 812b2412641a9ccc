"""The checks of one canister."""

import base64
import json
import re

from refusal import ZEROS, demand, sha
from contours import contour_points, dsse, matches, state_under
from logs import lost_supervisor

class Canister:
    def __init__(self, appraisal, body):
        self.all, self.body, self.space = appraisal, body, None

    def run(self):
        make = self.all.make
        if make("rules", self.rules) is None:
            return
        states = make("contour", self.contour)
        if states is not None:
            make("state", self.state, states)
            make("bound", self.bound)
        if make("register", self.register) and self.space:
            make("record", self.record)
        for name in ("progress", "losses", "trust"):
            make(name, getattr(self, name))

    def rules(self):
        body = self.body
        begun = body["label"].startswith("begun:")
        found = [one for one in self.all.rules["canisters"] if matches(one["label"], body["label"])]
        found = [one for one in found if not begun or one["label"].startswith("begun:")]
        demand(found, "unknown-contour")
        self.rule = found[0]
        if begun:
            told = re.fullmatch(r"begun:(0|[1-9][0-9]{0,9}):[A-Za-z0-9][A-Za-z0-9_.-]{0,39}", body["label"])
            demand(told and int(told[1]) < 1 << 32 and "contours" in self.rule, "unknown-contour")
        demand(body["mode"] in self.rule.get("modes", ["enforcing"]), "unknown-contour")
        demand(body["mode"] == "learning" or body["sealed"], "unknown-contour")
        demand(body["sensor"] in self.rule.get("sensors", ["seccomp", "bpf"]), "unknown-contour")
        if body["sensor"] == "bpf" and self.all.rules.get("programs") == "referenced":
            demand(any(one["sensor"] == "bpf" for one in self.all.node["sensors"]), "untrusted-platform")
        return True

    def accepted(self):
        """Of published contours, references and files that the rule accepts."""
        references = self.all.references["contours"]
        files = [base64.b64decode(one) for one in self.all.question["contours"]]
        named = self.rule.get("contours")
        if named is None:
            return references, files
        references = [one for one in references if one["name"] in named or f"sha256:{one['contour']}" in named]
        digests = {one["contour"] for one in references} | {one[7:] for one in named if one.startswith("sha256:")}
        return references, [one for one in files if sha(one).hex() in digests]

    def contour(self):
        body, question, self.points = self.body, self.all.question, None
        self.references, self.files = self.accepted()
        if "contour" not in body:
            return self.contour_by_state()
        digest = body["contour"].hex()

        def fits(images):
            return not images or body.get("image") in images

        named = [one for one in self.references if one["contour"] == digest]
        fitting = [one for one in named if fits(one.get("images"))]
        demand(not named or fitting, "unknown-contour")
        for data in self.files:
            if sha(data).hex() == digest:
                self.points = contour_points(data)
        if self.rule.get("signedContour"):
            payload = dsse(body.get("signature", b""), "application/vnd.in-toto+json", question["contourSigners"])
            demand(payload is not None, "unknown-contour")
            statement = json.loads(payload)
            demand(statement["subject"][0]["digest"]["sha256"] == digest, "unknown-contour")
            demand(fits(statement["predicate"]["images"]), "unknown-contour")
        demand(fitting or self.points is not None, "unknown-contour")
        computed = [] if self.points is None else [state_under(self.points, ZEROS, ZEROS).hex()]
        return [one["state"] for one in fitting[:1]] + computed

    def contour_by_state(self):
        ledger, birth = self.all.ledger, self.body.get("register", {}).get("birth")
        space = ledger and ledger["spaces"].get(birth)
        demand(space and any(one["kind"] == "amendment" for one in space["records"]), "unknown-contour")
        demand(not self.rule.get("signedContour") and self.is_published(self.body["state"]), "unknown-contour")
        for data in self.files:
            points = contour_points(data)
            if state_under(points, ZEROS, ZEROS) == self.body["state"]:
                self.points = points
        return [self.body["state"].hex()]

    def is_published(self, state):
        image = self.body.get("image")
        for one in self.references:
            if one["state"] == state.hex() and (not one.get("images") or image in one["images"]):
                return True
        files = [contour_points(data) for data in self.files]
        return any(state_under(points, ZEROS, ZEROS) == state for points in files)

    def state(self, states):
        demand(all(one == self.body["state"].hex() for one in states), "unknown-contour")

    def bound(self):
        bound, aggregate = self.body.get("bound"), self.all.aggregate
        if bound is None or aggregate is None or self.points is None:
            return demand(self.rule.get("bound") != "required", "incomplete")
        demand(bound["aggregate"] == aggregate, "equivocation")
        demand(bound["state"] == state_under(self.points, self.all.challenge, aggregate), "equivocation")

    def register(self):
        told, ledger = self.body.get("register"), self.all.ledger
        if told is None or ledger is None:
            demand(self.rule.get("register", "required") != "required", "incomplete")
            return True
        space = ledger["spaces"].get(told["birth"])
        demand(space is not None and space["birth"]["register"] == told["name"])
        if space["end"] is None:
            self.all.certified(told["name"], ledger)
        self.space = space
        return True

    def record(self):
        body, birth, end, records = self.body, self.space["birth"], self.space["end"], self.space["records"]
        modes = {"learning": "learn", "watching": "watch", "enforcing": "enforce"}
        name = self.all.names[body["label"]]
        demand(name is not None, "incomplete")
        demand(name == birth["name"], "equivocation")
        demand(not lost_supervisor(self.space), "equivocation")
        for one, other in (("mode", modes[body["mode"]]), ("sensor", body["sensor"])):
            demand(birth[one] == other, "equivocation")
        amendments = [one for one in records if one["kind"] == "amendment"]
        if body["mode"] != "learning":
            states = [one["state"] for one in [birth] + amendments]
            demand(states[-1] == body["state"], "unknown-contour")
            demand(all(one == states[-1] or self.is_published(one) for one in states), "unknown-contour")
        sizes = {one["points"] for one in amendments}
        demand(self.all.aggregate in (None, birth["aggregate"]), "equivocation")
        departures = [one for one in records if one["kind"] == "departure"]
        counters = body["counters"]
        demand(counters["departures"] >= len(departures), "equivocation")
        demand(counters["untrusted"] >= len({one["process"] for one in departures}), "equivocation")
        lost = any(one["kind"] == "loss" for one in records)
        demand(not lost or counters["lost"] > 0 or body["incomplete"], "equivocation")
        before, now = None, {"points": body["points"], "events": counters["events"], "measurement": body["measurement"]}
        for head in [one for one in records if one["kind"] == "checkpoint"] + [now]:
            if before:
                demand(head["points"] >= before["points"] and head["events"] >= before["events"], "rollback")
                same = head["points"] == before["points"] and head["points"] not in sizes
                demand(not same or head["measurement"] == before["measurement"], "equivocation")
            before = head
        demand((end is None) == ("ended" not in body), "equivocation")
        if end:
            told = (end["measurement"], end["state"], end["events"], end["off"], end["refused"], end["lost"])
            now = (body["measurement"], body["state"], *(counters[n] for n in ("events", "departures", "refused", "lost")))
            demand(told == now, "equivocation")

    def progress(self):
        body = self.body
        told = body.get("register")
        run = f"started {body['started']}" if told is None else f"{told['name'].hex()} {told['birth']}"
        for one in (self.all.last or {}).get("canisters", []):
            if one["label"] == body["label"] and one["run"] == run:
                demand(all(body["counters"][name] >= value for name, value in one["counters"].items()), "rollback")
                demand(body["points"] >= one["points"], "rollback")
                records = self.space["records"] if self.space else []
                sizes = {record["points"] for record in records if record["kind"] == "amendment"}
                same = body["points"] == one["points"] and body["points"] not in sizes
                demand(not same or body["measurement"].hex() == one["measurement"], "equivocation")

    def losses(self):
        recorded = self.space and any(one["kind"] == "loss" for one in self.space["records"])
        earlier = any(lost > 0 for _, lost in self.earlier())
        lost = self.body["counters"]["lost"] > 0 or self.body["incomplete"] or recorded or earlier
        demand(not lost or self.rule.get("losses") == "warn", "incomplete")

    def trust(self):
        counters, records = self.body["counters"], self.space["records"] if self.space else []
        recorded = sum(one["kind"] == "departure" for one in records)
        most = max(counters["departures"], counters["untrusted"], counters["refused"], recorded)
        most = max([most] + [departed for departed, _ in self.earlier()])
        demand(most <= self.rule.get("departures", 0), "off-contour")

    def earlier(self):
        """Departures and losses of ended runs of this label that were not judged."""
        name, own = self.all.names[self.body["label"]], self.body.get("register", {}).get("birth")
        if not self.all.ledger:
            return
        judged, counters = self.judged()
        if name is None and judged >= 0:
            name = self.all.ledger["spaces"][judged]["birth"]["name"]
        if name is None:
            return
        for number, space in self.all.ledger["spaces"].items():
            end, kinds = space["end"], [one["kind"] for one in space["records"]]
            if end is None or space["birth"]["name"] != name or number == own or number < judged:
                continue
            departed = max(kinds.count("departure"), end["off"], end["refused"])
            lost = max(kinds.count("loss"), end["lost"])
            told = max(counters[one] for one in ("departures", "untrusted", "refused")) if number == judged else -1
            if departed > told or lost > counters["lost"] or lost_supervisor(space):
                yield departed, lost

    def judged(self):
        last, spaces = self.all.last or {}, self.all.ledger["spaces"]
        if last.get("clock") and last["clock"]["resetCount"] == self.all.clock["reset"]:
            for one in last["canisters"]:
                register, birth = one["run"].split(" ")
                space = spaces.get(int(birth))
                if one["label"] == self.body["label"] and space and space["birth"]["register"].hex() == register:
                    return int(birth), one["counters"]
        return -1, {}

