// Choices that several screens offer: how far back, drawn or in rows, light or dark.
import { t } from "../lib/i18n";
import { setTheme, type Theme, theme } from "../lib/prefs";
import { Choice } from "./basics";

export type Days = "7" | "30" | "90";
export type Look = "chart" | "table";
interface Of<T> {
  value: T;
  onChange: (v: T) => void;
}

export function DaysChoice({ value, onChange }: Of<Days>) {
  return (
    <Choice<Days>
      legend={t("period")}
      value={value}
      options={[
        { value: "7", label: t("days_7") },
        { value: "30", label: t("days_30") },
        { value: "90", label: t("days_90") },
      ]}
      onChange={onChange}
    />
  );
}

export function LookChoice({ legend, value, onChange }: Of<Look> & { legend: string }) {
  return (
    <Choice<Look>
      legend={legend}
      value={value}
      options={[
        { value: "chart", label: t("show_chart") },
        { value: "table", label: t("show_table") },
      ]}
      onChange={onChange}
    />
  );
}

export function ThemeChoice() {
  return (
    <div class="field">
      <span class="label">{t("theme")}</span>
      <Choice<Theme>
        legend={t("theme")}
        value={theme.value}
        options={[
          { value: "auto", label: t("theme_auto") },
          { value: "light", label: t("theme_light") },
          { value: "dark", label: t("theme_dark") },
        ]}
        onChange={setTheme}
      />
    </div>
  );
}
