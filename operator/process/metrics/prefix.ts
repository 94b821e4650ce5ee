/** Of the names of all metrics of our own. */
export const prefix = 'meshwright_';
