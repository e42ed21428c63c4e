// Flesch-Kincaid grade of English text: the floor that patient-facing words must not exceed. The
// server has its own for messages; this one only gates the catalogues in the tests.
function syllables(word: string): number {
  const w = word.toLowerCase().replace(/[^a-z]/g, "");
  if (w.length <= 3) return w ? 1 : 0;
  const groups = w
    .replace(/(?:[^laeiouy]es|[^laeiouytd]ed|[^laeiouy]e)$/, "")
    .match(/[aeiouy]{1,2}/g);
  return groups?.length ?? 1;
}

export function grade(text: string): number {
  const sentences = Math.max(1, text.split(/[.!?:](?:\s|$)/).filter((s) => s.trim()).length);
  const list = text.split(/\s+/).filter((w) => /[a-z]/i.test(w));
  if (list.length === 0) return 0;
  const beats = list.reduce((sum, w) => sum + syllables(w), 0);
  return 0.39 * (list.length / sentences) + 11.8 * (beats / list.length) - 15.59;
}
