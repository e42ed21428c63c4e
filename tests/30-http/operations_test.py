"""$everything, $meta, $lastn and $stats from outside. What is expected is computed here from what was
sent, with nothing of the server's."""
import json
import statistics
import unittest
from urllib.parse import quote

from weft_http import Case, main, observation

SYSTEM = "http://terminology.hl7.org/CodeSystem/observation-statistics"


def ids(bundle, mode=None):
    return [f"{e['resource']['resourceType']}/{e['resource']['id']}" for e in bundle.get("entry", [])
            if e.get("search", {}).get("mode") == mode or (mode is None and "id" in e["resource"])]


class Record(Case):
    """One patient with a record, another with one of her own."""
    roles = ("nurse", "system", "agent", "admin")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        post = lambda r: cls.server.call("POST", "/fhir/" + r["resourceType"], r, cls.system).json
        named = lambda r: f"{r['resourceType']}/{r['id']}"
        cls.org = named(post({"resourceType": "Organization", "name": "Clinic"}))
        cls.far = named(post({"resourceType": "Organization", "name": "Never named"}))
        cls.doctor = named(post({"resourceType": "Practitioner", "name": [{"family": "Doc"}]}))
        cls.ward = named(post({"resourceType": "Location", "name": "Ward", "status": "active",
                               "managingOrganization": {"reference": cls.far}}))
        cls.pill = named(post({"resourceType": "Medication", "status": "active",
                               "code": {"text": "Pill"}}))
        cls.pat = named(post({"resourceType": "Patient", "name": [{"family": "Whole"}],
                              "generalPractitioner": [{"reference": cls.doctor}],
                              "managingOrganization": {"reference": cls.org}}))
        cls.other = named(post({"resourceType": "Patient", "name": [{"family": "Other"}]}))
        cls.visit = named(post({
            "resourceType": "Encounter", "status": "finished", "subject": {"reference": cls.pat},
            "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"},
            "period": {"start": "2026-03-01T08:00:00Z", "end": "2026-03-01T09:00:00Z"},
            "location": [{"location": {"reference": cls.ward}}]}))
        cls.mine = {cls.pat, cls.visit}
        cls.dated = {}
        for i in range(1, 13):
            o = observation(cls.pat[8:], 60 + i, effectiveDateTime=f"2026-{i:02}-10T08:00:00Z")
            if i == 3:
                o["encounter"] = {"reference": cls.visit}
            name = named(post(o))
            cls.mine.add(name)
            cls.dated[name] = i
        cls.order = named(post({
            "resourceType": "MedicationRequest", "status": "active", "intent": "order",
            "subject": {"reference": cls.pat}, "authoredOn": "2026-05-05",
            "medicationReference": {"reference": cls.pill}}))
        cls.mine.add(cls.order)
        cls.group = named(post({"resourceType": "Group", "type": "person", "actual": True,
                                "member": [{"entity": {"reference": cls.pat}},
                                           {"entity": {"reference": cls.other}}]}))
        cls.mine.add(cls.group)
        cls.theirs = named(post(observation(cls.other[8:])))
        cls.pointed = {cls.org, cls.doctor, cls.ward, cls.pill}

    def everything(self, query="", token="nurse", who=None):
        return self.expect(200, self.call("GET", f"/fhir/{who or self.pat}/$everything{query}",
                                          token=token)).json


