/** Has the declarations of the package checked by clients that import none of them. */

export type * as Gateway from 'sipis-gateway'
export type * as Codegen from 'sipis-gateway/codegen'
