// The privacy officer's incidents: what each reaches, its clocks, its letters; and one line of the trail explained.
import { useState } from "preact/hooks";
import { useAct, Wrong } from "../kit/act";
import { Failed } from "../kit/basics";
import { get, post } from "../lib/api";
import { fullDate, number, t } from "../lib/i18n";
import { useLoad } from "../lib/load";

interface Clock {
  id: string;
  title: string;
  place?: string;
  due: string;
  late: boolean;
  status: string;
}
interface Incident {
  id: string;
  what: string;
  status: string;
  scope?: { people: number; entries: number; kinds: string[]; accounts: { user: string }[] };
  clocks?: Clock[];
}
const KEY = "/incidents";

function Clocks({ of }: { of: Incident }) {
  const [error, busy, act] = useAct(`${KEY}/${of.id}`);
  const [note, setNote] = useState("");
  const done = (c: Clock): void => {
    void act(async () => {
      await post(`/incidents/${of.id}/clock`, { clock: c.id, note });
      return t("in_done");
    });
  };
  const open = of.clocks?.filter((c) => c.status === "requested") ?? [];
  return (
    <>
      {open.length > 0 && (
        <div class="field">
          <label for={`note-${of.id}`}>{t("in_note")}</label>
          <input
            class="box"
            id={`note-${of.id}`}
            value={note}
            onInput={(e) => setNote(e.currentTarget.value)}
          />
        </div>
      )}
      <ul class="plain">
        {open.map((c) => (
          <li key={c.id}>
            <p dir="auto">
              {c.title} {c.place} <strong>{fullDate(c.due)}</strong> {c.late && t("in_late")}
            </p>
            <button
              type="button"
              class="btn"
              disabled={busy || !note.trim()}
              onClick={() => done(c)}
            >
              {t("in_met")}
            </button>
          </li>
        ))}
      </ul>
      <Wrong text={error} />
    </>
  );
}

function One({ brief }: { brief: Incident }) {
  const full = useLoad<Incident>(`${KEY}/${brief.id}`, () => get(`/incidents/${brief.id}`));
  const [error, busy, act] = useAct(`${KEY}/${brief.id}`);
  const of = full.data ?? brief;
  const count = (): void => {
    void act(async () => {
      await post(`/incidents/${of.id}/scope`, {});
      return "";
    });
  };
  return (
    <li>
      <h3 dir="auto">{of.what}</h3>
      {of.scope && (
        <p class="muted">
          {t("in_scope", {
            n: number(of.scope.people),
            lines: number(of.scope.entries),
            who: of.scope.accounts.map((a) => a.user).join(", "),
            kinds: of.scope.kinds.join(", "),
          })}
        </p>
      )}
      <Clocks of={of} />
      <div class="acts">
        {of.status === "in-progress" && (
          <button type="button" class="btn" disabled={busy} onClick={count}>
            {t("in_count")}
          </button>
        )}
        <a class="btn" href={`/incidents/${of.id}/letters.csv`} download="letters.csv">
          {t("in_letters")}
        </a>
      </div>
      <Wrong text={error} />
    </li>
  );
}

function Explain() {
  const [error, busy, act] = useAct();
  const [entry, setEntry] = useState("");
  const [said, setSaid] = useState("");
  const ask = (e: SubmitEvent): void => {
    e.preventDefault();
    void act(async () => {
      const a = await get<{ sentence: string; rule: string; citation: string }>(
        `/fhir/AuditEvent/${encodeURIComponent(entry)}/$explain`,
      );
      setSaid(`${a.sentence} ${a.rule} (${a.citation})`);
      return "";
    });
  };
  return (
    <form class="inline" onSubmit={ask}>
      <div class="field grow">
        <label for="explain-entry">{t("in_entry")}</label>
        <input
          class="box"
          id="explain-entry"
          inputmode="numeric"
          pattern="[0-9]+"
          required
          value={entry}
          onInput={(e) => setEntry(e.currentTarget.value)}
        />
      </div>
      <button type="submit" class="btn" disabled={busy}>
        {t("in_why")}
      </button>
      <p dir="auto" role="status">
        {said}
      </p>
      <Wrong text={error} />
    </form>
  );
}

function Open() {
  const [error, busy, act] = useAct(KEY);
  const open = (e: SubmitEvent): void => {
    e.preventDefault();
    const form = e.currentTarget as HTMLFormElement;
    const of = new FormData(form);
    void act(async () => {
      await post("/incidents", { what: String(of.get("what")), user: String(of.get("user")) });
      form.reset();
      return t("in_opened");
    });
  };
  return (
    <form class="inline" onSubmit={open}>
      <div class="field grow">
        <label for="in-what">{t("in_what")}</label>
        <input class="box" id="in-what" name="what" required maxLength={2000} />
      </div>
      <div class="field">
        <label for="in-user">{t("in_user")}</label>
        <input class="box" id="in-user" name="user" required maxLength={64} />
      </div>
      <button type="submit" class="btn" disabled={busy}>
        {t("in_open")}
      </button>
      <Wrong text={error} />
    </form>
  );
}

export function Incidents() {
  const all = useLoad<{ incidents: Incident[] }>(KEY, () => get("/incidents"));
  return (
    <section class="card block" aria-labelledby="in-title">
      <h2 id="in-title">{t("in_title")}</h2>
      <Explain />
      <Open />
      {all.error && <Failed error={all.error} />}
      <ul class="plain">
        {all.data?.incidents.map((i) => (
          <One key={i.id} brief={i} />
        ))}
      </ul>
    </section>
  );
}
