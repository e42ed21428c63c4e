// Small parts: dialog, choice, tabs, states, key caps. Native elements first; only tabs carry roles of
// their own, with the keyboard table of the ARIA Authoring Practices.
import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef, useState } from "preact/hooks";
import type { ApiError } from "../lib/api";
import { lang, t } from "../lib/i18n";
import { keyCaps } from "../lib/keys";
import { Icon, type IconName } from "./icons";

export function Keys({ keys }: { keys: string }) {
  return (
    <span class="kbd" aria-hidden="true">
      {keyCaps(keys).map((k, i) => (
        <kbd key={i}>{k}</kbd>
      ))}
    </span>
  );
}

interface DialogProps {
  title: string;
  onClose: () => void;
  children: ComponentChildren;
  plain?: boolean;
}
/** A modal <dialog>. Escape and a click beside it close; focus goes back to where it came from. */
export function Dialog({ title, onClose, children, plain }: DialogProps) {
  const ref = useRef<HTMLDialogElement>(null);
  const id = useId();
  const close = useRef(onClose);
  close.current = onClose;
  useEffect(() => {
    const d = ref.current;
    const from = document.activeElement as HTMLElement | null;
    d?.showModal?.();
    return () => {
      d?.close?.();
      if (from?.isConnected) from.focus();
    };
  }, []);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Escape is the keyboard's way, handled by <dialog>
    <dialog
      ref={ref}
      aria-labelledby={id}
      onCancel={(e) => {
        e.preventDefault();
        close.current();
      }}
      onClick={(e) => {
        if (e.target === ref.current) close.current();
      }}
    >
      <div class={plain ? "dialog-plain" : "dialog-in"}>
        <header class={plain ? "out-of-sight" : ""}>
          <h2 id={id}>{title}</h2>
          {!plain && (
            <button type="button" class="btn quiet small" onClick={onClose}>
              <Icon name="close" />
              <span class="out-of-sight">{t("close")}</span>
            </button>
          )}
        </header>
        {children}
      </div>
    </dialog>
  );
}

/** The head of a table: a column each. */
export function Heads({ of }: { of: string[] }) {
  return (
    <thead>
      <tr>
        {of.map((h, i) => (
          <th key={i} scope="col">
            {h}
          </th>
        ))}
      </tr>
    </thead>
  );
}

interface ChoiceProps<T extends string> {
  legend: string;
  value: T;
  options: { value: T; label: string; lang?: string }[];
  onChange: (v: T) => void;
}
export function Choice<T extends string>({ legend, value, options, onChange }: ChoiceProps<T>) {
  const name = useId();
  return (
    <fieldset class="choice">
      <legend class="out-of-sight">{legend}</legend>
      {options.map((o) => (
        <label key={o.value} lang={o.lang}>
          <input
            type="radio"
            name={name}
            value={o.value}
            checked={o.value === value}
            onChange={() => onChange(o.value)}
          />
          <span>{o.label}</span>
        </label>
      ))}
    </fieldset>
  );
}

interface TabsProps<T extends string> {
  label: string;
  value: T;
  tabs: { value: T; label: string }[];
  onChange: (v: T) => void;
  children: ComponentChildren;
}
export function Tabs<T extends string>({ label, value, tabs, onChange, children }: TabsProps<T>) {
  const id = useId();
  const bar = useRef<HTMLDivElement>(null);
  const move = (e: KeyboardEvent): void => {
    const rtl = document.documentElement.dir === "rtl" ? -1 : 1;
    const at = tabs.findIndex((x) => x.value === value);
    const step = { ArrowRight: rtl, ArrowLeft: -rtl }[e.key];
    let to = step ? (at + step + tabs.length) % tabs.length : -1;
    if (e.key === "Home") to = 0;
    if (e.key === "End") to = tabs.length - 1;
    if (to < 0) return;
    e.preventDefault();
    onChange(tabs[to]!.value);
    (bar.current?.children[to] as HTMLElement | undefined)?.focus();
  };
  return (
    <>
      <div class="tabs" role="tablist" aria-label={label} ref={bar} onKeyDown={move}>
        {tabs.map((x) => (
          <button
            key={x.value}
            type="button"
            role="tab"
            id={`${id}-${x.value}`}
            aria-selected={x.value === value}
            aria-controls={`${id}-panel`}
            tabIndex={x.value === value ? 0 : -1}
            onClick={() => onChange(x.value)}
          >
            {x.label}
          </button>
        ))}
      </div>
      <div role="tabpanel" id={`${id}-panel`} aria-labelledby={`${id}-${value}`}>
        {children}
      </div>
    </>
  );
}