class Everything(Record):
    def test_all_of_it_once_and_nothing_else(self):
        b = self.everything()
        self.assertEqual(("Bundle", "searchset"), (b["resourceType"], b["type"]))
        self.assertEqual(self.pat, ids(b)[0])
        self.assertEqual(self.mine, set(ids(b, "match")))
        self.assertEqual(self.pointed, set(ids(b, "include")))
        self.assertEqual(len(ids(b)), len(set(ids(b))))
        self.assertEqual(len(ids(b)), b["total"])
        for e in b["entry"]:
            r = e["resource"]
            same = self.call("GET", f"/fhir/{r['resourceType']}/{r['id']}", token="system").json
            self.assertEqual(same, r)

    def test_pages_are_the_first_pages_moment(self):
        whole = ids(self.everything())
        for count in (1, 4, 7):
            got, url, page = [], f"/fhir/{self.pat}/$everything?_count={count}", 0
            while url:
                b = self.expect(200, self.call("GET", url)).json
                self.assertLessEqual(len(b["entry"]), count)
                got += ids(b)
                links = {x["relation"]: x["url"] for x in b["link"]}
                url = links.get("next", "").partition("/fhir")[2]
                url = url and "/fhir" + url
                if page == 0 and count == 4:
                    extra = self.create(observation(self.pat[8:])).json["id"]
                    gone = [n for n in whole if n.startswith("Observation") and n not in got][-1]
                    self.expect(204, self.call("DELETE", "/fhir/" + gone, token="system"))
                page += 1
            self.assertEqual(whole, got)
            if count == 4:
                self.expect(204, self.call("DELETE", f"/fhir/Observation/{extra}", token="system"))
                back = self.call("PUT", "/fhir/" + gone, {**observation(self.pat[8:]),
                                                         "id": gone[12:]}, token="system")
                self.assertIn(back.status, (200, 201))
                self.dated.pop(gone)
                whole = ids(self.everything())

    def test_page_of_another_is_refused(self):
        b = self.everything("?_count=2")
        page = [x["url"] for x in b["link"] if x["relation"] == "next"][0].partition("_page=")[2]
        self.expect(400, self.call("GET", f"/fhir/{self.other}/$everything?_count=2&_page={page}"), "_page")
        self.expect(400, self.call("GET", f"/fhir/{self.pat}/$everything?_count=2&_page={page}x"), "_page")
        self.expect(400, self.call("GET", f"/fhir/{self.pat}/$everything?_count=2&_page={page}",
                                   token="system"), "_page")

    def test_type_since_and_dates(self):
        b = self.everything("?_type=Observation,Practitioner")
        self.assertEqual({n for n in self.mine if n.startswith("Observation")}, set(ids(b, "match")))
        self.assertEqual({self.doctor}, set(ids(b, "include")))
        newest = max(e["resource"]["meta"]["lastUpdated"] for e in self.everything()["entry"])
        b = self.everything("?_since=" + quote(newest))
        self.assertTrue(ids(b))
        for e in b["entry"]:
            self.assertGreaterEqual(e["resource"]["meta"]["lastUpdated"], newest)
        b = self.everything("?start=2026-03-01&end=2026-05")
        got = set(ids(b, "match"))
        self.assertEqual({n for n, m in self.dated.items() if 3 <= m <= 5},
                         {n for n in got if n in self.dated})
        self.assertIn(self.visit, got)
        self.assertIn(self.order, got)
        self.assertNotIn(self.visit, ids(self.everything("?start=2026-03-02")))

    def test_post_and_wrong_parameters(self):
        body = {"resourceType": "Parameters", "parameter": [
            {"name": "_type", "valueCode": "Encounter"}, {"name": "_count", "valueInteger": 5}]}
        a = self.expect(200, self.call("POST", f"/fhir/{self.pat}/$everything", body))
        self.assertEqual([self.visit], ids(a.json))
        for query, word in (("foo=1", "foo"), ("_count=0", "_count"), ("_count=x", "_count"),
                            ("_type=Nonsense", "Nonsense"), ("start=maybe", "start"),
                            ("_since=yesterday", "_since"), ("start=2026&end=2025", "end"),
                            ("_count=1&_count=2", "_count"), ("_page=1-2-3", "_page")):
            self.expect(400, self.call("GET", f"/fhir/{self.pat}/$everything?{query}"), word)

    def test_who_may(self):
        self.expect(404, self.call("GET", "/fhir/Patient/none/$everything"))
        self.expect(403, self.call("GET", f"/fhir/{self.pat}/$everything", token="admin"))
        self.expect(401, self.call("GET", f"/fhir/{self.pat}/$everything", token=None))
        self.expect(400, self.call("GET", "/fhir/Patient/$everything"), "$export")
        kinds = {n.split("/")[0] for n in ids(self.everything(token="agent"))}
        self.assertIn("Encounter", kinds)
        self.assertNotIn("Observation", kinds)
        self.assertNotIn("MedicationRequest", kinds)

    def test_a_visit(self):
        b = self.everything(who=self.visit)
        third = [n for n, m in self.dated.items() if m == 3][0]
        self.assertEqual({self.visit, third}, set(ids(b, "match")))
        self.assertEqual({self.pat, self.ward}, set(ids(b, "include")))


