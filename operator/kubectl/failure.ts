/** What the user cannot have, and why. The message is a sentence; no stack is shown. */
export class Failure extends Error {}
