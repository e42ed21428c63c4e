// Who: an audience put together from chips, counted as it is; who is left out and why, as counts and as lists of
// people with a sentence each. Whatever the screen shows, the server decided that it may be told.
import { useEffect, useState } from "preact/hooks";
import { useAct, Wrong } from "../kit/act";
import { errorText, Failed, Heads, Skeleton, useOpen } from "../kit/basics";
import { Field } from "../kit/field";
import { type ApiError, call, get, post } from "../lib/api";
import { lang, languageName, list, number, t, wordOf } from "../lib/i18n";
import { again, useLoad } from "../lib/load";
import { href } from "../lib/router";

interface Chip {
  code: string;
  label: string;
  citation: string;
  done: boolean;
  veiled: boolean;
  values?: { code: string; label: string }[];
}
interface Chips {
  chips: Chip[];
  left: Record<string, string>;
  /** Types that a search of their own may ask for. */
  searches: string[];
}
interface Part {
  chip?: string;
  search?: string;
  value?: string;
  not?: boolean;
}
export interface Audience {
  id?: string;
  name?: string;
  purpose: string;
  lately: number;
  holdOut: number;
  path?: string;
  groups: Part[][];
}
interface Count {
  matched: number;
  reached: number;
  left: Record<string, number>;
  veiled: boolean;
  few: boolean;
  helped: number;
  languages: Record<string, number>;
}
interface Person {
  id?: string;
  name?: string;
  row: number;
  sentence?: string;
}
interface Share {
  code: string;
  matched: number;
  reached: number;
}
type Equity = Record<"language" | "age" | "area", Share[]>;

const EMPTY: Audience = { purpose: "care", lately: 7, holdOut: 10, groups: [] };
/** W6: who should have the flu vaccine and has not had it. */
const FLU: Part[][] = [
  [{ chip: "age-65" }, { chip: "chronic-lung" }, { chip: "chronic-heart" }],
  [{ chip: "flu-vaccine", not: true }],
];
const SETTLE_MS = 250;
const LISTS = "Group|*|audiences";

function useCount(a: Audience): [Count | undefined, string, boolean] {
  const [count, setCount] = useState<Count>();
  const [error, setError] = useState("");
  const [busy, setBusy] = useState(true);
  const text = JSON.stringify(a);
  useEffect(() => {
    let live = true;
    setBusy(true);
    const timer = setTimeout(async () => {
      try {
        const c = await post<Count>("/audience-count", JSON.parse(text));
        if (live) setCount(c);
        if (live) setError("");
      } catch (e) {
        if (live) setCount(undefined);
        if (live) setError(errorText(e as ApiError));
      }
      if (live) setBusy(false);
    }, SETTLE_MS);
    return () => {
      live = false;
      clearTimeout(timer);
    };
  }, [text]);
  return [count, error, busy];
}

function Adder({ chips, label, add }: { chips: Chip[]; label: string; add: (p: Part) => void }) {
  const [code, setCode] = useState("");
  const chip = chips.find((c) => c.code === code);
  return (
    <div class="au-add">
      <select
        class="box"
        aria-label={label}
        value={code}
        onChange={(e) => {
          const c = chips.find((x) => x.code === e.currentTarget.value);
          setCode(c?.values ? c.code : "");
          if (c && !c.values) add({ chip: c.code });
          if (c && !c.values) e.currentTarget.value = "";
        }}
      >
        <option value="">{label}</option>
        {chips.map((c) => (
          <option key={c.code} value={c.code}>
            {c.label}
          </option>
        ))}
      </select>
      {chip?.values && (
        <select
          class="box"
          aria-label={chip.label}
          value=""
          onChange={(e) => {
            add({ chip: chip.code, value: e.currentTarget.value });
            setCode("");
          }}
        >
          <option value="">{t("au_which")}</option>
          {chip.values.map((v) => (
            <option key={v.code} value={v.code}>
              {v.label}
            </option>
          ))}
        </select>
      )}
    </div>
  );
}

function labelOf(chips: Chip[], p: Part): string {
  const chip = chips.find((c) => c.code === p.chip);
  if (!chip) return p.search ?? p.chip ?? "";
  const value = chip.values?.find((v) => v.code === p.value)?.label ?? p.value;
  return value ? `${chip.label}: ${value}` : chip.label;
}

