/** Where the console is. This module lies as deep as the chunks of the package, so that the paths hold in both. */

/** In the package: the console as it is served. */
export const builtConsole = new URL('../console/', import.meta.url)
/** In a clone: the sources, which are bundled at the first visit. */
export const consoleSources = new URL('../../console/', import.meta.url)
