// The administrator's accounts: who may come in, in which role, until when, and how each is opened. What one
// administrator makes (an account, another role, a new password) another one vets; nobody decides about
// their own account.

import { useState } from "preact/hooks";
import { useAct, Wrong } from "../kit/act";
import { Choice, Empty, Failed, Skeleton } from "../kit/basics";
import { Field as Box, textOf } from "../kit/field";
import { get, post } from "../lib/api";
import { fullDate, type Key, number, t, wordOf } from "../lib/i18n";
import { useLoad } from "../lib/load";
import { session } from "../lib/session";

interface Row {
  user: string;
  name: string;
  role: string;
  reference: string;
  state: "open" | "pending" | "disabled" | "ended";
  until?: string;
  by: string;
  password: boolean;
  totp: boolean;
  passkeys: number;
  /** Until when the training holds; "missing"; absent: the role asks for none. */
  trained?: string;
}
type Which = "staff" | "others" | "all";

const KEY = "Accounts|*|all";
const SHOWN = 50;
export const STAFF = ["nurse", "agent", "outreach", "privacy", "admin"];
const ROLES = [...STAFF, "patient", "helper"];

export const mayAccounts = (role: string | undefined): boolean => role === "admin";
export const roleWord = (role: string): string => wordOf("ac_r_", role);

function Field(p: {
  id: string;
  name: string;
  word: Key;
  type?: "date" | "password";
  value?: string;
  must?: boolean;
}) {
  return (
    <Box
      id={p.id}
      label={t(p.word)}
      name={p.name}
      type={p.type}
      defaultValue={p.value ?? ""}
      autocomplete={p.type === "password" ? "new-password" : "off"}
      minLength={p.type === "password" ? 12 : undefined}
      required={p.must}
      dir={p.name === "name" ? "auto" : "ltr"}
    />
  );
}

function RoleField({ id, value }: { id: string; value: string }) {
  return (
    <div class="field">
      <label for={id}>{t("ac_role")}</label>
      <select class="box" id={id} name="role">
        {ROLES.map((r) => (
          <option key={r} value={r} selected={r === value}>
            {roleWord(r)}
          </option>
        ))}
      </select>
    </div>
  );
}

const endOf = (day: string): string => (day ? `${day}T23:59:59Z` : "");

function Make() {
  const [error, busy, act] = useAct(KEY);
  const make = (e: SubmitEvent): void => {
    e.preventDefault();
    const form = e.currentTarget as HTMLFormElement;
    const data = new FormData(form);
    void act(async () => {
      await post("/auth/accounts", {
        user: textOf(data, "user"),
        name: textOf(data, "name"),
        role: textOf(data, "role"),
        reference: textOf(data, "reference"),
        patient: textOf(data, "patient"),
        until: endOf(textOf(data, "until")),
        password: String(data.get("password")),
      });
      form.reset();
      return t("ac_made");
    });
  };
  return (
    <details class="card block">
      <summary>{t("ac_new")}</summary>
      <form onSubmit={make} aria-label={t("ac_new")}>
        <p class="muted">{t("ac_new_lead")}</p>
        <Field id="ac-user" name="user" word="ac_user" must />
        <Field id="ac-name" name="name" word="ac_name" must />
        <RoleField id="ac-role" value="nurse" />
        <Field id="ac-reference" name="reference" word="ac_reference" />
        <Field id="ac-patient" name="patient" word="ac_patient" />
        <Field id="ac-until" name="until" word="ac_until" type="date" />
        <Field id="ac-password" name="password" word="ac_password" type="password" must />
        <Wrong text={error} />
        <button type="submit" class="btn primary" disabled={busy}>
          {t("ac_make")}
        </button>
      </form>
    </details>
  );
}

function Ways({ a }: { a: Row }) {
  const ways = [
    ...(a.passkeys ? [t("ac_passkeys", { n: number(a.passkeys) })] : []),
    ...(a.password ? [t("ac_by_password")] : []),
    ...(a.totp ? [t("ac_totp")] : []),
  ];
  return (
    <p class="muted">
      {ways.length ? ways.join(" · ") : t("ac_no_way")}
      {a.trained &&
        ` · ${a.trained === "missing" ? t("ac_untrained") : t("ac_trained", { day: fullDate(a.trained) })}`}
      {a.until && ` · ${t("ac_ends", { day: fullDate(a.until) })}`}
      {a.by && (
        <>
          {" · "}
          {t("ac_by")} <bdi>{a.by}</bdi>
        </>
      )}
    </p>
  );
}

