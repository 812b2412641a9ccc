"""Runs tests of Python's own `test` package and writes one line for each: how it ended, its id, and why.

    python-tests.py NOTES SECONDS TEST…

A line `begun ID` is written before each, so that a test that hangs, or takes the interpreter with it, is known by name. A
test that takes longer than SECONDS ends the interpreter. Tests that NOTES already names are left out: run again to go on.
"""
import faulthandler
import os
import sys
import unittest

from test import support


def note(word, test_id, why=""):
    # A forked child that returns from a test by mistake must not report results.
    if os.getpid() == own_pid:
        test_id = test_id.replace(" ", "_")
        os.write(notes, f"{word} {test_id} {why}".rstrip().replace("\n", " ")[:500].encode("utf-8", "replace") + b"\n")


class Notes(unittest.TestResult):
    def startTest(self, test):
        super().startTest(test)
        note("begun", test.id())
        faulthandler.dump_traceback_later(float(seconds), exit=True)

    def stopTest(self, test):
        faulthandler.cancel_dump_traceback_later()
        super().stopTest(test)

    def addSuccess(self, test):
        note("passed", test.id())

    def addSkip(self, test, reason):
        note("skipped", test.id(), reason)

    def addFailure(self, test, err):
        note("failed", test.id(), f"{err[0].__name__}: {err[1]}")

    addError = addFailure

    def addExpectedFailure(self, test, err):
        note("expected-failure", test.id())

    def addUnexpectedSuccess(self, test):
        note("unexpected-success", test.id())

    def addSubTest(self, test, subtest, err):
        if err is not None:
            note("failed", test.id(), f"{err[0].__name__}: {err[1]}")


class Fresh(unittest.TestSuite):
    """Keeps the tree of suites, on which class and module fixtures depend, and drops what has been done."""


def without_done(suite):
    kept = [without_done(item) if isinstance(item, unittest.TestSuite) else item for item in suite
            if isinstance(item, unittest.TestSuite) or item.id().replace(" ", "_") not in done]
    return Fresh(kept)


def main():
    global notes, own_pid, seconds, done
    notes_path, seconds, *names = sys.argv[1:]
    own_pid = os.getpid()
    try:
        with open(notes_path, encoding="utf-8") as earlier:
            done = {line.rstrip("\n").split(" ", 2)[1] for line in earlier}
    except FileNotFoundError:
        done = set()
    notes = os.open(notes_path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
    support.verbose = 0
    support.use_resources = {"subprocess": None, "cpu": None}
    suite = unittest.defaultTestLoader.loadTestsFromNames([f"test.{name}" for name in names])
    without_done(suite).run(Notes())
    note("finished", "-")


# Processes that multiprocessing spawns import this file again.
if __name__ == "__main__":
    main()
