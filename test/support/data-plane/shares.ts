// How far a share may be from its probability by chance.

/**
 * Seven standard deviations of the share of `count` independent draws, in percent: less than once in 10^9, also of a small share.
 * Of 0 % and of 100 %, what sums are rounded by.
 * @param percentage its probability
 */
export function toleranceOf(percentage: number, count: number): number {
  return 7 * Math.sqrt((percentage * (100 - percentage)) / count) + 1e-6;
}
