/** A fault that the user can mend: its message names the thing, the value and what was expected, and needs no stack. */
export class UserFault extends Error {}
