// The field of every form: its name, and below it a box to type in, of one line or of several.
interface Own {
  id: string;
  label: string;
  /** With it the form keeps what is typed; without it the box does, under its name. */
  onValue?: (value: string) => void;
  value?: string;
  defaultValue?: string;
  name?: string;
  lang?: string;
  required?: boolean;
  disabled?: boolean;
  minLength?: number;
  maxLength?: number;
  dir?: "auto" | "ltr" | "rtl";
  autofocus?: boolean;
}
/** What was typed in a field that keeps it under its name. */
export const textOf = (data: FormData, name: string): string => String(data.get(name) ?? "").trim();

interface Line extends Own {
  type?: "date" | "email" | "number" | "password" | "tel" | "text" | "time";
  min?: number | string;
  max?: number | string;
  autocomplete?: string;
  autocapitalize?: "none";
  spellcheck?: boolean;
  /** Enter does this, and does not send the form. */
  onEnter?: () => void;
}

export function Field({ id, label, onValue, onEnter, type, ...rest }: Line) {
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <input
        class="box"
        id={id}
        type={(type ?? "text") as "text"}
        {...rest}
        onInput={onValue && ((e) => onValue(e.currentTarget.value))}
        onKeyDown={
          onEnter &&
          ((e) => {
            if (e.key !== "Enter" || e.isComposing) return;
            e.preventDefault();
            onEnter();
          })
        }
      />
    </div>
  );
}

export function Area({ id, label, onValue, ...rest }: Own & { rows?: number }) {
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <textarea
        class="box"
        id={id}
        {...rest}
        onInput={onValue && ((e) => onValue(e.currentTarget.value))}
      />
    </div>
  );
}
