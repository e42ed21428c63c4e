#!/usr/bin/env python3
"""What the server says when something cannot be done has its words in each language: every message of the rooms behind
the screens, every reason of the access table, and no row that the source does not say any more."""
import csv
import glob
import json
import os
import re
import sys

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
sys.path.insert(0, os.path.join(ROOT, "tools"))
import access_table  # noqa: E402

LANGS = ("es", "ar")
# Behind the screens. What else fails is read by programmers: FHIR's interactions, terminology, apps' endpoints.
SCREENS = """identity/account identity/actor identity/delegate identity/helper identity/join identity/oauth_flow
    identity/passkey identity/passkey_sign_in identity/password identity/proxy identity/recovery identity/session
    identity/shares identity/sign_in identity/totp identity/training identity/webauthn_read identity/webauthn_verify
    desk/* rules/* outreach/call outreach/capture outreach/compose outreach/ledger_follow outreach/prefer outreach/prefer_set
    outreach/screen outreach/send outreach/undo
    policy/override record/release_set record/erase campaign/* survey/answer survey/report
    programme/* record/find_each
    fleet/* api/fleet monitor/what_if monitor/hits
    api/accounts api/audience api/survey api/break_glass api/campaign api/contact api/cookie api/demo_code api/evidence api/helper
    api/incident api/message api/monitor api/programme api/release api/rights api/rights_file api/rule_change api/task api/training
    api/words""".split()
# Nobody at a screen brings these up: a client of the API, a file of the house.
CLIENTS = re.compile(r"state is (vetted|sent|accepted)|a signature is|Send \{.consent|as is ndjson|overrides are one JSON object|a due key has"
                     r"|a campaign is the id|another draft of|at most \{\} drafts|the record changed while the messages"
                     r"|no thread for|campaign \{\} cannot go on|a chip's number|The copy of the table"
                     r"|until is a date|days is a number from|days is 30, 90 or|step is dial|to is active|kind is call|Say from when|patient is an id|Say which month|Only those who call|groups\[|texts\.")
# What a fault of an outline (plan_read.c) begins with: who reads it is told where.
OUTLINE = os.path.join(ROOT, "src", "campaign", "plan_read.c")
WHERE = re.compile(r"(step \{a\} \(\{b\}\)( path \{c\})?|enrolment|plan|silence): ")
FAULT = re.compile(r"\b(?:bad|fail_at)\s*\(")
# Made of parts by src/api/explain.c; tests/30-http/incident_test.py asks for them.
BUILT = re.compile(r"(role|act|purpose) \w|\{a\} \(\{b\}\) was |Somebody who works here (looked|did this)|A (device sent|system did) this")
CALL = re.compile(r"\b(?:fail|fail_at|op_note)\s*\(")
FORMAT = re.compile(r"%[-+#0-9.*]*(?:hh|h|ll|l|z|j)?[a-zA-Z]")


def arguments(text, at):
    """The text between the parentheses that were opened just before at."""
    depth, i, quoted = 1, at, False
    while depth:
        c = text[i]
        if quoted and c == "\\":
            i += 1
        elif c == '"':
            quoted = not quoted
        elif not quoted:
            depth += (c == "(") - (c == ")")
        i += 1
    return text[at:i - 1]


def messages(path, calls=CALL):
    with open(path, encoding="utf-8") as f:
        text = re.sub(r"/\*.*?\*/", " ", f.read(), flags=re.S)
    for call in calls.finditer(text):
        inside = re.sub(r'STR\("(?:[^"\\]|\\.)*"\)|"[\w.]*",', "", arguments(text, call.end()))
        literals = re.search(r'(?:"(?:[^"\\]|\\.)*"\s*(?:PRI\w+\s*)?)+', inside)
        if literals:
            said = "".join(re.findall(r'"((?:[^"\\]|\\.)*)"', literals.group()))
            yield FORMAT.sub("{}", said.replace('\\"', '"'))


def sources():
    for name in SCREENS:
        yield from (p for p in sorted(glob.glob(os.path.join(ROOT, "src", name + ".c")))
                    if not p.endswith(("_test.c", "_fuzz.c")))


