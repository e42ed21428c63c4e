// A range input that walks the points of a drawing; what it stands on is said, so nobody needs to point.
export function Walk(p: {
  class: string;
  label: string;
  said: string;
  n: number;
  at: number;
  onAt: (at: number) => void;
  onFocus?: () => void;
  onBlur?: () => void;
}) {
  return (
    <input
      class={p.class}
      dir="ltr"
      type="range"
      min={0}
      max={p.n - 1}
      step={1}
      value={p.at}
      aria-label={p.label}
      aria-valuetext={p.said}
      onInput={(e) => p.onAt(Number(e.currentTarget.value))}
      onFocus={p.onFocus}
      onBlur={p.onBlur}
    />
  );
}
