/** An error that the user can fix. The message names the field, the value and what is expected; no stack is shown. */
export class UserFault extends Error {}
