#!/usr/bin/env python3
"""spec/fleet -> fleet_gen.h: the states of a device's life, the commands it may be given, the rings of
a firmware release, how long its file is kept, the rules of its health with their
help, what many of them going silent at once is, what of an address is a region, what may be done with one that is recalled, and what values are possible at all (spec/monitor/rules.json).

    tools/gen_fleet.py FOLDER TARGET
"""
import csv
import json
import re
import sys
from pathlib import Path

KINDS = ("silent", "battery", "slope", "drift", "firmware", "clock", "retries", "impossible", "impostor", "tamper",
         "broken", "stuck")
ARGS = ("", "times", "firmware")
THERAPY = ("set_therapy", "set_dose")
ROLES = ("nurse", "agent", "outreach", "privacy", "admin")


def stop(what, row):
    sys.exit("spec/fleet: %s: %s" % (what, row))


def rows(path):
    with open(path, encoding="utf-8", newline="") as f:
        found = list(csv.DictReader(line for line in f if not line.startswith("#")))
    for r in found:
        if not r["citation"]:
            stop("a row without citation", r)
    return found


def mask(names, there, row):
    for name in names:
        if name not in there:
            stop(name + " is not there", row)
    return "0x%xu" % sum(1 << there.index(n) for n in names)


def roles(row, column="roles"):
    for name in row[column].split():
        if name not in ROLES:
            stop("no such role", row)
    return " | ".join("1u << ROLE_" + r.upper() for r in row[column].split()) or "0"


def flag(row, name):
    if row[name] not in ("yes", "no"):
        stop(name + " is yes or no", row)
    return "true" if row[name] == "yes" else "false"


def states(folder):
    found = rows(folder / "states.csv")
    names = [r["state"] for r in found]
    yield "enum fleet_life { %s, LIFE_COUNT };" % ", ".join("LIFE_" + n.upper() for n in names)
    yield "#define FLEET_STATE_ROWS \\"
    for r in found:
        yield "    {%s, %s, %s, %s, %s, %s, %s}, \\" % (
            json.dumps(r["state"]), mask(r["from"].split(), names, r), json.dumps(r["status"]), flag(r, "account"),
            roles(r), flag(r, "reason"), json.dumps(r["supply"]))
    yield ""


def commands(folder):
    found = rows(folder / "commands.csv")
    yield "enum command_args { %s };" % ", ".join("ARGS_" + (a or "none").upper() for a in ARGS)
    yield "enum command_kind { %s, KIND_COUNT };" % ", ".join("KIND_" + r["kind"].upper() for r in found)
    yield "#define FLEET_COMMAND_ROWS \\"
    for r in found:
        if r["args"] not in ARGS or r["class"] in THERAPY or not r["roles"] or not int(r["hours"]) > 0 < int(r["finish"]):
            stop("a command has known arguments, roles, hours, and changes no therapy", r)
        yield "    {%s, %s, ARGS_%s, %s, %s, %s, %d, %d}, \\" % (
            json.dumps(r["kind"]), json.dumps(r["class"]), (r["args"] or "none").upper(), flag(r, "two"), roles(r),
            roles(r, "approvers" if r["approvers"] else "roles"), int(r["hours"]), int(r["finish"]))
    yield ""


def rings(folder):
    found = rows(folder / "rings.csv")
    silent = min(r["limit"] for r in json.loads((folder / "rules.json").read_text(encoding="utf-8"))["rules"]
                 if r["kind"] == "silent")
    part = [float(r["percent"]) for r in found]
    if part != sorted(set(part)) or part[0] <= 0 or part[-1] != 100:
        stop("rings grow to 100 per cent", part)
    yield "#define FIRMWARE_RINGS %du" % len(found)
    yield "#define FIRMWARE_RING_ROWS \\"
    for r in found:
        if int(r["soak"]) <= silent or not 0 <= int(r["answered"]) <= 100 or not 0 <= float(r["limit"]) < 100:
            stop("a ring is watched for longer than a silence takes to be found, and has its shares", r)
        yield "    {%s, %r, %d, %d, %r, %s}, \\" % (json.dumps(r["ring"]), float(r["percent"]), int(r["soak"]),
                                                  int(r["answered"]), float(r["limit"]), json.dumps(r["citation"]))
    yield ""


def files(folder):
    found = {r["why"]: r for r in rows(folder / "files.csv")}
    if set(found) != {"unfinished", "replaced", "halted"}:
        stop("the reasons why a file ends", list(found))
    for why, r in found.items():
        if int(r["days"]) < 1:
            stop("a file is kept for a day at least", r)
        yield "#define FIRMWARE_KEEP_%s %d" % (why.upper(), int(r["days"]))
    yield ""