interface GroupProps {
  chips: Chip[];
  parts: Part[];
  change: (parts: Part[]) => void;
}
function Group({ chips, parts, change }: GroupProps) {
  const turn = (i: number): void =>
    change(parts.map((p, k) => (k === i ? { ...p, not: !p.not } : p)));
  return (
    <fieldset class="card block au-group">
      <legend>{t("au_any")}</legend>
      <ul class="au-chips">
        {parts.map((p, i) => {
          const label = labelOf(chips, p);
          const cited = chips.find((c) => c.code === p.chip)?.citation;
          return (
            <li key={JSON.stringify(p)} class={p.not ? "au-chip not" : "au-chip"}>
              <button
                type="button"
                class="btn quiet small"
                aria-pressed={!!p.not}
                onClick={() => turn(i)}
              >
                {t("au_not")}
              </button>
              <span dir="auto" title={cited}>
                {label}
              </span>
              <button
                type="button"
                class="btn quiet small"
                aria-label={t("au_remove", { what: label })}
                onClick={() => change(parts.filter((_, k) => k !== i))}
              >
                ×
              </button>
            </li>
          );
        })}
      </ul>
      <Adder chips={chips} label={t("au_or")} add={(p) => change([...parts, p])} />
    </fieldset>
  );
}

function People({ a, reason }: { a: Audience; reason: string }) {
  const [people, setPeople] = useState<Person[]>();
  const [next, setNext] = useState<number>();
  const [error, setError] = useState<ApiError>();
  const more = async (after: number): Promise<void> => {
    try {
      const page = await post<{ people: Person[]; next?: number }>("/audience-people", {
        audience: a,
        reason,
        after,
        language: lang.value,
      });
      setError(undefined);
      setPeople((before) => (after ? [...(before ?? []), ...page.people] : page.people));
      setNext(page.next);
    } catch (e) {
      setError(e as ApiError);
    }
  };
  useEffect(() => void more(0), [JSON.stringify(a), reason]);
  if (error) return <Failed error={error} />;
  if (!people) return <Skeleton lines={2} />;
  return (
    <>
      <ul class="plain au-people">
        {people.map((p) => (
          <li key={p.row} dir="auto">
            {p.id ? <a href={href(`/patient/${p.id}`)}>{p.name || p.id}</a> : null}
            {p.id ? " · " : ""}
            {p.sentence}
          </li>
        ))}
      </ul>
      {next !== undefined && (
        <button type="button" class="btn small" onClick={() => void more(next)}>
          {t("au_more")}
        </button>
      )}
      {people.length === 0 && <p class="muted">{t("au_nobody_told")}</p>}
    </>
  );
}

/** Is a chip chosen whose people are not shown here? */
const isVeiled = (a: Audience, chips: Chip[]): boolean =>
  a.groups.flat().some((p) => chips.find((c) => c.code === p.chip)?.veiled);
/** The type of a search that whoever types may not ask for; empty while none is named, or they may. */
export function refusedType(search: string, may: string[]): string {
  const [type = "", rest] = search.trim().split("?");
  return rest !== undefined && !may.includes(type) ? type : "";
}
/** With the search that was typed. */
const withSearch = (a: Audience, search: string): Audience =>
  search.trim() ? { ...a, groups: [...a.groups, [{ search: search.trim() }]] } : a;

/** What no chip says: a search as the interface takes it, and a FHIRPath that every patient has to meet. What
 * a role may search is told to each: none may search all (spec/rules/access.csv). */
export function Expert({
  a,
  may,
  veiled,
  search,
  onSearch,
  add,
  set,
}: {
  a: Audience;
  may: string[];
  veiled: boolean;
  search: string;
  onSearch: (search: string) => void;
  add: () => void;
  set: (a: Audience) => void;
}) {
  const refused = refusedType(search, may);
  const mayAdd = !veiled && search.trim() !== "" && !refused;
  return (
    <details class="card block" {...useOpen(!!a.path)}>
      <summary>{t("au_expert")}</summary>
      <div class="au-stack">
        <p class="muted">{t("au_expert_hint")}</p>
        <p class="muted">{t("au_search_types", { types: list(may) })}</p>
        {veiled && <p class="note">{t("au_expert_veiled")}</p>}
        <div class="row-line">
          <Field
            id="au-search"
            label={t("au_search")}
            dir="ltr"
            maxLength={1000}
            disabled={veiled && !search}
            value={search}
            onValue={onSearch}
            onEnter={() => mayAdd && add()}
          />
          <button type="button" class="btn" disabled={!mayAdd} onClick={add}>
            {t("au_search_add")}
          </button>
        </div>
        <div role="status">
          {refused && <p class="note">{t("au_search_not", { type: refused })}</p>}
        </div>
        <Field
          id="au-path"
          label={t("au_path")}
          dir="ltr"
          maxLength={1000}
          disabled={veiled && !a.path}
          value={a.path ?? ""}
          onValue={(path) => set({ ...a, path: path || undefined })}
        />
      </div>
    </details>
  );
}

