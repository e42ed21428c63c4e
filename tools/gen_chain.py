#!/usr/bin/env python3
"""spec/desk/hours.csv, chain.csv -> chain_gen.h: when a team works unless it says otherwise, and how a case goes up.
Rule DEV-14 holds for it: what is critical goes up within the rule's seconds when nobody took it.

    tools/gen_chain.py HOURS CHAIN TARGET
"""
import csv
import json
import os
import re
import sys

DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
CHOICES = {"of": ("care", "technical", "clock"), "held": ("no", "yes"), "when": ("always", "closed"),
           "counts": ("all", "team", "opening"), "tell": ("no", "yes"),
           "to": ("second", "lead", "on-call", "support", "quality", "wait")}


def rows(path):
    with open(path, encoding="utf-8", newline="") as f:
        return list(csv.DictReader(line for line in f if not line.startswith("#")))


def minutes(text):
    m = re.fullmatch(r"([01]\d|2[0-3]):([0-5]\d)|24:00", text)
    if not m:
        sys.exit("spec/desk/hours.csv: %s is no time of day" % text)
    return 1440 if text == "24:00" else int(m.group(1)) * 60 + int(m.group(2))


def opening(r):
    mask = sum(1 << DAYS.index(d) for d in r["days"].split())
    if minutes(r["until"]) <= minutes(r["from"]):
        sys.exit("spec/desk/hours.csv: %s ends before it begins" % r["days"])
    return "    {%d, %d, %d}, \\" % (mask, minutes(r["from"]), minutes(r["until"]))


def step(r):
    for name, choices in CHOICES.items():
        if r[name] not in choices:
            sys.exit("spec/desk/chain.csv: %s: %s is one of %s" % (r["id"], name, " ".join(choices)))
    if r["priority"] not in "1234" or not r["after"].isdigit() or not r["citation"]:
        sys.exit("spec/desk/chain.csv: %s: a priority from 1 to 4, whole minutes and a citation" % r["id"])
    if r["page"] and (not r["page"].isdigit() or not 1 <= int(r["page"]) <= 60 or r["to"] in ("second", "wait")):
        sys.exit("spec/desk/chain.csv: %s: page is 1 to 60 minutes, of a step to a person who can be named" % r["id"])
    return '    {%s, CHAIN_OF_%s, %d, %s, %s, %s, CHAIN_%s, CHAIN_TO_%s, %s, %d, %s}, \\' % (
        json.dumps(r["id"]), r["of"].upper(), int(r["priority"]),
        "true" if r["held"] == "yes" else "false", "true" if r["when"] == "closed" else "false", r["after"],
        r["counts"].upper(), r["to"].upper().replace("-", "_"), "true" if r["tell"] == "yes" else "false", int(r["page"] or 0),
        json.dumps(r["citation"]))


def alert_rule(chain, steps):
    path = os.path.join(os.path.dirname(chain), "..", "rules", "dev.json")
    with open(path, encoding="utf-8") as f:
        most = next(r for r in json.load(f)["rules"] if r["id"] == "DEV-14")["params"]["max_s"]
    first = min(int(r["after"]) for r in steps
                if (r["of"], r["priority"], r["held"], r["when"]) == ("care", "1", "no", "always"))
    if first * 60 > most:
        sys.exit("spec/desk/chain.csv: priority 1 goes up after %d minutes; DEV-14 allows %d seconds" % (first, most))


def main(hours, chain, target):
    steps = rows(chain)
    alert_rule(chain, steps)
    if len({r["id"] for r in steps}) != len(steps):
        sys.exit("spec/desk/chain.csv: an id stands twice")
    lines = ["/* Generated from spec/desk; do not edit. */", "#ifndef WEFT_CHAIN_GEN_H", "#define WEFT_CHAIN_GEN_H",
             "#define CHAIN_TO_ROWS %s" % ", ".join(json.dumps(t) for t in CHOICES["to"]),
             "#define HOURS_ROWS \\"] + [opening(r) for r in rows(hours)]
    lines += ["", "#define CHAIN_ROWS \\"] + [step(r) for r in steps] + ["", "#endif", ""]
    with open(target, "w", encoding="utf-8") as f:
        f.write("\n".join(lines))


if __name__ == "__main__":
    main(*sys.argv[1:4])
