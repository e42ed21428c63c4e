#!/usr/bin/env python3
"""Whoever is erased is in no named value: every name that the rooms make of something is either a patient's, with a row in
src/record/forget.c, or told here with what it is made of. A new name without either fails."""
import glob
import os
import re
import sys

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
# Made of a document's own id or number, a user, a device, a campaign, a mark that cannot be turned back: names nobody who
# is erased, and holds none of their words.
OTHERS = {
    "campaign-stop/": "campaign", "campaign/words-": "words", "device-security/": "device",
    "incident/": "incident; numbers of people", "mail-address/": "goes into a sum, is no name",
    "mail-token/": "goes into a sum, is no name", "rules/": "change of the rulebook", "campaign/audience/": "audience; numbers of people", "campaign/life/": "campaign",
    "campaign/link/": "hash of a link; a Task's number", "campaign/people/": "campaign; numbers of people",
    "complaint/Device/": "device", "device-recall/": "recall", "gate@/": "message", "inbound/": "the provider's id",
    "lookup/": "mark of a number", "look-habit/": "role", "looker/": "user", "own/": "user", "own-last/": "user",
    "own-to/": "mark of an address of staff",
    "page/": "user, or an address that no patient has", "receipt/": "place in a shelf", "request/": "request",
    "sendkey/": "the caller's key; a message's id", "sent-day/": "our number", "sub/": "subscription",
    "survey/each/": "order", "survey/judged/": "answer", "survey/observed/": "answer", "survey/questionnaire/": "form",
    "word/": "a thousandth of the patients", "monitor/trial-since/": "rule", "survey/sent/": "message", "survey/weights": "questionnaire; a table of the site's", "survey/visit/": "visit", "fleet/": "device, model, release, user",
}
# Not names of values, though they look alike: queues, identifiers, addresses, words.
NAME = re.compile(r"arena_(?:printf|cat)\(\s*[\w>.-]+,\s*(?:STR\()?\"([a-z][a-z-]*/[A-Za-z/-]*?)(?:%|\")")


def rows():
    with open(os.path.join(ROOT, "src", "record", "forget.c"), encoding="utf-8") as f:
        return re.findall(r'^    \{"([^"]+)", BY_', f.read(), re.M)


def made():
    for path in sorted(glob.glob(os.path.join(ROOT, "src", "*", "*.c"))):
        room = os.path.basename(os.path.dirname(path))
        if path.endswith(("_test.c", "_fuzz.c")) or room in ("identity", "store", "api", "demo", "fhir", "net", "base", "terms"):
            continue
        with open(path, encoding="utf-8") as f:
            text = f.read()
        if not re.search(r"record_(tx_)?(expect_)?kv|_key\(", text):
            continue
        for name in NAME.findall(text):
            yield name, os.path.relpath(path, ROOT)


def main():
    known, wrong, n = rows(), [], 0
    for name, path in made():
        n += 1
        if not any(name.startswith(k) or k.startswith(name) for k in [*known, *OTHERS]):
            wrong.append("%s: %s is neither in src/record/forget.c nor told in this test" % (path, name))
    assert len(known) >= 18 and n >= 30, (len(known), n)
    print("\n".join(wrong) or "%d names, %d of patients" % (n, len(known)))
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
