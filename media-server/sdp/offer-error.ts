/** The HTTP status of each kind of refusal (RFC 9725 §4.2, §4.4.2, §4.4.3). */
const STATUS = {
  offer_invalid: 400,
  offer_unsupported: 406,
  offer_unprocessable: 422,
  fragment_invalid: 400,
  layer_unknown: 400,
} as const;

type Code = keyof typeof STATUS;

/** An SDP offer or fragment that cannot be answered. The message names the fault and is sent to the client. */
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

/** A fault in the SDP syntax or its values. */
export function invalidOffer(fault: string): OfferError {
  return new OfferError('offer_invalid', `the SDP offer is not valid: ${fault}`);
}

/** A feature that this server does not support, or a required one that is missing. */
export function unsupportedOffer(fault: string): OfferError {
  return new OfferError('offer_unsupported', `the SDP offer cannot be answered: ${fault}`);
}

/** An m-line that cannot be published. A publication is accepted as a whole or not at all (RFC 9725 §4.4.3). */
export function unprocessableOffer(fault: string): OfferError {
  return new OfferError('offer_unprocessable', `the SDP offer cannot be published: ${fault}`);
}