def access_reasons():
    for scope, why in access_table.SCOPES.items():
        if why and scope != "all":
            yield why + " (ACCESS-X)"
    with open(os.path.join(ROOT, "spec", "rules", "consent-roles.csv"), encoding="utf-8", newline="") as f:
        for r in csv.DictReader(x for x in f if not x.startswith("#")):
            if r["bound"] != "free":
                yield r["why"]


def asked_for():
    """What the rules of a message ask a person to do."""
    codes = set()
    for path in glob.glob(os.path.join(ROOT, "spec", "rules", "*.json")):
        with open(path, encoding="utf-8") as f:
            for r in json.load(f)["rules"]:
                if r["trigger"].startswith("outbound."):
                    codes.update(r["obligations"] + r["duties"])
    with open(os.path.join(ROOT, "spec", "rules", "obligations.csv"), encoding="utf-8", newline="") as f:
        return [r["text"] for r in csv.DictReader(x for x in f if not x.startswith("#")) if r["code"] in codes]


def clocks():
    with open(os.path.join(ROOT, "spec", "desk", "clocks.csv"), encoding="utf-8", newline="") as f:
        return [r["title"] for r in csv.DictReader(x for x in f if not x.startswith("#"))]


def pattern(en):
    return re.compile("".join(".+" if p.startswith("{") else re.escape(p) for p in re.split(r"(\{\w+\})", en)), re.S)


def main():
    with open(os.path.join(ROOT, "spec", "words", "refusals.csv"), encoding="utf-8", newline="") as f:
        rows = list(csv.DictReader(x for x in f if not x.startswith("#")))
    bad = ["twice: " + r["en"] for i, r in enumerate(rows) if r["en"] in [x["en"] for x in rows[:i]]]
    for r in rows:
        if not all(r[lang] and r[lang] != r["en"] for lang in LANGS) or not re.search("[\u0600-\u06ff]", r["ar"]):
            bad.append("not translated: " + r["en"])
    known = [pattern(r["en"]) for r in rows]
    said = 0
    for path in sources():
        for m in messages(path):
            said += 1
            text = m.replace("{}", "x") + ("x" if m.endswith(" ") else "") if m != "{}" else ""
            elsewhere = CLIENTS.match(m) or (path == OUTLINE and m.startswith("{}: "))  # the faults, below
            if text and not elsewhere and not any(p.fullmatch(text) for p in known):
                bad.append("%s: no words for: %s" % (os.path.relpath(path, ROOT), m))
    faults = [WHERE.sub("", r["en"]) for r in rows if WHERE.match(r["en"]) and not re.search(r": \{\w\}$", r["en"])]
    for m in (m.removeprefix("{}: ") for m in messages(OUTLINE, FAULT)):
        said += 1
        if m != "{}" and not any(pattern(x).fullmatch(m.replace("{}", "x")) for x in faults):
            bad.append("an outline: no words for: " + m)
    for m in [*access_reasons(), *asked_for(), *clocks()]:
        if not any(p.fullmatch(m) for p in known):
            bad.append("rules: no words for: " + m)
    whole = "\n".join(re.sub(r'"\s*\n\s*(PRI\w+\s+)?"', "", open(p, encoding="utf-8").read()).replace('\\"', '"') for p in
                      glob.glob(os.path.join(ROOT, "src", "*", "*.c")) +
                      [os.path.join(ROOT, "tools", "access_table.py"),
                       os.path.join(ROOT, "spec", "rules", "consent-roles.csv"),
                       os.path.join(ROOT, "spec", "rules", "obligations.csv"),
                       os.path.join(ROOT, "spec", "desk", "clocks.csv")])
    whole = re.sub(r"\s+", " ", FORMAT.sub("{}", whole))
    for r in (x for x in rows if not BUILT.match(x["en"])):  # the longest run of letters is somewhere in the source
        run = max(re.split(r"\{\w+\}", re.sub(r" \(\{\w\}\)$", "", WHERE.sub("", r["en"]))), key=len).strip()
        if re.sub(r"\s+", " ", run) not in whole:
            bad.append("nobody says: " + r["en"])
    print("%d rows, %d messages behind the screens" % (len(rows), said))
    print("\n".join(bad))
    return bool(bad) or said < 200


if __name__ == "__main__":
    sys.exit(main())
