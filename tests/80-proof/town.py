"""An invented town for the hostile run: people as a registrar would enter them, with what is true of them for the checker
told beside it. People who moved and kept their number, who share a phone, whose state is all that is known of where they
are, who never agreed, agreed for another number, agreed until last year, or died. Every name is one person's, so that a
text says whom it was meant for."""
import json
import random
import time

import law

FHIR = "https://weft.health/fhir/"
HOMES = [  # state, area code, the zone the address says, or none
    ("OR", "503", "America/Los_Angeles"), ("NY", "212", "America/New_York"), ("TX", "512", "America/Chicago"),
    ("TX", "915", None), ("AZ", "480", "America/Phoenix"), ("HI", "808", None), ("IN", "317", "America/New_York"),
    ("KY", "270", None), ("FL", "850", None), ("ND", "701", "America/Chicago"), ("CA", "415", None), ("Hawaii", "212", None),
    ("AK", "206", None), ("GA", "404", "America/New_York"), ("CO", "303", "America/Denver"), ("ID", "208", "America/Boise")]
SYLLABLES = [c + v for c in "bdfgklmnprt" for v in "aeiou"]
CARE = ["care", "appointment"]


def word(n, length):
    out = ""
    for _ in range(length):
        n, at = divmod(n, len(SYLLABLES))
        out += SYLLABLES[at]
    return out


def stamp(at):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at))


def coded(system, *codes):
    return {"coding": [{"system": FHIR + system, "code": c} for c in codes]}


def consent(id, patient, channel, at, number=None, permit=True, until=None):
    provision = {"type": "permit" if permit else "deny", "code": [coded("contact-channel", channel)],
                 "purpose": coded("contact-purpose", *CARE)["coding"]}
    if until:
        provision["period"] = {"end": stamp(until)}
    c = {"resourceType": "Consent", "id": id, "status": "active", "dateTime": stamp(at), "provision": provision,
         "scope": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/consentscope", "code": "patient-privacy"}]},
         "category": [coded("consent-category", "contact")], "patient": {"reference": f"Patient/{patient}"},
         "policyRule": coded("consent-form", "written")}
    if number:
        c["extension"] = [{"url": FHIR + "StructureDefinition/consent-contact-point",
                           "valueContactPoint": {"system": "phone", "value": number}}]
    return c


def phone(number, kind, checked, rank=1, **more):
    return {"system": "phone", "value": number, "rank": rank, **more, "extension": [
        {"url": FHIR + "StructureDefinition/line-type", "valueCode": kind},
        {"url": FHIR + "StructureDefinition/reassigned-check", "extension": [
            {"url": "result", "valueCode": "no"}, {"url": "date", "valueDateTime": stamp(checked)}]}]}


class Town:
    """people: the truth for the checker, by id. entries: the registrar's resources."""

    def __init__(self, n, now, seed):
        self.rng, self.now, self.people, self.entries = random.Random(seed), now, {}, []
        while len(self.people) < n:
            self.household(n)

    def number(self, area, i):
        return f"+1{area}{2 + i // 1000000}{i % 1000000:06d}"

    def household(self, n):
        rng, first = self.rng, len(self.people)
        state, area, zone = rng.choice(HOMES)
        if rng.random() < 0.15:
            area = rng.choice(HOMES)[1]  # they moved
        shared = self.number(area, first)
        size = rng.choice((2, 3, 6)) if rng.random() < 0.2 else 1
        for i in range(first, min(first + size, n)):
            self.person(i, state, zone, shared)

    def person(self, i, state, zone, number):
        rng, id, name = self.rng, f"t{i}", word(i, 4).title()
        kind = rng.choices(("agrees", "silent", "refuses", "another", "over", "dead", "both", "abroad"),
                           (60, 5, 5, 5, 5, 3, 12, 5))[0]
        stated = rng.choice(("Pacific/Honolulu", "Europe/Berlin", "America/New_York")) if kind == "abroad" else None
        home = {"state": state, "country": "US"}
        if zone:
            home["extension"] = [{"url": "http://hl7.org/fhir/StructureDefinition/timezone", "valueCode": zone}]
        mail = f"{id}@example.org"
        patient = {"resourceType": "Patient", "id": id, "name": [{"given": [name], "family": "Town"}], "birthDate": "1960-04-01",
                   "telecom": [phone(number, "wireless", self.now - 86400), {"system": "email", "value": mail, "rank": 2}],
                   "address": [home], "communication": [{"language": {"coding": [{"code": rng.choice(("en", "en", "es", "ar"))}]}}]}
        if stated:
            patient["extension"] = [{"url": "http://hl7.org/fhir/StructureDefinition/timezone", "valueCode": stated}]
        if kind == "dead":
            patient["deceasedBoolean"] = True
        code = {"Hawaii": "HI"}.get(state, state)
        at_home = [zone] if zone else law.zones_of(code)
        truth = {"id": id, "names": [name], "numbers": [number], "mails": [mail], "states": [code], "consents": [],
                 "zones": law.zones_of(None, number, [*at_home, *([stated] if stated else [])]), "dead": kind == "dead"}
        self.people[id] = truth
        self.entries.append(patient)
        self.agree(truth, kind, number)

    def agree(self, truth, kind, number):
        id, year = truth["id"], 365 * 86400
        if kind == "silent":
            return
        to = "+15035550100" if kind == "another" else number
        until = self.now - 86400 if kind == "over" else None
        self.entries.append(consent(f"{id}s", id, "sms", self.now - year, to, until=until))
        truth["consents"].append({"channel": "sms", "to": to, **({"until": until} if until else {})})
        if kind == "refuses":
            self.entries.append(consent(f"{id}n", id, "sms", self.now - 86400, permit=False))
            truth["consents"] = []
        if kind == "both":
            self.entries.append(consent(f"{id}e", id, "email", self.now - year))
            truth["consents"].append({"channel": "email"})

    def write(self, path):
        with open(path, "w", encoding="utf-8") as f:
            for e in self.entries:
                f.write(json.dumps(e) + "\n")
