#!/usr/bin/env python3
"""How many sentences of the rulebook lack Spanish or Arabic: the number may only fall, and none that the sending of
a message can bring (outbound.*) may lack."""
import csv
import glob
import json
import os
import sys

SPEC = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "spec", "rules")
LACKING = 132  # of each language; lower it with every translation


def main():
    rules = {}
    for path in glob.glob(os.path.join(SPEC, "*.json")):
        with open(path, encoding="utf-8") as f:
            rules.update((r["id"], r["trigger"]) for r in json.load(f)["rules"])
    bad = 0
    for lang in ("es", "ar"):
        with open(os.path.join(SPEC, "why.%s.csv" % lang), encoding="utf-8", newline="") as f:
            said = {r["rule"]: r["why"] for r in csv.DictReader(x for x in f if not x.startswith("#"))}
        lacking = sorted(set(rules) - set(said))
        print("%s: %d of %d lack a translation: %s" % (lang, len(lacking), len(rules), " ".join(lacking)))
        needed = [r for r in lacking if rules[r].startswith("outbound.")]
        for rule, why in said.items():
            if lang == "ar" and not any("\u0600" <= c <= "\u06ff" for c in why) or why == "":
                needed.append(rule)
        if needed or len(lacking) != LACKING:
            print("%s: LACKING is %d, found %d; needed: %s" % (lang, LACKING, len(lacking), needed))
            bad = 1
    return bad


if __name__ == "__main__":
    sys.exit(main())
