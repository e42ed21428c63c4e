"""An app as the tests play it: registers, is approved, sends its user through the pages, takes tokens."""
import base64
import hashlib
import html
import json
import re
import secrets
from urllib.parse import parse_qs, quote, urlencode, urlsplit

REDIRECT = "http://127.0.0.1:9/back?x=1"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def pkce():
    verifier = secrets.token_urlsafe(48)
    digest = hashlib.sha256(verifier.encode()).digest()
    return verifier, base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


class App:
    def __init__(self, case, scope, redirect=REDIRECT, status="approved", decision=None, **metadata):
        self.case, self.server, self.redirect, self.scope = case, case.server, redirect, scope
        said = {"client_name": "Heart <Diary>", "redirect_uris": [redirect], "scope": scope,
                "token_endpoint_auth_method": "none", **metadata}
        a = self.server.call("POST", "/oauth/register", said)
        assert a.status == 201, a.body
        self.metadata = a.json
        self.id = a.json["client_id"]
        self.secret = a.json.get("client_secret")
        if status:
            a = self.decide({"status": status, **(decision or {})})
            assert a.status == 200, a.body

    def decide(self, decision):
        return self.server.call("POST", "/auth/apps/" + self.id, decision, self.case.admin)

    @property
    def base(self):
        return f"http://127.0.0.1:{self.server.port}"

    def ask(self, method="GET", **over):
        self.verifier, challenge = pkce()
        self.state, self.nonce = secrets.token_hex(8), secrets.token_hex(8)
        q = {"response_type": "code", "client_id": self.id, "redirect_uri": self.redirect,
             "scope": self.scope, "state": self.state, "aud": self.base + "/fhir",
             "code_challenge": challenge, "code_challenge_method": "S256", "nonce": self.nonce, **over}
        q = {k: v for k, v in q.items() if v is not None}
        if method == "POST":
            a = self.server.call("POST", "/oauth/authorize", urlencode(q), headers=FORM)
        else:
            a = self.server.call("GET", "/oauth/authorize?" + urlencode(q))
        self.cookie = a.header("Set-Cookie").split(";")[0]
        return self.page(a)

    def page(self, a):
        self.text = a.body.decode()
        found = re.search(r'name="l" value="([^"]+)"', self.text)
        self.handle = found and found.group(1)
        return a

    def step(self, fields, cookie=None, handle=None):
        body = [("l", handle or self.handle)] + list(fields)
        headers = {**FORM, "Cookie": self.cookie if cookie is None else cookie}
        return self.page(self.server.call("POST", "/oauth/step", urlencode(body), headers=headers))

    def sign_in(self, user, password):
        return self.step([("user", user), ("password", password)])

    def ticked(self):
        return [html.unescape(v) for v in re.findall(r'name="s" (?:checked )?value="([^"]+)"', self.text)]

    def allow(self, scopes=None):
        return self.step([("s", s) for s in (self.ticked() if scopes is None else scopes)] + [("allow", "1")])

    def code_of(self, a):
        assert a.status == 303, a.body
        where = a.header("Location")
        assert where.startswith(self.redirect), where
        said = parse_qs(urlsplit(where).query)
        assert said["state"] == [self.state] and said["iss"] == [self.base], said
        return said["code"][0]

    def token_call(self, **fields):
        headers = dict(FORM)
        if self.secret:
            pair = base64.b64encode(f"{self.id}:{self.secret}".encode()).decode()
            headers["Authorization"] = "Basic " + pair
        else:
            fields.setdefault("client_id", self.id)
        fields = {k: v for k, v in fields.items() if v is not None}
        return self.server.call("POST", "/oauth/token", urlencode(fields), headers=headers)

    def exchange(self, code, **over):
        return self.token_call(**{"grant_type": "authorization_code", "code": code,
                                  "redirect_uri": self.redirect, "code_verifier": self.verifier, **over})

    def refresh(self, token, **more):
        return self.token_call(grant_type="refresh_token", refresh_token=token, **more)

    def other(self, what, token):
        headers, fields = dict(FORM), {"token": token}
        if self.secret:
            headers["Authorization"] = "Basic " + base64.b64encode(
                f"{self.id}:{self.secret}".encode()).decode()
        else:
            fields["client_id"] = self.id
        return self.server.call("POST", "/oauth/" + what, urlencode(fields), headers=headers)

    def launch(self, user, password, patient=None, **over):
        """All the pages; the token answer."""
        self.ask(**over)
        self.sign_in(user, password)
        if patient and "name=\"name\"" in self.text:
            self.step([("name", "Probe")])
            self.step([("patient", patient)])
        a = self.exchange(self.code_of(self.allow()))
        assert a.status == 200, a.body
        return a.json


def claims(token):
    part = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


__all__ = ["App", "FORM", "REDIRECT", "claims", "pkce", "quote"]
