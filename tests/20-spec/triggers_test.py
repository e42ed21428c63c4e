#!/usr/bin/env python3
"""Every trigger of the rulebook is asked by somebody, or the table says why not (spec/rules/triggers.csv): a trigger that
nobody asks is a rule that holds for nobody. Held both ways: what is told to be asked is asked in the product's source, and
what the source asks is told."""
import csv
import glob
import json
import os
import re
import sys

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
HOWS = {"asked", "built", "later"}
# What an outreach that never breaks a rule cannot leave to others.
OURS = ("outbound.attempt", "outbound.sms", "outbound.email", "inbound.message", "inbound.contact", "consent.capture",
        "campaign.publish", "config.change", "request.tick", "dialer.pace", "dialer.hangup",
        "call.route", "outbound.voice")


def read(*path):
    with open(os.path.join(ROOT, *path), encoding="utf-8", newline="") as f:
        return f.read()


def source():
    """Trigger by its C name -> the files that ask it."""
    found = {}
    for path in glob.glob(os.path.join(ROOT, "src", "*", "*.c")):
        if path.endswith(("_test.c", "_fuzz.c")) or os.path.basename(path).startswith("cli_"):
            continue
        for name in re.findall(r"\bTRIGGER_([A-Z_]+)\b", read(path)):
            found.setdefault(name, set()).add(os.path.relpath(path, ROOT))
    found.pop("BIT", None)
    found.pop("COUNT", None)
    return found


def wrong():
    rows = {r["trigger"]: r for r in csv.DictReader(
        x for x in read("spec", "rules", "triggers.csv").splitlines() if not x.startswith("#"))}
    triggers = {}
    for path in glob.glob(os.path.join(ROOT, "spec", "rules", "*.json")):
        for rule in json.loads(read(path))["rules"]:
            triggers.setdefault(rule["trigger"], []).append(rule["id"])
    clocks = read("spec", "desk", "clocks.csv")
    asked = source()
    yield from ("%s: no row" % t for t in triggers if t not in rows)
    yield from ("%s: in no rule" % t for t in rows if t not in triggers)
    yield from ("%s: must be asked" % t for t in OURS if rows[t]["how"] != "asked")
    for t, row in rows.items():
        files, name = set(filter(None, row["where"].split(";"))), t.replace(".", "_").upper()
        if row["how"] not in HOWS or not (files if row["how"] != "later" else row["note"]):
            yield "%s: neither who asks nor why nobody does" % t
        yield from ("%s: %s is not there" % (t, f) for f in files if not os.path.exists(os.path.join(ROOT, f)))
        if row["how"] == "asked" and name in asked and files != asked[name]:
            yield "%s: asked in %s, told: %s" % (t, sorted(asked[name]), sorted(files))
        if row["how"] == "asked" and name not in asked and not any(r in clocks for r in triggers.get(t, ["?"])):
            yield "%s: asked by nobody" % t
        if row["how"] != "asked" and name in asked:
            yield "%s: asked in %s, told: %s" % (t, sorted(asked[name]), row["how"])
    print("%d triggers, %d asked" % (len(triggers), sum(r["how"] == "asked" for r in rows.values())))


def main():
    bad = list(wrong())
    print("\n".join(bad))
    return bool(bad)


if __name__ == "__main__":
    sys.exit(main())
