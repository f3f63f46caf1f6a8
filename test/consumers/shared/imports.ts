/** Has the declarations of the package checked without skipLibCheck, where a client's own libraries need it. */

export type * as Gateway from 'sipis-gateway'
export type * as Codegen from 'sipis-gateway/codegen'