class Meta(Record):
    TAG = {"system": "http://example.org/tags", "code": "follow-up"}
    LABEL = {"system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "code": "R"}

    def params(self, **meta):
        return {"resourceType": "Parameters", "parameter": [{"name": "meta", "valueMeta": meta}]}

    def meta(self, path, token="nurse"):
        a = self.expect(200, self.call("GET", path, token=token)).json
        self.assertEqual("Parameters", a["resourceType"])
        self.assertEqual(["return"], [p["name"] for p in a["parameter"]])
        return a["parameter"][0]["valueMeta"]

    def test_add_look_take_away(self):
        at = f"/fhir/{self.order}"
        before = self.meta(at + "/$meta")
        self.assertEqual("1", before["versionId"])
        a = self.expect(200, self.call("POST", at + "/$meta-add", self.params(
            tag=[self.TAG], profile=["http://example.org/profile"], security=[self.LABEL])))
        self.assertEqual('W/"2"', a.header("ETag"))
        now = self.call("GET", at).json["meta"]
        self.assertEqual(([self.TAG], ["http://example.org/profile"], [self.LABEL]),
                         (now["tag"], now["profile"], now["security"]))
        again = self.expect(200, self.call("POST", at + "/$meta-add", self.params(tag=[self.TAG])))
        self.assertEqual('W/"2"', again.header("ETag"), "nothing new, no new version")
        self.assertNotIn("tag", self.meta(at + "/_history/1/$meta"))
        for path in ("/fhir/MedicationRequest/$meta", "/fhir/$meta"):
            self.assertIn(self.TAG, self.meta(path, "system")["tag"])
        self.assertNotIn("tag", self.meta("/fhir/Encounter/$meta"))
        self.assertNotIn(self.TAG, self.meta("/fhir/$meta", "agent").get("tag", []),
                         "an agent sees no orders")
        self.expect(412, self.call("POST", at + "/$meta-delete", self.params(tag=[self.TAG]),
                                   headers={"If-Match": 'W/"1"'}))
        self.expect(200, self.call("POST", at + "/$meta-delete", self.params(
            tag=[self.TAG], security=[self.LABEL])))
        now = self.call("GET", at).json["meta"]
        self.assertEqual(("3", False, False, ["http://example.org/profile"]),
                         (now["versionId"], "tag" in now, "security" in now, now["profile"]))
        self.assertNotIn("tag", self.meta("/fhir/MedicationRequest/$meta"))

    def test_refusals(self):
        at = f"/fhir/{self.order}"
        self.expect(400, self.call("POST", at + "/$meta-add", {"resourceType": "Parameters"}), "meta")
        self.expect(400, self.call("POST", at + "/$meta-add", {
            "resourceType": "Parameters", "parameter": [{"name": "mete", "valueMeta": {"tag": [self.TAG]}}]}), "mete")
        self.expect(403, self.call("POST", at + "/$meta-add", self.params(tag=[self.TAG]), token="admin"))
        self.expect(404, self.call("POST", "/fhir/Patient/none/$meta-add", self.params(tag=[self.TAG])))
        self.expect(405, self.call("GET", at + "/$meta-add"))


class Readings(Record):
    def figures(self, query, token="nurse"):
        a = self.expect(200, self.call("GET", "/fhir/Observation/$stats?" + query, token=token)).json
        out = []
        for p in a["parameter"]:
            if p["name"] == "statistics":
                out.append({c["code"]["coding"][0]["code"]: c["valueQuantity"]
                            for c in p["resource"].get("component", [])
                            if c["code"]["coding"][0]["system"] == SYSTEM})
        return out, [p["resource"] for p in a["parameter"] if p["name"] == "source"]

    def test_lastn(self):
        who = self.patient("Lastn")
        sent = []
        for code, times in (("8867-4", (1, 2, 3)), ("8480-6", (5, 4)), ("8462-4", (6,))):
            for t in times:
                o = observation(who, 50 + t, effectiveDateTime=f"2026-02-0{t}T00:00:00Z")
                o["code"]["coding"] = [{"system": "http://loinc.org", "code": code}]
                sent.append((code, t, "Observation/" + self.create(o).json["id"]))
        two = observation(who, 9, effectiveDateTime="2026-02-09")
        two["code"]["coding"] = [{"system": "http://local", "code": "pulse"},
                                 {"system": "http://loinc.org", "code": "8867-4"}]
        sent.append(("8867-4", 9, "Observation/" + self.create(two).json["id"]))
        for n in (1, 2, 5):
            expected = []
            for code in {c for c, _, _ in sent}:
                mine = sorted((-t, name) for c, t, name in sent if c == code)
                expected.append((mine[0][0], [name for _, name in mine[:n]]))
            b = self.expect(200, self.call("GET", f"/fhir/Observation/$lastn?patient={who}&max={n}")).json
            self.assertEqual([x for _, g in sorted(expected) for x in g], ids(b))
        b = self.expect(200, self.call(
            "GET", f"/fhir/Observation/$lastn?subject=Patient/{who}&code=http://loinc.org|8480-6")).json
        self.assertEqual([sent[3][2]], ids(b))
        self.expect(400, self.call("GET", "/fhir/Observation/$lastn?code=x"), "patient")
        self.expect(400, self.call("GET", f"/fhir/Observation/$lastn?patient={who}&max=0"), "max")
        self.expect(400, self.call("GET", f"/fhir/Observation/$lastn?patient={who}&_sort=date"), "_sort")
        self.expect(400, self.call("GET", f"/fhir/Observation/$lastn?patient={who}&colour=red"), "colour")
        self.expect(403, self.call("GET", f"/fhir/Observation/$lastn?patient={who}", token="agent"))

    def test_stats(self):
        who = self.patient("Stats")
        values = [70.5, 61, 88, 93.25, 77, 64, 71]
        for i, v in enumerate(values):
            self.create(observation(who, v, effectiveDateTime=f"2026-04-{i + 1:02}T10:00:00Z"))
        self.create(observation(who, 999, status="entered-in-error",
                                effectiveDateTime="2026-04-03T10:00:00Z"))
        q = statistics.quantiles(values, n=20, method="inclusive")
        want = {"average": statistics.fmean(values), "maximum": max(values), "minimum": min(values),
                "count": 7, "total-count": 8, "median": statistics.median(values), "sum": sum(values),
                "std-dev": statistics.stdev(values), "variance": statistics.variance(values),
                "20-percent": q[3], "80-percent": q[15], "4-lower": q[4], "4-upper": q[14],
                "4-dev": (q[14] - q[4]) / 2, "5-1": q[3], "5-2": q[7], "5-3": q[11], "5-4": q[15]}
        query = f"subject=Patient/{who}&code=8867-4&system=http://loinc.org&statistic="
        (got,), sources = self.figures(query + ",".join(want))
        self.assertEqual([], sources)
        for name, value in want.items():
            self.assertAlmostEqual(value, got[name]["value"], 6, name)
        self.assertEqual(("/min", "http://unitsofmeasure.org"),
                         (got["median"]["code"], got["median"]["system"]))
        (got,), sources = self.figures(
            query + "average,count&include=true&limit=2&period=2026-04-02/2026-04-04")
        self.assertEqual((3, statistics.fmean(values[1:4])), (got["count"]["value"], got["average"]["value"]))
        self.assertEqual(2, len(sources))
        (got,), _ = self.figures(query + "regression,skew,kurtosis")
        slope = statistics.linear_regression(range(7), values).slope
        got_all = self.call("GET", "/fhir/Observation/$stats?" + query + "regression").json
        first = got_all["parameter"][0]["resource"]["component"][0]["valueQuantity"]
        self.assertAlmostEqual(slope, first["value"], 6)
        n, mean = len(values), statistics.fmean(values)
        m = lambda k: sum((v - mean) ** k for v in values) / n
        self.assertAlmostEqual(m(3) / m(2) ** 1.5, got["skew"]["value"], 6)
        self.assertAlmostEqual(m(4) / m(2) ** 2 - 3, got["kurtosis"]["value"], 6)
        body = {"resourceType": "Parameters", "parameter": [
            {"name": "subject", "valueUri": "Patient/" + who},
            {"name": "coding", "valueCoding": {"system": "http://loinc.org", "code": "8867-4"}},
            {"name": "statistic", "valueCode": "maximum"},
            {"name": "statistic", "valueCode": "count"}]}
        a = self.expect(200, self.call("POST", "/fhir/Observation/$stats", body)).json
        self.assertEqual([93.25, 7], [c["valueQuantity"]["value"]
                                     for c in a["parameter"][0]["resource"]["component"]])

    def test_stats_refused(self):
        who = self.patient("Units")
        self.create(observation(who, 1))
        other = observation(who, 2)
        other["valueQuantity"].update(unit="Hz", code="Hz")
        self.create(other)
        base = f"/fhir/Observation/$stats?subject=Patient/{who}"
        self.expect(422, self.call("GET", base + "&code=8867-4&statistic=average"), "units")
        self.expect(400, self.call("GET", base + "&code=8867-4"), "statistic")
        self.expect(400, self.call("GET", base + "&code=8867-4&statistic=mode"), "average")
        self.expect(400, self.call("GET", base + "&statistic=average"), "code")
        self.expect(400, self.call("GET", "/fhir/Observation/$stats?code=1&statistic=sum"), "subject")
        self.expect(400, self.call("GET", base + "&code=8867-4&statistic=sum&duration=-3"), "duration")
        self.expect(403, self.call("GET", base + "&code=8867-4&statistic=sum", token="agent"))


class Document(Record):
    def composition(self, **more):
        return self.create({
            "resourceType": "Composition", "status": "final", "date": "2026-05-01", "title": "Summary",
            "type": {"text": "Summary"}, "subject": {"reference": self.pat},
            "author": [{"reference": self.doctor}], "custodian": {"reference": self.org},
            "section": [{"title": "Orders", "entry": [{"reference": self.order}]},
                        {"title": "All", "entry": [{"reference": n} for n in sorted(self.dated)]}],
            **more}, "system").json["id"]

    def test_whole_and_in_order(self):
        c = self.composition()
        for path in (f"/fhir/Composition/{c}/$document", f"/fhir/Composition/$document?id={c}"):
            b = self.expect(200, self.call("GET", path)).json
            self.assertEqual(("Bundle", "document"), (b["resourceType"], b["type"]))
            self.assertTrue(b["identifier"]["value"].startswith("urn:uuid:"))
            self.assertTrue(b["timestamp"])
            got = ids(b)
            self.assertEqual([f"Composition/{c}", self.pat], got[:2])
            self.assertEqual({f"Composition/{c}", self.pat, self.doctor, self.org, self.order,
                              *self.dated}, set(got))
            self.assertEqual(len(got), len(set(got)))
            for e in b["entry"]:
                self.assertTrue(e["fullUrl"].endswith(f"/{e['resource']['resourceType']}/{e['resource']['id']}"))
        xml = self.call("GET", f"/fhir/Composition/{c}/$document?_format=xml")
        self.assertIn(b'<type value="document"/>', self.expect(200, xml).body)

    def test_kept_when_asked(self):
        c = self.composition()
        body = {"resourceType": "Parameters", "parameter": [{"name": "persist", "valueBoolean": True}]}
        a = self.expect(201, self.call("POST", f"/fhir/Composition/{c}/$document", body, "system"))
        kept = self.call("GET", a.header("Location").partition("/fhir")[2].join(("/fhir", "")), token="system")
        self.assertEqual("document", self.expect(200, kept).json["type"])
        self.expect(403, self.call("POST", f"/fhir/Composition/{c}/$document", body), "ACCESS")

    def test_refusals(self):
        c = self.composition()
        self.expect(404, self.call("GET", "/fhir/Composition/none/$document"))
        self.expect(400, self.call("GET", "/fhir/Composition/$document"), "id")
        self.expect(400, self.call("GET", f"/fhir/Composition/{c}/$document?graph=x"), "graph")
        self.expect(400, self.call("GET", f"/fhir/Composition/{c}/$document?persist=maybe"), "persist")
        self.expect(403, self.call("GET", f"/fhir/Composition/{c}/$document", token="agent"))
        gone = self.create(observation(self.pat[8:]), "system").json["id"]
        c = self.composition(section=[{"entry": [{"reference": "Observation/" + gone}]}])
        self.expect(204, self.call("DELETE", "/fhir/Observation/" + gone, token="system"))
        self.expect(422, self.call("GET", f"/fhir/Composition/{c}/$document"),
                    "Composition.section[0].entry[0]")


class Xml(Record):
    """The edge turns XML into what every operation reads, and back."""

    def test_parameters_in_and_bundle_out(self):
        body = ('<Parameters xmlns="http://hl7.org/fhir"><parameter><name value="_type"/>'
                '<valueCode value="Encounter"/></parameter></Parameters>')
        a = self.call("POST", f"/fhir/{self.pat}/$everything", body,
                      headers={"Content-Type": "application/fhir+xml", "Accept": "application/fhir+xml"})
        self.expect(200, a)
        self.assertIn("application/fhir+xml", a.header("Content-Type"))
        self.assertEqual(1, a.body.count(b"<Encounter"))
        a = self.call("GET", f"/fhir/{self.order}/$meta?_format=xml")
        self.assertIn(b"<valueMeta>", self.expect(200, a).body)


if __name__ == "__main__":
    main()
