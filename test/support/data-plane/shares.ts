// How far a share may be from its probability by chance.

/**
 * So many standard deviations of the share of `count` independent draws, in percent: seven come by chance once in twenty thousand million, five once in
 * half a million. Of 0 % and of 100 %, what sums are rounded by.
 * @param percentage its probability
 */
export function toleranceOf(percentage: number, count: number, deviations = 7): number {
  return deviations * Math.sqrt((percentage * (100 - percentage)) / count) + 1e-6;
}
