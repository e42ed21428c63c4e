// What the pages about devices share: a row that unfolds, a file that is brought.
import { useState } from "preact/hooks";
import { useAct, Wrong } from "../kit/act";
import { type Key, t } from "../lib/i18n";

/** A row of a list; what is below it is made when it is opened. */
export function Unfold(props: {
  head: preact.ComponentChildren;
  tag: preact.ComponentChildren;
  children: () => preact.ComponentChildren;
}) {
  const [open, setOpen] = useState(false);
  return (
    <li>
      <details onToggle={(e) => setOpen(e.currentTarget.open)}>
        <summary>
          <span class="fl-line">
            <span>{props.head}</span>
            {props.tag}
          </span>
        </summary>
        {open && props.children()}
      </details>
    </li>
  );
}

export function FileField({ id, label, accept }: { id: string; label: string; accept?: string }) {
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <input id={id} class="box" type="file" name="file" accept={accept} required />
    </div>
  );
}

/** A form with a file of JSON, sent as it is; empty again when it was taken. */
export function BringJson(props: {
  id: string;
  label: Key;
  reads: string; // key of what is read again
  send: (body: unknown, data: FormData) => Promise<unknown>;
  children?: preact.ComponentChildren;
}) {
  const [error, busy, act] = useAct(props.reads);
  const [n, setN] = useState(0);
  const bring = (e: SubmitEvent): void => {
    e.preventDefault();
    const data = new FormData(e.currentTarget as HTMLFormElement);
    void act(async () => {
      await props.send(JSON.parse(await (data.get("file") as File).text()), data);
      setN(n + 1);
      return t("fl_wk_taken");
    });
  };
  return (
    <form key={n} class="fl-form" onSubmit={bring} aria-label={t(props.label)}>
      {props.children}
      <FileField id={props.id} label={t(props.label)} accept=".json,application/json" />
      <Wrong text={error} />
      <button type="submit" class="btn" disabled={busy}>
        {t("fl_wk_take")}
      </button>
    </form>
  );
}
