/** A ratio such as 0.42, with a third digit where there is little to see; a dash for none. */
export function formatRatio(ratio: number): string {
  if (!Number.isFinite(ratio)) return '–'
  return ratio < 0.1 ? ratio.toFixed(3) : ratio.toFixed(2)
}

/** A whole number, with thousands apart; a dash for none. */
export function formatCount(count = Number.NaN): string {
  return Number.isFinite(count) ? Math.round(count).toLocaleString('en') : '–'
}

/** Milliseconds with one digit behind the point below 100; a dash for none. */
export function formatMilliseconds(milliseconds: number): string {
  if (!Number.isFinite(milliseconds)) return '–'
  if (milliseconds < 1) return milliseconds.toFixed(2)
  return milliseconds < 100 ? milliseconds.toFixed(1) : formatCount(milliseconds)
}

/** Bytes as mebibytes. */
export function formatMebibytes(bytes: number): string {
  return `${Math.round(bytes / 2 ** 20)} MiB`
}

/** A share as a percentage. */
export function formatShare(share: number): string {
  const percent = share * 100
  return `${percent < 10 ? percent.toFixed(1) : Math.round(percent)} %`
}
