import { publishThroughRelay, startTestMedia } from './media.ts';

/** DTLS-SRTP protection profiles (RFC 5764 §4.1.2, RFC 7714 §14.2). */
const SUITES: Readonly<Record<number, string>> = {
  1: 'AES_CM_128_HMAC_SHA1_80',
  2: 'AES_CM_128_HMAC_SHA1_32',
  7: 'AEAD_AES_128_GCM',
  8: 'AEAD_AES_256_GCM',
};
/** The extension use_srtp of a ServerHello: its type, its length, the length of its one profile. */
const USE_SRTP = Buffer.from([0x00, 0x0e, 0x00, 0x05, 0x00, 0x02]);
const HANDSHAKE = 22;
const SERVER_HELLO = 2;

/** The SRTP suite that a client of these tests and a worker agree on, as the DTLS handshake says in clear text. */
export async function negotiatedSuite(): Promise<string> {
  const { media } = await startTestMedia();
  let suite = 'unknown';
  const { peer, relay } = await publishThroughRelay(media, (datagram) => {
    if (datagram[0] === HANDSHAKE && datagram[13] === SERVER_HELLO) {
      const at = datagram.indexOf(USE_SRTP);
      if (at >= 0) suite = SUITES[datagram.readUInt16BE(at + USE_SRTP.length)] ?? suite;
    }
    return false;
  });
  peer.close();
  relay.close();
  await media.close();
  return suite;
}