export function Empty({
  icon,
  title,
  children,
}: {
  icon: IconName;
  title: string;
  children?: ComponentChildren;
}) {
  return (
    <div class="state">
      <span class="art">
        <Icon name={icon} />
      </span>
      <h2>{title}</h2>
      {children}
    </div>
  );
}

const SLOW_MS = 1000;
/** Nothing for 150 ms (by style sheet), bars to one second, then a sentence. */
/** For <details>: open where there is something in it; after that as whoever uses it leaves it. */
export function useOpen(has: boolean): { open: boolean; onToggle: (e: Event) => void } {
  const [open, setOpen] = useState(has);
  useEffect(() => {
    if (has) setOpen(true);
  }, [has]);
  return { open, onToggle: (e) => setOpen((e.target as HTMLDetailsElement).open) };
}

export function Skeleton({ lines = 4 }: { lines?: number }) {
  const [slow, setSlow] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setSlow(true), SLOW_MS);
    return () => clearTimeout(timer);
  }, []);
  return (
    <div class="skeleton" aria-busy="true">
      {Array.from({ length: lines }, (_, i) => (
        <i key={i} />
      ))}
      <p class="muted" role="status">
        {slow ? t("loading") : ""}
      </p>
    </div>
  );
}

/** What the server says is in the reader's words. */
const understood = (e: ApiError): boolean => e.issues.length > 0 && e.language === lang.value;

export function errorText(e: ApiError): string {
  if (e.status === 0) return t("error_offline");
  if (e.status === 404) return t("error_missing");
  if (understood(e)) return e.message;
  if (e.status === 403) return t("error_forbidden");
  return t(e.status >= 400 && e.status < 500 ? "error_refused" : "error_server");
}

export function Failed({ error, retry }: { error: ApiError; retry?: () => void }) {
  return (
    <div class="note bad" role="alert">
      <Icon name="warn" />
      <div>
        <p dir="auto">{errorText(error)}</p>
        {error.issues.length > 0 && error.status !== 404 && !understood(error) && (
          <p class="muted" lang={error.language} dir="auto">
            {error.message}
          </p>
        )}
        {error.requestId && (
          <p>
            {t("error_reference")} <code>{error.requestId}</code>
          </p>
        )}
        {retry && (
          <button type="button" class="btn small" onClick={retry}>
            {t("retry")}
          </button>
        )}
      </div>
    </div>
  );
}

/** A button that opens a panel below it; closes on Escape, on a click elsewhere and on focus leaving. */
export function Menu({
  label,
  children,
}: {
  label: ComponentChildren;
  children: ComponentChildren;
}) {
  const ref = useRef<HTMLDetailsElement>(null);
  useEffect(() => {
    const shut = (e: Event): void => {
      const d = ref.current;
      if (!d?.open) return;
      if (e instanceof KeyboardEvent) {
        if (e.key !== "Escape") return;
        e.stopPropagation();
        d.open = false;
        d.querySelector("summary")?.focus();
      } else if (!d.contains(e.target as Node)) d.open = false;
    };
    document.addEventListener("pointerdown", shut);
    document.addEventListener("keydown", shut, true);
    return () => {
      document.removeEventListener("pointerdown", shut);
      document.removeEventListener("keydown", shut, true);
    };
  }, []);
  return (
    <details class="menu" ref={ref}>
      <summary class="btn quiet">{label}</summary>
      <div class="panel">{children}</div>
    </details>
  );
}