function LeftOut({ a, count, words }: { a: Audience; count: Count; words: Chips["left"] }) {
  const [open, setOpen] = useState("");
  const reasons = Object.keys(words).filter((r) => (count.left[r] ?? 0) > 0);
  return (
    <section class="card block" aria-labelledby="au-left">
      <h2 id="au-left">{t("au_left")}</h2>
      {reasons.length === 0 && (
        <p class="muted">{t(count.veiled ? "au_nobody_told" : "au_left_none")}</p>
      )}
      <ul class="plain">
        {reasons.map((r) => (
          <li key={r}>
            <button
              type="button"
              class="btn quiet au-reason"
              aria-expanded={open === r}
              onClick={() => setOpen(open === r ? "" : r)}
            >
              <span>{words[r]}</span>
              <span class="tabular">{number(count.left[r]!)}</span>
            </button>
            {open === r && <People a={a} reason={r} />}
          </li>
        ))}
      </ul>
    </section>
  );
}

/** A language by its name; what there is no word for stays as it came. */
function groupWord(by: keyof Equity, code: string): string {
  const word = wordOf("au_g_", code);
  return by === "language" && word === code ? languageName(code) : word;
}

function Fair({ a }: { a: Audience }) {
  const [fair, setFair] = useState<Equity>();
  const [error, busy, act] = useAct();
  useEffect(() => setFair(undefined), [JSON.stringify(a)]);
  const look = (): void =>
    void act(async () => {
      setFair(await post<Equity>("/audience-equity", a));
      return "";
    });
  return (
    <section class="card block" aria-labelledby="au-fair">
      <h2 id="au-fair">{t("au_fair")}</h2>
      <p class="muted">{t("au_fair_hint")}</p>
      <Wrong text={error} />
      {!fair && (
        <button type="button" class="btn" disabled={busy} onClick={look}>
          {t("au_fair_show")}
        </button>
      )}
      {fair && !fair.language.length && !fair.age.length && !fair.area.length && (
        <p>{t("au_fair_few")}</p>
      )}
      {fair &&
        (["language", "age", "area"] as const).map((by) => (
          <table key={by} hidden={!fair[by].length}>
            <caption class="out-of-sight">{t(`au_by_${by}`)}</caption>
            <Heads of={[t(`au_by_${by}`), t("au_matched"), t("au_reached")]} />
            <tbody>
              {fair[by].map((s) => (
                <tr key={s.code}>
                  <th scope="row" dir="auto">
                    {groupWord(by, s.code)}
                  </th>
                  <td class="tabular">{number(s.matched)}</td>
                  <td class="tabular">
                    {number(s.reached)} (
                    {number(s.matched ? Math.round((100 * s.reached) / s.matched) : 0)} %)
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        ))}
    </section>
  );
}

function Figures({ count, error, busy }: { count?: Count; error: string; busy: boolean }) {
  return (
    <section class="card block au-count" aria-labelledby="au-count" aria-busy={busy}>
      <h2 id="au-count">{t("au_count")}</h2>
      <Wrong text={error} />
      {!count && !error && <Skeleton lines={2} />}
      {count && (
        <div role="status">
          <p>
            <strong class="tabular au-big">
              {count.few ? t("au_few") : number(count.matched)}
            </strong>{" "}
            {t("au_match")}
          </p>
          <p>
            <strong class="tabular">{number(count.reached)}</strong> {t("au_reach")}
          </p>
          {count.helped > 0 && <p>{t("au_helped", { n: number(count.helped) })}</p>}
          {count.veiled && <p class="note">{t("au_veiled")}</p>}
        </div>
      )}
    </section>
  );
}

function Saved({ open }: { open: (a: Audience) => void }) {
  const saved = useLoad<{ audiences: Audience[] }>(LISTS, () => get("/audiences"));
  if (!saved.data?.audiences.length) return null;
  return (
    <div class="field">
      <label for="au-open">{t("au_open")}</label>
      <select
        class="box"
        id="au-open"
        value=""
        onChange={(e) => {
          const found = saved.data!.audiences.find((a) => a.id === e.currentTarget.value);
          if (found) open(found);
        }}
      >
        <option value="">{t("au_which")}</option>
        {saved.data.audiences.map((a) => (
          <option key={a.id} value={a.id}>
            {a.name}
          </option>
        ))}
      </select>
    </div>
  );
}

export function AudiencesPage() {
  const chips = useLoad<Chips>(`Group|*|chips-${lang.value}`, () =>
    get(`/audience-chips?language=${lang.value}`),
  );
  const [a, setA] = useState<Audience>(EMPTY);
  const [count, wrong, counting] = useCount({ ...a, id: undefined, name: undefined });
  const [search, setSearch] = useState("");
  const [error, busy, act] = useAct(LISTS);
  /** In place of what stands there, also of a search half typed. */
  const begin = (other: Audience): void => {
    setA(other);
    setSearch("");
  };
  const groups = (g: Part[][]): void => setA({ ...a, groups: g.filter((x) => x.length) });
  const save = (e: SubmitEvent): void => {
    e.preventDefault();
    const whole = withSearch(a, search);
    begin(whole);
    void act(async () => {
      const made = await call<Audience>(
        a.id ? "PUT" : "POST",
        a.id ? `/audiences/${a.id}` : "/audiences",
        { ...whole, id: undefined },
      );
      setA({ ...EMPTY, ...made });
      again(LISTS);
      return t("au_saved");
    });
  };
  if (chips.error) return <Failed error={chips.error} />;
  if (!chips.data) return <Skeleton lines={6} />;
  return (
    <div class="page">
      <header class="page-head">
        <h1>{t("au_title")}</h1>
        <p class="muted">{t("au_lead")}</p>
      </header>
      <div class="au-two">
        <form class="au-stack" onSubmit={save}>
          <div class="acts">
            <button type="button" class="btn" onClick={() => begin({ ...EMPTY, groups: FLU })}>
              {t("au_flu")}
            </button>
            <button type="button" class="btn quiet" onClick={() => begin(EMPTY)}>
              {t("au_clear")}
            </button>
          </div>
          <Saved open={(found) => begin({ ...EMPTY, ...found })} />
          {a.groups.map((parts, i) => (
            <div key={`${i}-${a.groups.length}`}>
              {i > 0 && <p class="au-and">{t("au_and")}</p>}
              <Group
                chips={chips.data!.chips}
                parts={parts}
                change={(p) => groups(a.groups.map((g, k) => (k === i ? p : g)))}
              />
            </div>
          ))}
          <Adder
            chips={chips.data.chips}
            label={t(a.groups.length ? "au_add_and" : "au_add")}
            add={(p) => groups([...a.groups, [p]])}
          />
          <Expert
            a={a}
            may={chips.data.searches}
            veiled={isVeiled(a, chips.data.chips)}
            search={search}
            onSearch={setSearch}
            add={() => begin(withSearch(a, search))}
            set={setA}
          />
          <div class="au-row">
            <div class="field">
              <label for="au-purpose">{t("au_purpose")}</label>
              <select
                class="box"
                id="au-purpose"
                value={a.purpose}
                onChange={(e) => setA({ ...a, purpose: e.currentTarget.value })}
              >
                <option value="care">{t("au_p_care")}</option>
                <option value="appointment">{t("au_p_appointment")}</option>
                <option value="marketing">{t("au_p_marketing")}</option>
              </select>
            </div>
            <div class="field">
              <label for="au-lately">{t("au_lately")}</label>
              <input
                class="box"
                id="au-lately"
                type="number"
                min={0}
                max={7}
                value={a.lately}
                onInput={(e) => setA({ ...a, lately: Number(e.currentTarget.value) })}
              />
            </div>
            <div class="field">
              <label for="au-hold">{t("au_hold")}</label>
              <input
                class="box"
                id="au-hold"
                type="number"
                min={0}
                max={50}
                value={a.holdOut}
                onInput={(e) => setA({ ...a, holdOut: Number(e.currentTarget.value) })}
              />
            </div>
          </div>
          <div class="field">
            <label for="au-name">{t("au_name")}</label>
            <input
              class="box"
              id="au-name"
              required
              maxLength={200}
              value={a.name ?? ""}
              onInput={(e) => setA({ ...a, name: e.currentTarget.value })}
            />
          </div>
          <Wrong text={error} />
          <button
            type="submit"
            class="btn primary"
            disabled={busy || !!refusedType(search, chips.data.searches)}
          >
            {t("au_save")}
          </button>
        </form>
        <div class="au-stack">
          <Figures count={count} error={wrong} busy={counting} />
          {count && <LeftOut a={a} count={count} words={chips.data.left} />}
          <Fair a={a} />
        </div>
      </div>
    </div>
  );
}
