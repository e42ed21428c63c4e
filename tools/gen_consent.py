#!/usr/bin/env python3
"""Compiles whom Consents bind, purposes with their parents, sensitivity labels and their codes.

usage: gen_consent.py SPEC_FOLDER OUT_FILE    (reads spec/rules/consent-roles, role-purposes, purposes, labels, label-codes)
"""

import csv
import os
import sys
import zlib

OURS = ["NONE", "TREAT", "ETREAT", "BTG", "HPAYMT", "HOPERAT", "PATRQT", "FAMRQT", "PUBHLTH", "SYSADMIN"]
ROLES = ["none", "nurse", "agent", "outreach", "privacy", "admin", "patient", "helper", "device", "system"]
BOUND = {"denied": "BOUND_DENIED", "shared": "BOUND_SHARED", "free": "BOUND_FREE"}


def rows(spec, name):
    path = os.path.join(spec, "rules", name)
    with open(path, encoding="utf-8", newline="") as f:
        return list(csv.DictReader(line for line in f if not line.startswith("#")))


def quoted(text):
    if any(ord(c) < 32 or c in '"\\' for c in text):
        sys.exit("gen_consent: a text with quotes or control characters: %r" % text)
    return '"%s"' % text


def role_rows(spec, out):
    all_rows = {r["role"]: r for r in rows(spec, "consent-roles.csv")}
    if sorted(all_rows) != sorted(ROLES + ["app"]):
        sys.exit("gen_consent: consent-roles.csv does not name every role once")
    out.append("const struct consent_role consent_roles[ROLE_COUNT + 1] = {")
    for role in ROLES + ["app"]:
        r = all_rows[role]
        out.append("    [%s] = {%s, %s, %s, %s, %s, %s}," % (
            "CONSENT_APP" if role == "app" else "ROLE_" + role.upper(), BOUND[r["bound"]], "true" if r["emergency"] == "yes" else "false",
            "true" if r["relation"] == "yes" else "false",
            quoted(r["rule"]), quoted(r["citation"]), quoted(r["why"])))
    out.append("};")


def purpose_rows(spec, out):
    """yes: purposes of ours that the word surely covers; maybe: those it covers a part of."""
    parent = {r["code"]: r["parent"] for r in rows(spec, "purposes.csv")}

    def up(code):
        chain = [code]
        while parent.get(chain[-1]):
            chain.append(parent[chain[-1]])
        return chain
    out.append("const struct consent_purpose_row consent_purposes[] = {")
    for code in sorted(parent):
        if any(p not in parent for p in up(code)):
            sys.exit("gen_consent: unknown parent of " + code)
        yes = [p for p in OURS[1:] if code in up(p)]
        maybe = [p for p in OURS[1:] if p in up(code) and p not in yes]
        out.append("    {%s, %s, %s}," % (quoted(code), mask(yes), mask(maybe)))
    out.append("};")
    out.append("const size_t consent_n_purposes = %d;" % len(parent))


def stated_rows(spec, out):
    """By role: the purpose of a request that says none, and all that may be said."""
    said, default = {r: [] for r in ROLES}, {"none": "NONE"}
    for r in rows(spec, "role-purposes.csv"):
        if r["purpose"] not in OURS[1:] or r["role"] not in ROLES[1:] or not r["citation"]:
            sys.exit("gen_consent: bad row of role-purposes.csv: %r" % (r,))
        said[r["role"]].append(r["purpose"])
        if r["default"] == "yes" and default.setdefault(r["role"], r["purpose"]) != r["purpose"]:
            sys.exit("gen_consent: role-purposes.csv: two defaults of " + r["role"])
    out.append("const struct role_purposes policy_role_purposes[ROLE_COUNT] = {")
    for role in ROLES:
        out.append("    [ROLE_%s] = {PURPOSE_%s, %s}," % (role.upper(), default[role], mask(said[role])))
    out.append("};")


def mask(purposes):
    return " | ".join("1u << PURPOSE_" + p for p in purposes) or "0"


def label_rows(spec, out):
    labels = rows(spec, "labels.csv")
    names = [r["label"] for r in labels]
    if names[:2] != ["N", "R"] or len(names) > 60 or len(set(names)) != len(names):
        sys.exit("gen_consent: labels.csv starts with N and R and names each label once")
    out.append("const struct label_row label_rows[] = {")
    for r in labels:
        only = r["only"].split()
        if bool(only) != bool(r["of"]) or not set(only) <= set(ROLES):
            sys.exit("gen_consent: bad row of labels.csv: %r" % (r,))
        out.append("    {%s, %s, %s, %s, %s}," % (
            quoted(r["label"]), "true" if r["restricted"] == "yes" else "false",
            "true" if r["named"] == "yes" else "false", quoted(r["of"]),
            " | ".join("1u << ROLE_" + role.upper() for role in only) or "0"))
    out.append("};")
    out.append("const size_t label_n_rows = %d;" % len(labels))
    codes = rows(spec, "label-codes.csv")
    seen = set()
    out.append("const struct label_code label_codes[] = {")
    for r in sorted(codes, key=lambda r: (r["code"], r["system"])):
        key = (r["system"], r["code"])
        if key in seen or r["label"] not in names or r["match"] not in ("exact", "begins"):
            sys.exit("gen_consent: bad row of label-codes.csv: %r" % (r,))
        seen.add(key)
        out.append("    {%s, %s, %d, %s}," % (quoted(r["code"]), quoted(r["system"]), names.index(r["label"]),
                                              "true" if r["match"] == "begins" else "false"))
    out.append("};")
    out.append("const size_t label_n_codes = %d, label_longest = %d;" % (
        len(codes), max(len(r["code"]) for r in codes)))


def main():
    spec, path = sys.argv[1:]
    out = ["/* Made by tools/gen_consent.py from spec/rules. */", '#include "policy/consent_int.h"']
    role_rows(spec, out)
    purpose_rows(spec, out)
    stated_rows(spec, out)
    label_rows(spec, out)
    text = b"".join(open(os.path.join(spec, "rules", n), "rb").read() for n in ("labels.csv", "label-codes.csv"))
    out.append("const unsigned label_table_version = %du;" % (zlib.crc32(text) & 0xFFFFFF))
    with open(path, "w", encoding="utf-8") as f:
        f.write("\n".join(out) + "\n")


if __name__ == "__main__":
    main()
