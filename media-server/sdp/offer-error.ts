/** An SDP offer or fragment that cannot be answered. The message names what is wrong and goes to the client. */
export class OfferError extends Error {
  readonly code: 'offer_invalid' | 'offer_unsupported' | 'fragment_invalid' | 'layer_unknown';

  constructor(code: OfferError['code'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'OfferError';
    this.code = code;
  }
}
