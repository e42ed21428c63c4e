// What a device is asked to do: asked for, approved by a second person, on its way, done. Who may take which step is the
// server's to say.
import { useAct, Wrong } from "../kit/act";
import { Field, textOf } from "../kit/field";
import { post } from "../lib/api";
import { dayTime, t, wordOf } from "../lib/i18n";

export interface Command {
  id: string;
  device: string;
  kind: string;
  state: string;
  by: string;
  asked: string;
  until: string;
  approver?: string;
  reason?: string;
  args?: { times?: string[]; version?: string };
  may: string[];
  name?: string;
  serial?: string;
}
export interface Kind {
  kind: string;
  args: string;
  two: boolean;
  releases?: { id: string; version: string }[];
}

const OPEN = ["waiting", "queued", "sent", "held", "accepted"];

/** Who asked, until when, what came of it, and the steps that may be taken. */
function One({ of, again }: { of: Command; again: string[] }) {
  const [error, busy, act] = useAct(...again);
  const step = (name: string): void =>
    void act(async () => {
      await post(`/fleet/commands/${of.id}/${name}`, {});
      return t("fl_c_stepped", { kind: wordOf("fl_k_", of.kind), step: wordOf("fl_cd_", name) });
    });
  return (
    <li>
      <strong>{wordOf("fl_k_", of.kind)}</strong> · {wordOf("fl_cs_", of.state)}
      {of.serial && (
        <>
          {" · "}
          <bdi>{of.serial}</bdi>
        </>
      )}
      {of.args?.times && (
        <>
          {" · "}
          <bdi>{of.args.times.join(" ")}</bdi>
        </>
      )}
      {of.args?.version && (
        <>
          {" · "}
          <bdi>{of.args.version}</bdi>
        </>
      )}{" "}
      <span class="muted">
        {t("fl_c_by", { who: of.by, when: dayTime(of.asked) })}{" "}
        {OPEN.includes(of.state) && t("fl_c_until", { when: dayTime(of.until) })}{" "}
        {of.approver && t("fl_c_second", { who: of.approver })}
      </span>
      {of.reason && (
        <p class="muted" dir="auto">
          {wordOf("fl_cr_", of.reason)}
        </p>
      )}
      {of.may.length > 0 && (
        <div class="fl-steps">
          {of.may.map((m) => (
            <button key={m} type="button" class="btn" disabled={busy} onClick={() => step(m)}>
              {wordOf("fl_c_", m)} <span class="out-of-sight">{wordOf("fl_k_", of.kind)}</span>
            </button>
          ))}
        </div>
      )}
      <Wrong text={error} />
    </li>
  );
}

function Ask({ of, device, again }: { of: Kind; device: string; again: string[] }) {
  const [error, busy, act] = useAct(...again);
  const ask = (e: SubmitEvent): void => {
    e.preventDefault();
    const form = e.currentTarget as HTMLFormElement;
    const data = new FormData(form);
    const times = textOf(data, "times");
    void act(async () => {
      await post(`/fleet/${device}/command`, {
        kind: of.kind,
        ...(of.args === "times" && { times: times.split(/[\s,،]+/) }),
        ...(of.args === "firmware" && { release: data.get("release") }),
      });
      form.reset();
      return t("fl_c_asked", { kind: wordOf("fl_k_", of.kind) });
    });
  };
  return (
    <form
      class={of.args ? "fl-form" : "fl-bare"}
      onSubmit={ask}
      aria-label={wordOf("fl_k_", of.kind)}
    >
      {of.args === "times" && (
        <Field
          id={`fl-${device}-${of.kind}`}
          name="times"
          label={t("fl_c_times")}
          required
          dir="ltr"
        />
      )}
      {of.releases && (
        <div class="field">
          <label for={`fl-${device}-${of.kind}`}>{t("fl_fw_version")}</label>
          <select class="box" id={`fl-${device}-${of.kind}`} name="release">
            {of.releases.map((r) => (
              <option key={r.id} value={r.id}>
                {r.version}
              </option>
            ))}
          </select>
        </div>
      )}
      {of.two && <p class="muted">{t("fl_c_two")}</p>}
      <Wrong text={error} />
      <button type="submit" class="btn" disabled={busy}>
        {wordOf("fl_k_", of.kind)}
      </button>
    </form>
  );
}

export function Commands(props: { of: Command[]; kinds: Kind[]; device: string; again: string[] }) {
  const { of, kinds, device, again } = props;
  if (of.length + kinds.length === 0) return null;
  return (
    <section>
      <h3>{t("fl_commands")}</h3>
      <ol class="plain fl-list">
        {of.map((c) => (
          <One key={c.id} of={c} again={again} />
        ))}
      </ol>
      <div class="fl-steps">
        {kinds
          .filter((k) => !k.args)
          .map((k) => (
            <Ask key={k.kind} of={k} device={device} again={again} />
          ))}
      </div>
      <div class="fl-forms">
        {kinds
          .filter((k) => k.args)
          .map((k) => (
            <Ask key={k.kind} of={k} device={device} again={again} />
          ))}
      </div>
    </section>
  );
}

export function Waiting({ of, again }: { of: Command[]; again: string[] }) {
  if (of.length === 0) return null;
  return (
    <section aria-labelledby="fl-waiting" class="card block">
      <h2 id="fl-waiting">{t("fl_waiting")}</h2>
      <ul class="plain">
        {of.map((c) => (
          <One key={c.id} of={c} again={[...again, `Device|*|fleet-${c.device}`]} />
        ))}
      </ul>
    </section>
  );
}
