"""
Starts Keylime's own verifier with agents that are enrolled in its database already. Arguments: the folder of Keylime's source, and a
file that tells of the agents. With a third, `states`, it says instead what became of them.
"""

import json
import sys

tree, told = sys.argv[1:3]
with open(told, encoding="utf-8") as file:
    order = json.load(file)
sys.path.insert(0, tree)

from keylime.common import migrations, states  # noqa: E402
from keylime.db.keylime_db import SessionManager, make_engine  # noqa: E402
from keylime.db.verifier_db import VerfierMain, VerifierAllowlist, VerifierMbpolicy  # noqa: E402


def row(name, allowlist, mbpolicy):
    return VerfierMain(
        agent_id=name,
        ip="127.0.0.1",
        port=order["port"],
        verifier_id="default",
        operational_state=states.START,
        public_key="",
        tpm_policy=order["tpm_policy"],
        meta_data="{}",
        ima_policy_id=allowlist.id,
        mb_policy_id=mbpolicy.id,
        ima_sign_verification_keys="",
        revocation_key="",
        accept_tpm_hash_algs=["sha256"],
        accept_tpm_encryption_algs=["ecc"],
        accept_tpm_signing_algs=["ecdsa"],
        hash_alg="",
        enc_alg="",
        sign_alg="",
        boottime=0,
        ima_pcrs=[],
        next_ima_ml_entry=0,
        learned_ima_keyrings={},
        supported_version="2.5",
        ak_tpm=order["ak"],
        mtls_cert=order["certificate"],
        attestation_count=0,
        last_received_quote=0,
        last_successful_attestation=0,
        tpm_clockinfo={},
        accept_attestations=True,
    )


def enrol():
    migrations.apply("cloud_verifier")
    with SessionManager().session_context(make_engine("cloud_verifier")) as session:
        allowlist = VerifierAllowlist(name="files", checksum="1", generator=1, ima_policy=order["policy"])
        mbpolicy = VerifierMbpolicy(name="none", mb_policy=None)
        session.add_all([allowlist, mbpolicy])
        session.flush()
        session.add_all([row(f"agent-{number:05d}", allowlist, mbpolicy) for number in range(order["agents"])])


def look():
    with SessionManager().session_context(make_engine("cloud_verifier")) as session:
        agents = session.query(VerfierMain).all()
        attested = [agent.attestation_count for agent in agents]
        refused = sorted({agent.last_event_id for agent in agents if agent.last_event_id})
        print(json.dumps({"attested": sum(attested), "least": min(attested), "refused": refused}))


if sys.argv[3:] == ["states"]:
    look()
else:
    enrol()
    from keylime.cmd import verifier

    verifier.main()
