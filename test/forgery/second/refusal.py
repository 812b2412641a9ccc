"""What all parts of the second verifier use."""

import hashlib

ZEROS = bytes(32)


class Refusal(Exception):
    def __init__(self, failure):
        super().__init__(failure)
        self.failure = failure


def demand(holds, failure="broken-evidence"):
    if not holds:
        raise Refusal(failure)


def sha(*parts):
    return hashlib.sha256(b"".join(parts)).digest()
