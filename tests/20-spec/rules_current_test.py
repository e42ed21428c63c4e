#!/usr/bin/env python3
"""Is the rulebook whole and in order?

Always: 212 rules, 426 examples; docs/facts.md is what the rules say; the compiler refuses broken rules,
each with its own fault. With ../shared/reference/rules at hand: every rule carries the catalogue's
predicates, parameters, decision, override law, jurisdiction, dates and examples unchanged. Exit 77 =
second half skipped.
"""

import glob
import json
import os
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SPEC = os.path.join(ROOT, "spec")
TOOL = [sys.executable, os.path.join(ROOT, "tools/gen_rules.py")]
SHARED = os.path.join(os.environ.get("WEFT_SHARED", os.path.join(ROOT, "../shared")),
                      "reference/rules/rules.json")
OWN = ("CAP-", "CASL-", "PECR-")  # not of the catalogue: caps and wishes of the house; Canada; who sends it (ePrivacy)
# One way more than the catalogue's, by a fact of ours (docs/adr/0084); without it the rule is the catalogue's.
WIDER = {"MSG-05": "language_in_gsm7"}
SAME = ("trigger", "applies_when", "require", "jurisdiction", "overridable", "status", "evidence",
        "effective_from", "effective_to", "tests")


def rules():
    found = {}
    for path in glob.glob(os.path.join(SPEC, "rules/*.json")):
        with open(path, encoding="utf-8") as f:
            for rule in json.load(f)["rules"]:
                found[rule["id"]] = rule
    return found


def broken(change):
    """Compiles a copy of spec with one rule changed; gives what the compiler said, or None."""
    with tempfile.TemporaryDirectory() as folder:
        for part in ("rules", "fhir", "policy"):
            shutil.copytree(os.path.join(SPEC, part), os.path.join(folder, part))
        path = os.path.join(folder, "rules/eml.json")
        with open(path, encoding="utf-8") as f:
            book = json.load(f)
        change(book["rules"][0])
        with open(path, "w", encoding="utf-8") as f:
            json.dump(book, f)
        run = subprocess.run(TOOL + [folder, folder], capture_output=True, text=True, check=False)
        return run.stderr if run.returncode else None


def set_to(key, value):
    return lambda rule: rule.__setitem__(key, value)


FAULTS = [
    ("unknown operator", set_to("require", ["like", "email_opted_out", "x"])),
    ("unknown parameter", set_to("require", ["eq", "email_opted_out", "$nothing"])),
    ("bad arity", set_to("require", ["not", ["true"], ["true"]])),
    ("kinds disagree", set_to("require", ["eq", "email_opted_out", "yes"])),
    ("unknown obligation", set_to("obligations", ["do_nothing"])),
    ("no citation", set_to("citation", [])),
    ("bad overridable", set_to("overridable", "maybe")),
    ("id used twice", set_to("id", "EML-02")),
    ("unknown keys", set_to("colour", "red")),
    ("missing keys", lambda rule: rule.pop("why")),
    ("hold_kind goes with", set_to("decision", {"pass": "allow", "fail": "hold_until"})),
    ("why names unknown", set_to("why", "At most {nothing}.")),
    ("one example must", lambda rule: rule["tests"][0].__setitem__("expect", "deny")),
]


def problems(found):
    if len(found) != 212 or sum(len(r["tests"]) for r in found.values()) != 426:
        yield "not 212 rules with 426 examples"
    page = subprocess.run(TOOL + ["--docs", SPEC], capture_output=True, text=True, check=True).stdout
    with open(os.path.join(ROOT, "docs/facts.md"), encoding="utf-8") as f:
        if f.read() != page:
            yield "docs/facts.md is stale: tools/gen_rules.py --docs spec > docs/facts.md"
    if broken(lambda rule: None):
        yield "the compiler refuses a copy of our own rules"
    for words, change in FAULTS:
        said = broken(change)
        if not said or words not in said:
            yield "a rule with \"%s\" was not refused so: %s" % (words, said)


def narrow(rule):
    """The rule without the branches and examples that ask for a fact of ours."""
    fact = WIDER.get(rule["id"])
    return {**rule, **{k: [x for x in rule[k] if fact not in json.dumps(x)] for k in ("require", "tests")}} if fact else rule


def drifted(found):
    with open(SHARED, encoding="utf-8") as f:
        catalogue = json.load(f)
    ours = {i for i in found if not i.startswith(OWN)}
    if {r["id"] for r in catalogue} != ours:
        yield "ids differ from the catalogue's"
        return
    for theirs in catalogue:
        ours = narrow(found[theirs["id"]])
        for key in SAME:
            if ours[key] != theirs[key]:
                yield "%s: %s differs from the catalogue" % (theirs["id"], key)
        if any(ours["params"].get(k) != v for k, v in theirs["params"].items()):
            yield "%s: a parameter differs from the catalogue" % theirs["id"]
        if any(ours["decision"].get(k) != v for k, v in theirs["decision"].items()):
            yield "%s: the decision differs from the catalogue" % theirs["id"]


def main():
    found = rules()
    bad = list(problems(found))
    skipped = not os.path.exists(SHARED)
    if not skipped:
        bad += list(drifted(found))
    for line in bad:
        print(line)
    if not bad and skipped:
        print("skipped: no catalogue at ../shared/reference/rules to compare with")
    return 1 if bad else 77 if skipped else 0


if __name__ == "__main__":
    sys.exit(main())