function Change({ a, set }: { a: Row; set: (state: string, more?: object) => void }) {
  const id = `ac-${a.user}`;
  const change = (e: SubmitEvent): void => {
    e.preventDefault();
    const data = new FormData(e.currentTarget as HTMLFormElement);
    set("changed", {
      name: textOf(data, "name"),
      role: textOf(data, "role"),
      reference: textOf(data, "reference"),
      until: endOf(textOf(data, "until")),
    });
  };
  const reset = (e: SubmitEvent): void => {
    e.preventDefault();
    const form = e.currentTarget as HTMLFormElement;
    set("reset", { password: String(new FormData(form).get("password")) });
    form.reset();
  };
  return (
    <details>
      <summary>{t("ac_change")}</summary>
      <form onSubmit={change} aria-label={`${t("ac_change")} \u2068${a.user}\u2069`}>
        <Field id={`${id}-name`} name="name" word="ac_name" value={a.name} />
        <RoleField id={`${id}-role`} value={a.role} />
        <Field id={`${id}-ref`} name="reference" word="ac_reference" value={a.reference} />
        <Field
          id={`${id}-until`}
          name="until"
          word="ac_until"
          type="date"
          value={a.until?.slice(0, 10)}
        />
        <button type="submit" class="btn">
          {t("ac_save")}
        </button>
      </form>
      <form onSubmit={reset} aria-label={`${t("ac_reset")} \u2068${a.user}\u2069`}>
        <p class="muted">{t("ac_reset_lead")}</p>
        <Field id={`${id}-new`} name="password" word="ac_password" type="password" must />
        <button type="submit" class="btn">
          {t("ac_reset")}
        </button>
      </form>
    </details>
  );
}

function Card({ a }: { a: Row }) {
  const [error, busy, act] = useAct(KEY);
  const me = session.value!.user;
  const set = (state: string, more: object = {}): void =>
    void act(async () => {
      await post("/auth/accounts/state", { user: a.user, state, ...more });
      return t("ac_saved");
    });
  const acts: [Key, string][] = [];
  if (a.state === "pending" && a.by !== me) acts.push(["ac_vet", "vetted"]);
  acts.push(a.state === "disabled" ? ["ac_enable", "enabled"] : ["ac_disable", "disabled"]);
  if (a.state === "open") acts.push(["ac_sign_out", "signed-out"]);
  return (
    <li class="card block">
      <h3>
        <bdi>{a.name || a.user}</bdi>
      </h3>
      <p>
        <strong>{t(`ac_s_${a.state}`)}</strong> · {roleWord(a.role)} · <bdi>{a.user}</bdi>
        {a.state === "pending" && a.by === me && ` · ${t("ac_second")}`}
      </p>
      <Ways a={a} />
      <Wrong text={error} />
      {a.user === me ? (
        <p class="muted">{t("ac_own")}</p>
      ) : (
        <>
          <div class="acts">
            {acts.map(([word, state]) => (
              <button
                key={word}
                type="button"
                class={state === "vetted" ? "btn primary" : "btn"}
                disabled={busy}
                onClick={() => set(state)}
              >
                {t(word)}
              </button>
            ))}
          </div>
          <Change a={a} set={set} />
        </>
      )}
    </li>
  );
}

const RANK = { pending: 0, open: 1, ended: 2, disabled: 3 };

export function AccountsPage() {
  const [typed, setTyped] = useState("");
  const [which, setWhich] = useState<Which>("staff");
  const all = useLoad<{ accounts: Row[] }>(KEY, () => get<{ accounts: Row[] }>("/auth/accounts"));
  const words = typed.trim().toLowerCase();
  const list = (all.data?.accounts ?? [])
    .filter((a) => which === "all" || STAFF.includes(a.role) === (which === "staff"))
    .filter((a) => `${a.user} ${a.name}`.toLowerCase().includes(words))
    .sort((a, b) => RANK[a.state] - RANK[b.state] || a.user.localeCompare(b.user));
  return (
    <div class="page narrow">
      <header class="page-head">
        <h1>{t("ac_title")}</h1>
        {all.data && <p class="muted">{t("ac_count", { n: number(list.length) })}</p>}
      </header>
      <Make />
      <div class="field">
        <label for="ac-find">{t("ac_find")}</label>
        <input
          class="box"
          id="ac-find"
          type="search"
          autocomplete="off"
          dir="auto"
          value={typed}
          onInput={(e) => setTyped(e.currentTarget.value)}
        />
      </div>
      <Choice<Which>
        legend={t("ac_which")}
        value={which}
        options={[
          { value: "staff", label: t("ac_staff") },
          { value: "others", label: t("ac_others") },
          { value: "all", label: t("ac_all") },
        ]}
        onChange={setWhich}
      />
      {all.error && <Failed error={all.error} />}
      {!all.data && !all.error && <Skeleton lines={5} />}
      {all.data && list.length === 0 && <Empty icon="people" title={t("ac_none")} />}
      <ul class="plain">
        {list.slice(0, SHOWN).map((a) => (
          <Card key={a.user} a={a} />
        ))}
      </ul>
      {list.length > SHOWN && (
        <p class="muted">{t("ac_more", { n: number(list.length - SHOWN) })}</p>
      )}
    </div>
  );
}
