#!/usr/bin/env python3
"""Every sentence of the rulebook is there in Spanish and in Arabic, with the same {names} as in English."""
import csv
import glob
import json
import os
import re
import sys

SPEC = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "spec", "rules")


def names(text):
    return sorted(set(re.findall(r"\{(\w+)\}", text)))


def main():
    rules = {}
    for path in glob.glob(os.path.join(SPEC, "*.json")):
        with open(path, encoding="utf-8") as f:
            rules.update((r["id"], r["why"]) for r in json.load(f)["rules"])
    bad = 0
    for lang in ("es", "ar"):
        with open(os.path.join(SPEC, "why.%s.csv" % lang), encoding="utf-8", newline="") as f:
            said = {r["rule"]: r["why"] for r in csv.DictReader(x for x in f if not x.startswith("#"))}
        wrong = ["%s: not translated" % r for r in sorted(set(rules) - set(said))]
        for rule, why in said.items():
            english = rules.get(rule, "{facts} {why}" if rule == "unless" else None)
            if english is None:
                wrong.append("%s: no such rule" % rule)
            elif names(why) != names(english):
                wrong.append("%s: %s, in English %s" % (rule, names(why), names(english)))
            elif why == english or lang == "ar" and not any("\u0600" <= c <= "\u06ff" for c in why):
                wrong.append("%s: still English" % rule)
        print("%s: %d of %d rules" % (lang, len(set(rules) & set(said)), len(rules)))
        bad += len(wrong)
        print("\n".join("%s %s" % (lang, w) for w in wrong))
    return bad > 0


if __name__ == "__main__":
    sys.exit(main())
