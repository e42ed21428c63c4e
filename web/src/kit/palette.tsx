// The command palette (Ctrl/⌘ K) and the help sheet (?): both list the commands of the screen, nothing
// else. The palette is a combobox with a list box; it can also find people (when given `find`).
import { signal } from "@preact/signals";
import { useEffect, useId, useState } from "preact/hooks";
import { t } from "../lib/i18n";
import { type Command, commands, keyCaps } from "../lib/keys";
import { setSingleKeys, singleKeys } from "../lib/prefs";
import { Dialog, Keys } from "./basics";
import { Icon } from "./icons";

export const paletteOpen = signal(false);
export const helpOpen = signal(false);

export interface Hit {
  id: string;
  label: string;
  hint: string;
  run: () => void;
}

function unique(all: Command[]): Command[] {
  const byId = new Map(all.map((c) => [c.id, c]));
  return [...byId.values()];
}

function hits(typed: string): Hit[] {
  const want = typed.toLowerCase().split(/\s+/).filter(Boolean);
  return unique(commands.value)
    .filter((c) => c.label && want.every((w) => c.label.toLowerCase().includes(w)))
    .map((c) => ({ id: c.id, label: c.label, hint: c.keys, run: c.run }));
}

export function Palette({ find }: { find?: (typed: string) => Promise<Hit[]> }) {
  const [typed, setTyped] = useState("");
  const [at, setAt] = useState(0);
  const [people, setPeople] = useState<Hit[]>([]);
  const id = useId();
  useEffect(() => {
    if (!find || typed.trim().length < 2) {
      setPeople([]);
      return;
    }
    let late = false;
    const timer = setTimeout(() => {
      find(typed.trim()).then(
        (h) => !late && setPeople(h),
        () => !late && setPeople([]),
      );
    }, 150);
    return () => {
      late = true;
      clearTimeout(timer);
    };
  }, [typed, find]);
  const list = [...people, ...hits(typed)];
  const close = (): void => {
    paletteOpen.value = false;
  };
  const choose = (h: Hit | undefined): void => {
    if (!h) return;
    close();
    queueMicrotask(h.run);
  };
  const onKeyDown = (e: KeyboardEvent): void => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[e.key];
    if (step && list.length) {
      e.preventDefault();
      setAt((at + step + list.length) % list.length);
    } else if (e.key === "Enter") {
      e.preventDefault();
      choose(list[at]);
    }
  };
  return (
    <Dialog title={t("palette")} onClose={close} plain>
      <div class="palette">
        <div class="palette-ask">
          <Icon name="search" />
          <input
            autofocus
            role="combobox"
            aria-expanded="true"
            aria-controls={`${id}-list`}
            aria-activedescendant={list[at] ? `${id}-${at}` : undefined}
            aria-label={t("palette")}
            placeholder={t("palette_hint")}
            value={typed}
            onInput={(e) => {
              setTyped(e.currentTarget.value);
              setAt(0);
            }}
            onKeyDown={onKeyDown}
          />
        </div>
        {list.length === 0 && <p class="muted palette-none">{t("palette_none")}</p>}
        <div role="listbox" id={`${id}-list`} aria-label={t("palette")}>
          {list.map((h, i) => (
            // biome-ignore lint/a11y/useKeyWithClickEvents: the combobox above owns the keyboard
            <div
              key={h.id}
              id={`${id}-${i}`}
              role="option"
              tabIndex={-1}
              aria-selected={i === at}
              onPointerMove={() => setAt(i)}
              onClick={() => choose(h)}
            >
              <bdi>{h.label}</bdi>
              {people.includes(h) ? (
                <span class="muted">{h.hint}</span>
              ) : (
                h.hint && <Keys keys={h.hint} />
              )}
            </div>
          ))}
        </div>
      </div>
    </Dialog>
  );
}

export function HelpSheet() {
  return (
    <Dialog
      title={t("help_title")}
      onClose={() => {
        helpOpen.value = false;
      }}
    >
      <table class="keys-table">
        <tbody>
          {unique(commands.value)
            .filter((c) => c.keys)
            .map((c) => (
              <tr key={c.id}>
                <td>{c.label}</td>
                <td class="num">
                  <Keys keys={c.keys} />
                  <span class="out-of-sight">
                    <kbd>{keyCaps(c.keys).join(" ")}</kbd>
                  </span>
                </td>
              </tr>
            ))}
        </tbody>
      </table>
      <label class="switch">
        <input
          type="checkbox"
          checked={singleKeys.value}
          onChange={(e) => setSingleKeys(e.currentTarget.checked)}
        />
        <span>{t("single_keys")}</span>
      </label>
    </Dialog>
  );
}
