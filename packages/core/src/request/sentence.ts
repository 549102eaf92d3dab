/** The text with one full stop at its end, which others' texts may have already. */
export function sentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
