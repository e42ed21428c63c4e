"""The pages under /docs: every link leads somewhere, every route of spec/routes.csv, every rule, verb and
claimed search parameter is there, headings go in order, and nothing is inline or from elsewhere."""
import csv
import html.parser
import os
import re
import unittest

from weft_http import Case, main, weft

SOURCE = os.environ.get("WEFT_SOURCE") or os.path.join(os.path.dirname(__file__), "..", "..")
ALONE = {"meta", "link", "br"}


class Page(html.parser.HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.links, self.headings, self.ids, self.tags, self.attributes = [], [], [], set(), []
        self.open, self.cells, self.title, self.problems = [], [], "", []
        self.feed(text)
        self.close()
        if self.open:
            self.problems.append(f"never closed: {self.open}")

    def handle_starttag(self, tag, attrs):
        a = dict(attrs)
        self.tags.add(tag)
        self.attributes += [(tag, *x) for x in attrs]
        if "href" in a:
            self.links.append(a["href"])
        if "id" in a:
            self.ids.append(a["id"])
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if tag in ("th", "td"):
            self.cells.append("")
        if tag == "th" and a.get("scope") not in ("row", "col"):
            self.problems.append("a th without scope")
        if tag not in ALONE:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.problems.append(f"{tag} closed out of order")

    def handle_data(self, data):
        if "title" in self.open:
            self.title += data
        if self.cells and ("td" in self.open or "th" in self.open):
            self.cells[-1] += data


class Docs(Case):
    def page(self, path):
        a = self.call("GET", path, token=None)
        self.assertEqual(200, a.status, path)
        self.assertEqual("text/html; charset=utf-8", a.header("Content-Type"))
        policy = a.header("Content-Security-Policy")
        self.assertIn("default-src 'none'", policy)
        self.assertNotIn("unsafe", policy)
        text = a.body.decode()
        p = Page(text)
        self.assertEqual([], p.problems, path)
        self.assertTrue(text.startswith("<!doctype html>"))
        self.assertIn(("html", "lang", "en"), p.attributes)
        self.assertEqual(set(), p.tags & {"script", "style", "img", "iframe", "object", "form"}, path)
        self.assertFalse([x for x in p.attributes if x[1] == "style" or x[1].startswith("on")], path)
        self.assertEqual(1, p.headings.count(1), path)
        self.assertEqual(1, p.headings[0], path)
        for before, after in zip(p.headings, p.headings[1:]):
            self.assertLessEqual(after, before + 1, (path, p.headings))
        self.assertEqual(len(p.ids), len(set(p.ids)), path)
        self.assertLessEqual({"main", "nav", "header", "title"}, p.tags)
        self.assertTrue(p.title.endswith("Weft"), p.title)
        return p

    def test_every_link(self):
        seen, todo, titles = {}, ["/docs"], {}
        while todo:
            path = todo.pop()
            if path in seen:
                continue
            p = seen[path] = self.page(path)
            self.assertNotIn(p.title, titles, (path, titles.get(p.title)))
            titles[p.title] = path
            for link in p.links:
                self.assertTrue(link.startswith(("/", "#")), (path, link))
                target, _, name = link.partition("#")
                if not target:
                    self.assertIn(name, p.ids, (path, link))
                elif target == "/docs" or target.startswith("/docs/") and "." not in target:
                    todo.append(target)
                elif (target, 0) not in seen:
                    seen[(target, 0)] = self.call("GET", target, token=None).status
                    self.assertEqual(200, seen[(target, 0)], link)
        self.assertGreater(len(seen), 145 + 202)

    def test_every_route(self):
        with open(os.path.join(SOURCE, "spec", "routes.csv"), encoding="utf-8", newline="") as f:
            rows = list(csv.DictReader(line for line in f if not line.startswith("#")))
        p = self.page("/docs/routes")
        end = p.cells.index("Parameter")
        cells = [c for c in p.cells[:end]
                 if c not in ("Method", "Address", "Needs", "What it does", "Parameters")]
        shown = {tuple(cells[i:i + 4]) for i in range(0, len(cells), 5)}
        with open(os.path.join(SOURCE, "spec", "route-params.csv"), encoding="utf-8", newline="") as f:
            params = list(csv.DictReader(line for line in f if not line.startswith("#")))
        self.assertEqual([x for r in params for x in (r["name"], r["doc"], r["example"])],
                         p.cells[end + 3:])
        self.assertEqual({(n, r["name"]) for r in params for n in r["routes"].split()},
                         {(r["name"], n) for r in rows for i in range(0, len(cells), 5)
                          if cells[i:i + 2] == [r["method"], r["path"]]
                          for n in cells[i + 4].split(", ") if n})
        needs = {"none": "none", "fresh": "token, newly shown"}
        wanted = {(r["method"], r["path"], needs.get(r["auth"], "token"), r["doc"]) for r in rows}
        self.assertEqual(wanted, shown)
        self.assertLessEqual({r["name"] for r in rows}, set(p.ids))

    def test_every_parameter(self):
        for r in self.call("GET", "/fhir/metadata", token=None).json["rest"][0]["resource"]:
            cells = self.page("/docs/search/" + r["type"]).cells[3:]
            self.assertEqual([x for p in r.get("searchParam", [])
                              for x in (p["name"], p["type"], p["documentation"])], cells)

    def test_every_rule(self):
        rules = [line.split()[0] for line in weft("rules", "list").stdout.splitlines()]
        self.assertEqual(212, len(rules))
        cells = self.page("/docs/rules").cells[5:]
        self.assertEqual(rules, cells[0::5])
        self.assertTrue(all(cells[4::5]), "a rule without a citation")

    def test_every_verb(self):
        listed = re.findall(r"^  (\w+) +(.+)", weft("--help").stdout, re.M)
        cells = self.page("/docs/verbs").cells[2:]
        self.assertEqual([x for name, what in listed for x in ("weft " + name, what)], cells)

    def test_style_and_absent_pages(self):
        a = self.call("GET", "/docs/style.css", token=None)
        self.assertEqual((200, "text/css; charset=utf-8"), (a.status, a.header("Content-Type")))
        css = a.body.decode()
        self.assertIn("prefers-color-scheme: dark", css)
        self.assertNotRegex(css, r"url\(|@import|http")
        for path in ("/docs/nope", "/docs/rules/X-1", "/docs/search/Nope", "/docs/verbs/x", "/docs/routes/x",
                     "/docs/search/Patient/x", "/docs/rules/%3Cb%3E", "/docs/.."):
            self.expect(404, self.call("GET", path, token=None))
        self.expect(405, self.call("POST", "/docs", {}, token=None))


if __name__ == "__main__":
    main()
