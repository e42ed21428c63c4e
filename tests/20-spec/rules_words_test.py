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


def facts_without_words():
    """What a message can lack (spec/policy/ordinary.json) is named in each language: no code stands in a refusal."""
    with open(os.path.join(SPEC, "fact-words.csv"), encoding="utf-8", newline="") as f:
        words = {r["fact"]: r for r in csv.DictReader(x for x in f if not x.startswith("#"))}
    with open(os.path.join(SPEC, "..", "policy", "ordinary.json"), encoding="utf-8") as f:
        asked = {k for way in json.load(f).values() for part in ("needed", "also") for k in way[part]}
    wrong = ["%s: no words for this fact" % k for k in sorted(asked - set(words))]
    wrong += ["%s: still English" % k for k, r in words.items()
              if not any("\u0600" <= c <= "\u06ff" for c in r["ar"]) or r["es"].replace(" ", "_") == k]
    print("\n".join(wrong), end="\n" if wrong else "")
    return len(wrong)


def main():
    rules = {}
    for path in glob.glob(os.path.join(SPEC, "*.json")):
        with open(path, encoding="utf-8") as f:
            rules.update((r["id"], r["why"]) for r in json.load(f)["rules"])
    bad = facts_without_words()
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
