"""Compiles spec/rules/access.csv into the table role x type x action that policy_access() reads.

Used by gen_rules.py. Checks that every resource type stands in exactly one group, that no cell has
two rows and that every word is known; writes one refusal sentence for each row and reason.
"""

import csv
import os

ROLES = ["none", "nurse", "agent", "outreach", "privacy", "admin", "patient", "helper", "device",
         "system"]
SPOKEN = {"none": "Somebody who is not signed in", "nurse": "A nurse", "agent": "An agent",
          "outreach": "The outreach team", "privacy": "The privacy office",
          "admin": "An administrator", "patient": "A patient", "helper": "A helper",
          "device": "A device", "system": "The system"}
ACTIONS = ["read", "search", "history", "create", "update", "delete", "export", "import", "audit",
           "manage"]
DEEDS = {"read": "read", "search": "search", "history": "see the history of", "create": "create",
         "update": "change", "delete": "delete", "export": "export", "import": "import",
         "audit": "verify the trail of", "manage": "manage"}
PURPOSES = ["NONE", "TREAT", "ETREAT", "BTG", "HPAYMT", "HOPERAT", "PATRQT", "FAMRQT", "PUBHLTH",
            "SYSADMIN"]
SCOPES = {
    "all": "",
    "own_patient": "This record belongs to somebody else. You can only use records of the patient "
                   "this account is for.",
    "own": "You can only use what is your own here.",
    "authored": "You can only add this as yourself and to the record of the patient this account "
                "is for.",
    "consented": "The patient has not shared this kind of record with you. Ask the patient to add "
                 "it under Sharing.",
    "shared": "This is shown only where the patient shares it. Ask the patient whether they want to.",
    "assigned": "This work is not assigned to you. Claim it first.",
}


def need(ok, where, what):
    if not ok:
        raise SystemExit("access.csv: %s: %s" % (where, what))


def quote(s):
    return '"%s"' % s.replace("\\", "\\\\").replace('"', '\\"')


def read_groups(spec, types):
    path = os.path.join(spec, "rules/access-groups.csv")
    with open(path, encoding="utf-8", newline="") as f:
        groups = {r["group"]: r["types"].split()
                  for r in csv.DictReader(line for line in f if not line.startswith("#"))}
    placed = sorted(t for g in groups.values() for t in g)
    need(placed == types, "groups", "not one group a type: %s" %
         sorted(set(placed) ^ set(types) | {t for t in placed if placed.count(t) > 1}))
    return groups


def expand(cell, groups, types, where):
    found = []
    for word in cell.split():
        if word == "*":
            found += types
        elif word == "SYSTEM":
            found.append(None)
        elif word.startswith("@"):
            need(word[1:] in groups, where, "unknown group " + word)
            found += groups[word[1:]]
        else:
            need(word in types, where, "unknown type " + word)
            found.append(word)
    return [0 if t is None else 1 + types.index(t) for t in found]


def bound_of(spec):
    """role -> how a patient's Consents bind it."""
    with open(os.path.join(spec, "rules/consent-roles.csv"), encoding="utf-8", newline="") as f:
        return {r["role"]: r["bound"] for r in csv.DictReader(line for line in f if not line.startswith("#"))}


def row_text(row):
    where, scope, deed = row["id"], row["scope"], SPOKEN[row["role"]]
    need(scope in SCOPES, where, "unknown scope " + scope)
    need(row["sensitive"] in ("yes", "no"), where, "sensitive is yes or no")
    purposes = PURPOSES if row["purposes"] == "*" else row["purposes"].split()
    need(set(purposes) <= set(PURPOSES) and row["citation"], where, "purposes or citation")
    mask = sum(1 << PURPOSES.index(p) for p in purposes if p != "NONE" or row["purposes"] == "*")
    tail = " (%s)" % where
    whys = [SCOPES[scope] + tail,
            "%s may use this only for these purposes: %s. State the right purpose.%s" % (
                deed, row["purposes"], tail),
            "This record is specially protected and your role may not open it. "
            "Ask the privacy office.%s" % tail]
    return "{%s, %s, SCOPE_%s, %s, %#xu, {%s}}" % (
        quote(where), quote(row["citation"]), scope.upper(),
        "true" if row["sensitive"] == "yes" else "false", mask, ", ".join(map(quote, whys)))


def body(rows, types, spec):
    groups, bound = read_groups(spec, types), bound_of(spec)
    cells, shared, texts = {}, set(), ['{"ACCESS-DENY", "45 CFR 164.308(a)(4); 164.312(a)(1)", SCOPE_NOBODY, '
                        'false, 0, {"", "", ""}}']
    for n, row in enumerate(rows, 1):
        need(row["role"] in ROLES[1:], row["id"], "unknown role")
        need(row["scope"] != "shared" or (bound[row["role"]] == "denied" and row["sensitive"] == "no" and
                                          set(row["actions"].split()) <= {"read", "search", "history"}),
             row["id"], "shared: to be read by a role that a Consent binds, without what is sensitive")
        for t in expand(row["types"], groups, types, row["id"]):
            for action in row["actions"].split():
                need(action in ACTIONS, row["id"], "unknown action " + action)
                key = (ROLES.index(row["role"]), t, ACTIONS.index(action))
                need(key not in cells, row["id"], "cell has two rows: %s" % (key,))
                cells[key] = n
                shared |= {t} if row["scope"] == "shared" else set()
        texts.append(row_text(row))
    need(len(texts) < 256, "rows", "too many")
    out = ['/* Made by tools/gen_rules.py from spec/rules/access.csv; do not edit. */\n'
           '#include "policy/policy_int.h"\n\n']
    out.append("const struct access_row policy_access_rows[] = {\n%s};\n\n" %
               "".join("    %s,\n" % t for t in texts))
    out.append("const uint16_t policy_shared_types[] = {%s};\nconst size_t policy_n_shared_types = %d;\n\n" % (
        ", ".join(map(str, sorted(shared) or [0])), len(shared)))
    out.append("const char *const policy_access_denied[ROLE_COUNT][ACTION_COUNT] = {\n")
    for role in ROLES:
        whys = ["%s may not %s this kind of record. Ask your administrator if your work needs it. "
                "(ACCESS-DENY)" % (SPOKEN[role], DEEDS[a]) for a in ACTIONS]
        out.append("    {%s},\n" % ", ".join(map(quote, whys)))
    out.append("};\n\nconst uint8_t policy_access_cells[ROLE_COUNT][POLICY_TYPE_COUNT + 1]"
               "[ACTION_COUNT] = {\n")
    for r in range(len(ROLES)):
        out.append("    {\n")
        for t in range(len(types) + 1):
            line = [str(cells.get((r, t, a), 0)) for a in range(len(ACTIONS))]
            out.append("        {%s},\n" % ", ".join(line))
        out.append("    },\n")
    out.append("};\n\nconst char *const policy_type_names[POLICY_TYPE_COUNT] = {\n%s};\n" %
               "".join('    "%s",\n' % t for t in types))
    return "".join(out)
