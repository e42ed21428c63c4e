"""The shape of answers, seen from outside: pages both ways while others write, totals, summaries and elements,
searches that came in a body, several types, compartments, includes, histories, what _explain tells to whom."""
import json
import threading
import unittest
from urllib.parse import urlsplit

from weft_http import Case, main, observation

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
SUBSETTED = {"system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue",
             "code": "SUBSETTED"}


def links(bundle):
    return {x["relation"]: "?".join(filter(None, urlsplit(x["url"])[2:4])) for x in bundle["link"]}


def ids(bundle, mode="match"):
    return [e["resource"]["id"] for e in bundle.get("entry", []) if e["search"]["mode"] == mode]


class Shape(Case):
    roles = ("nurse", "system", "agent", "admin")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for i in range(11):
            cls.server.call("PUT", f"/fhir/Patient/s{i}", {
                "resourceType": "Patient", "id": f"s{i}", "gender": "female", "active": True,
                "text": {"status": "generated",
                         "div": '<div xmlns="http://www.w3.org/1999/xhtml">x</div>'},
                "name": [{"family": f"Shape{i % 4}"}], "maritalStatus": {"text": "m"},
                **({"birthDate": f"1980-01-0{i % 3 + 1}"} if i % 4 else {})}, cls.system)
        for i in range(5):
            cls.server.call("PUT", f"/fhir/Observation/o{i}",
                            {**observation(f"s{i % 2}", 60 + i), "id": f"o{i}"}, cls.system)

    def get(self, path, token="nurse", **more):
        return self.expect(200, self.call("GET", path, token=token, **more)).json

    def walk(self, first):
        """All pages forwards, then back again: what the pages show, and the same on the way back."""
        page, pages = self.get(first), []
        while True:
            pages.append(ids(page))
            self.assertEqual(len(pages) > 1, "previous" in links(page))
            if "next" not in links(page):
                break
            page = self.get(links(page)["next"])
        for want in reversed(pages[:-1]):
            page = self.get(links(page)["previous"])
            self.assertEqual(want, ids(page), first)
        self.assertNotIn("previous", links(page))
        return [x for p in pages for x in p]

    def test_pages_while_others_write(self):
        stop = threading.Event()

        def write():
            n = 0
            while not stop.is_set():
                self.server.call("PUT", f"/fhir/Patient/w{n % 7}", {
                    "resourceType": "Patient", "id": f"w{n % 7}", "birthDate": "1980-01-02",
                    "name": [{"family": f"Shape{n % 5}"}]}, self.system)
                if n % 7 == 6:
                    self.server.call("DELETE", f"/fhir/Patient/w{n % 5}", None, self.system)
                n += 1

        writer = threading.Thread(target=write)
        writer.start()
        try:
            for sort in ("", "&_sort=birthdate", "&_sort=-birthdate", "&_sort=family,-birthdate",
                         "&_sort=-_lastUpdated", "&_sort=-_id"):
                for query in ("/fhir/Patient?family=Shape&_count=3&_total=accurate",
                              "/fhir?_type=Patient,Observation&_count=4&_total=accurate"):
                    if "birthdate" in sort and "_type" in query:
                        continue
                    seen = self.walk(query + sort)
                    self.assertEqual(len(set(seen)), len(seen), query + sort)
                    self.assertLessEqual({f"s{i}" for i in range(11)}, set(seen), query + sort)
        finally:
            stop.set()
            writer.join()

    def test_totals(self):
        for query in ("/fhir/Observation?subject=Patient/s0,Patient/s1", "/fhir/Patient/s0/Observation"):
            sep = "&" if "?" in query else "?"
            n = len(self.walk(query + sep + "_count=2"))
            for how in ("accurate", "estimate"):
                self.assertEqual(n, self.get(query + sep + "_count=2&_total=" + how)["total"])
            self.assertNotIn("total", self.get(query + sep + "_total=none"))
            for none in ("_count=0", "_summary=count"):
                b = self.get(query + sep + none)
                self.assertEqual(n, b["total"])
                self.assertNotIn("entry", b)
                self.assertNotIn("next", links(b))
        self.assertIn("_count=1000", links(self.get("/fhir/Patient?_count=99999"))["self"])

    def test_summaries(self):
        def keys(query):
            found = self.get("/fhir/Patient?_id=s1" + query)["entry"][0]["resource"]
            self.assertEqual(bool(query), SUBSETTED in found["meta"].get("tag", []), query)
            read = self.get("/fhir/Patient/s1?" + query[1:])
            self.assertEqual(found, read)
            return set(found) - {"resourceType", "id", "meta"}

        whole = keys("")
        self.assertEqual(whole - {"text", "maritalStatus"}, keys("&_summary=true"))
        self.assertEqual({"text"}, keys("&_summary=text"))
        self.assertEqual(whole - {"text"}, keys("&_summary=data"))
        self.assertEqual({"gender", "active"}, keys("&_elements=gender"))  # active: a modifier
        o = self.get("/fhir/Observation/o1?_elements=subject")
        self.assertEqual({"resourceType", "id", "meta", "subject", "status", "code"}, set(o))
        b = self.get("/fhir/Observation?_id=o1&_elements=status&_include=Observation:subject")
        self.assertIn("name", b["entry"][1]["resource"])
        for bad in ("_elements=nothing", "_elements=code.text", "_summary=maybe",
                    "_summary=true&_elements=code", "_summary=text&_include=*"):
            self.expect(400, self.call("GET", "/fhir/Observation?" + bad))
        self.assertEqual("warning", self.get("/fhir/Observation?_elements=nothing", headers={
            "Prefer": "handling=lenient"})["entry"][-1]["resource"]["issue"][0]["severity"])

    def test_a_search_in_a_body_stays_out_of_addresses(self):
        for path, form in (("/fhir/Patient/_search?_count=3", "family=Shape"),
                           ("/fhir/_search", "_type=Patient,Observation&_count=3"),
                           ("/fhir/Patient/s0/*/_search", "_count=2&_lastUpdated=ge2020"),
                           ("/fhir/Patient/_search", "family=Shape&_count=3&_sort=-family,birthdate")):
            page = self.expect(200, self.call("POST", path, form, headers=FORM)).json
            seen = ids(page)
            self.assertIn(form.split("&")[0].replace(",", ","), links(page)["self"])
            while "next" in links(page):
                for relation in ("first", "previous", "next"):
                    address = links(page).get(relation, "")
                    self.assertNotIn("Shape", address)
                    self.assertNotIn("_type", address)
                self.expect(400, self.call("GET", links(page)["next"], token="agent"), "_page")
                page = self.get(links(page)["next"])
                seen += ids(page)
            self.assertEqual(len(set(seen)), len(seen))
            self.assertGreater(len(seen), 3)
            self.assertEqual(seen[:2], ids(self.get(links(page)["first"]))[:2])

    def test_several_types_and_compartments(self):
        b = self.get("/fhir?_type=Observation,Patient&_id=s0,o0")
        self.assertEqual(["o0", "s0"], sorted(ids(b)))
        self.assertLessEqual({"s0", "o0", "o2", "o4"}, set(ids(self.get("/fhir/Patient/s0/*?_count=50"))))
        self.assertEqual(["o2"], ids(self.get("/fhir/Patient/s0/Observation?value-quantity=62")))
        self.expect(400, self.call("GET", "/fhir?_type=Observation,Patient&code=x"), "code")
        self.expect(400, self.call("GET", "/fhir?_type=Thing"), "Thing")
        self.expect(400, self.call("GET", "/fhir?_type=AuditEvent,Patient"))
        self.expect(403, self.call("GET", "/fhir", token="agent"))
        self.expect(403, self.call("GET", "/fhir?_type=Observation", token="agent"))
        self.expect(404, self.call("GET", "/fhir/Patient/none/Observation"))
        self.expect(404, self.call("GET", "/fhir/Patient/s0/Organization"))
        self.expect(404, self.call("GET", "/fhir/Organization/x/Observation"))

    def test_includes_go_round_once(self):
        org = {"resourceType": "Organization", "name": "o"}
        for i, of in (("a", ""), ("c", "a"), ("b", "c"), ("a", "b")):
            self.call("PUT", "/fhir/Organization/" + i, {
                **org, "id": i, **({"partOf": {"reference": "Organization/" + of}} if of else {})},
                "system")
        b = self.get("/fhir/Organization?_id=a&_include:iterate=Organization:partof&_revinclude=*")
        self.assertEqual(["a"], ids(b))
        self.assertEqual(["b", "c"], sorted(ids(b, "include")))

    def test_explain(self):
        path = "/fhir/Patient?_explain=1&family=Shape1"
        self.expect(403, self.call("GET", path))
        text = json.dumps(self.get(path, "system")["entry"][-1])
        self.assertIn("led by the key of family", text)
        self.assertNotIn("Shape", text)
        self.assertEqual("outcome", self.get(path, "system")["entry"][-1]["search"]["mode"])

    def test_histories(self):
        for v in range(3):
            self.call("PUT", "/fhir/Patient/h", {"resourceType": "Patient", "id": "h",
                                                 "active": v % 2 == 0}, "system")
        self.call("DELETE", "/fhir/Patient/h", token="system")

        def all_of(path):
            out = []
            while path:
                page = self.get(path)
                out += [(e["fullUrl"].rpartition("/")[2], e["response"]["etag"],
                         e["request"]["method"], "resource" in e) for e in page.get("entry", [])]
                path = links(page).get("next")
            return out

        mine = [("h", f'W/"{v}"', "DELETE" if v == 4 else "PUT", v != 4) for v in (4, 3, 2, 1)]
        self.assertEqual(mine, all_of("/fhir/Patient/h/_history?_count=1"))
        for path in ("/fhir/Patient/_history?_count=3", "/fhir/_history?_count=4",
                     "/fhir/_history?_type=Patient&_since=2020-01-01T00:00:00Z"):
            got = all_of(path)
            self.assertEqual(mine, [x for x in got if x[0] == "h"], path)
            self.assertEqual(len(set(got)), len(got))
        self.assertEqual([], all_of("/fhir/Patient/_history?_at=2020"))
        nextpage = links(self.get("/fhir/Patient/_history?_count=1"))["next"]
        self.expect(400, self.call("GET", nextpage, token="agent"), "_page")
        self.expect(400, self.call("GET", nextpage.replace("_count=1", "_count=2")), "_page")
        self.expect(403, self.call("GET", "/fhir/_history", token="agent"))
        self.expect(400, self.call("GET", "/fhir/Patient/_history?_sort=x"), "_sort")
        self.expect(304, self.call("GET", "/fhir/Patient/s1/_history/1",
                                   headers={"If-None-Match": 'W/"1"'}))


if __name__ == "__main__":
    main()
