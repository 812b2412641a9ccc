"""
Has Keylime judge answers of agents, from the body of the HTTP response on, as `invoke_get_quote` of its verifier does: all but network
and database. Orders come as lines of JSON, and each is answered by one line. The first argument is the folder of Keylime's source.
"""

import json
import os
import resource
import sys
import time

tree = sys.argv[1]
# What Keylime or its modules print goes to the standard error stream.
answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)
sys.path.insert(0, tree)


def say(answer):
    answers.write(json.dumps(answer) + "\n")
    answers.flush()


try:
    from keylime import cloud_verifier_common, config
    from keylime import json as keylime_json
    from keylime.agentstates import AgentAttestState
    from keylime.failure import set_severity_config
    from keylime.ima import ima
    from keylime.mba import mba

    set_severity_config(config.getlist("verifier", "severity_labels"), config.getlist("verifier", "severity_policy"))
    mba.load_imports()
except Exception as fault:  # pylint: disable=broad-except
    say({"fault": f"{type(fault).__name__}: {fault}"})
    sys.exit(1)


class Agent:
    """An agent as the verifier has it in memory: its row of the database, and what was attested."""

    def __init__(self, told):
        self.told = told
        self.policy = ima.deserialize_runtime_policy(told["policy"])
        self.forget()

    def forget(self):
        self.state = AgentAttestState("agent")
        self.row = {
            "agent_id": "agent",
            "ak_tpm": self.told["ak"],
            "tpm_policy": self.told["tpm_policy"],
            "accept_tpm_hash_algs": ["sha256"],
            "accept_tpm_encryption_algs": ["ecc"],
            "accept_tpm_signing_algs": ["ecdsa"],
            "ima_sign_verification_keys": "",
            "supported_version": "2.5",
            "attestation_count": 0,
            "tpm_clockinfo": None,
            "v": None,
        }

    def judge(self, answer, reads_policy):
        """The reasons of a refusal; none where the answer was accepted."""
        self.row["nonce"] = answer["nonce"]
        response = keylime_json.loads(answer["body"])
        policy = ima.deserialize_runtime_policy(self.told["policy"]) if reads_policy else self.policy
        mb_policy = self.told["mb_policy"]
        failure = cloud_verifier_common.process_quote_response(
            self.row, mb_policy, policy, response["results"], self.state, mb_policy_name="accept-all"
        )
        return [event.event_id for event in failure.events] if failure else []


def processor():
    """Seconds that this process and the programs that it started have used."""
    own, programs = (resource.getrusage(of) for of in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(of.ru_utime + of.ru_stime for of in (own, programs))


def run(agent, order):
    """Judges the answers `before` untimed and `timed` timed, on an agent that is new each time."""
    refused = []
    spent = 0.0
    began = time.monotonic()
    for _ in range(order["times"]):
        agent.forget()
        for index in order["before"]:
            refused += agent.judge(agent.told["answers"][index], order["reads_policy"])
        before = processor()
        for index in order["timed"]:
            refused += agent.judge(agent.told["answers"][index], order["reads_policy"])
        spent += processor() - before
    return {"seconds": spent, "elapsed": time.monotonic() - began, "refused": sorted(set(refused))}


say({"python": sys.version.split()[0]})
present = None
for line in sys.stdin:
    told = json.loads(line)
    if told["act"] == "agent":
        present = Agent(told)
        say({})
    else:
        say(run(present, told))