def help_words(folder):
    with open(folder / "help.csv", encoding="utf-8", newline="") as f:
        found = list(csv.DictReader(line for line in f if not line.startswith("#")))
    for r in found:
        if not r["acts"]:
            stop("words without acts", r)
    return {(r["help"], r["part"]): (r["acts"], "{%s}" % ", ".join(json.dumps(r[lang], ensure_ascii=False)
                                                                    for lang in ("en", "es", "ar"))) for r in found}


def rules(folder):
    words, none = help_words(folder), ("", '{"", "", ""}')
    found = json.loads((folder / "rules.json").read_text(encoding="utf-8"))["rules"]
    yield "#define FLEET_RULES %du" % len(found)
    yield "#define FLEET_RULE_ROWS \\"
    for r in found:
        if r["kind"] not in KINDS or not r["source"] or (r["help"], "script") not in words or not 2 <= r["priority"] <= 4:
            stop("a rule has a kind, a source, a script and a priority from 2 to 4", r)
        yield "    {%s, HEALTH_%s, %r, %r, %d, SAY_FLEET_%s, %s, %s, %s, %s, %s, %s}, \\" % (
            json.dumps(r["id"]), r["kind"].upper(), float(r["limit"]), float(r["clear"]), r["priority"],
            r["kind"].upper(), *("true" if r.get("complaint", "") in of else "false"
                                 for of in (("device", "cyber"), ("cyber",))),
            "true" if r.get("update") == "counts" else "false",
            words.get((r["help"], "text"), none)[1], words[r["help"], "script"][1],
            json.dumps(words[r["help"], "script"][0]))
    yield ""


def storm(folder):
    """What many devices share that go silent at once, the narrowest first."""
    r = json.loads((folder / "rules.json").read_text(encoding="utf-8"))["storm"]
    acts, script = help_words(folder)[r["help"], "script"]
    if not r["source"] or not 2 <= r["least"] <= r["devices"] or not 0 < r["percent"] < 100 or not r["by"]:
        stop("a storm has a source, numbers and what devices share", r)
    yield "enum storm_by { %s, STORM_BYS };" % ", ".join("STORM_" + b.upper() for b in r["by"])
    yield "#define FLEET_STORM_ROW {%s, %d, %r, %d, %d, %d, %s, %s}" % (
        json.dumps(r["id"]), r["devices"], float(r["percent"]), r["least"], r["minutes"], r["priority"], script,
        json.dumps(acts))
    yield "#define FLEET_STORM_BY_ROWS \\"
    for b in r["by"]:
        yield "    {%s, SAY_FLEET_STORM_%s}, \\" % (json.dumps(b), b.upper())
    yield ""


def possible(folder):
    series = json.loads((folder / ".." / "monitor" / "rules.json").read_text(encoding="utf-8"))["series"]
    yield "#define FLEET_POSSIBLE_ROWS \\"
    for s in series:
        for code in s["codes"]:
            yield "    {%s, %s, %r, %r}, \\" % (json.dumps(code), json.dumps(s["unit"]), float(s["plausible"][0]),
                                                float(s["plausible"][1]))
    yield ""


def regions(folder):
    """A row a country; how it is known as letter and number, S0 (state), P2 (postal:2), L0 (letters), C0 (country)."""
    found, ways = rows(folder / "regions.csv"), {"state": "S0", "letters": "L0", "country": "C0"}
    ways.update({"postal:%d" % n: "P%d" % n for n in range(1, 6)})
    if found[-1]["country"] != "*" or len({r["country"] for r in found}) != len(found):
        stop("a country stands once, and * is the last", found[-1])
    yield "#define FLEET_REGION_ROWS \\"
    for r in found:
        code = r["country"] == "*" or (re.fullmatch("[A-Z]{2}", r["country"]) and re.fullmatch("[A-Z]{3}", r["alpha3"]))
        if not code or not r["by"] or any(b not in ways for b in r["by"].split()):
            stop("a country's codes and what its regions are known by", r)
        yield "    {%s, %s, %s}, \\" % (json.dumps(r["country"]), json.dumps(r["alpha3"]),
                                       json.dumps("".join(ways[b] for b in r["by"].split())))
    yield ""


def recalls(folder):
    found = rows(folder / "recall-done.csv")
    yield "#define RECALL_DONE_N %du" % len(found)
    yield "#define RECALL_DONE_ROWS \\"
    for r in found:
        yield "    {%s, %s, %s}, \\" % (json.dumps(r["done"]), flag(r, "note"), flag(r, "ends"))
    yield ""


def main(folder, target):
    lines = ["/* Generated from spec/fleet; do not edit. */", "#ifndef WEFT_FLEET_GEN_H", "#define WEFT_FLEET_GEN_H",
             "enum health_kind { %s };" % ", ".join("HEALTH_" + k.upper() for k in KINDS),
             *states(Path(folder)), *commands(Path(folder)), *rings(Path(folder)), *files(Path(folder)), *rules(Path(folder)),
             *storm(Path(folder)), *possible(Path(folder)), *regions(Path(folder)), *recalls(Path(folder)), "#endif", ""]
    Path(target).write_text("\n".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
