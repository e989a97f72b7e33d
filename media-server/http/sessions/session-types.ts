/** Media types of WHIP and WHEP: RFC 9725 §4.2, RFC 8840 §9. */
export const SDP_TYPE = 'application/sdp';
export const TRICKLE_TYPE = 'application/trickle-ice-sdpfrag';
