/** The HTTP status that each kind of refusal has (RFC 9725 §4.2, §4.4.2, §4.4.3). */
const STATUS = {
  offer_invalid: 400,
  offer_unsupported: 406,
  offer_unprocessable: 422,
  fragment_invalid: 400,
  layer_unknown: 400,
} as const;

type Code = keyof typeof STATUS;

/** An SDP offer or fragment that cannot be answered. The message names what is wrong and goes to the client. */
export class OfferError extends Error {
  readonly code: Code;

  constructor(code: Code, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'OfferError';
    this.code = code;
  }

  get status(): (typeof STATUS)[Code] {
    return STATUS[this.code];
  }
}

/** What the SDP syntax or the values in it get wrong. */
export function invalidOffer(fault: string): OfferError {
  return new OfferError('offer_invalid', `the SDP offer is not valid: ${fault}`);
}

/** What this server cannot do, or nobody can without it. */
export function unsupportedOffer(fault: string): OfferError {
  return new OfferError('offer_unsupported', `the SDP offer cannot be answered: ${fault}`);
}

/** An m-line that a publication would have to do without: it is taken whole or not at all (RFC 9725 §4.4.3). */
export function unprocessableOffer(fault: string): OfferError {
  return new OfferError('offer_unprocessable', `the SDP offer cannot be published: ${fault}`);
}
