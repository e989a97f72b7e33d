import { expect, it } from 'vitest';
import { readWorkerError } from './worker-error.ts';

it.each([
  ['webrtc::GoogCcNetworkController::OnRemoteBitrateReport', 'bandwidth'],
  ['RTC::BWE::DelayBasedBwe::Update', 'bandwidth'],
  ['RTC::DtlsTransport::ProcessDtlsData', 'dtls'],
  ['RTC::ICE::StunPacket::Parse', 'ice'],
  ['RTC::RTCP::FeedbackPsRemb::Parse', 'rtcp'],
  ['RTC::RTP::Packet::SetExtensionLength', 'rtp'],
  ['RTC::SCTP::Association::ReceiveSctpData', 'sctp'],
  ['RTC::SrtpSession::EncryptRtp', 'srtp'],
  ['RTC::WebRtcTransport::OnDtlsTransportConnected', 'transport'],
  ['RTC::Producer::HandleNotification', 'transport'],
  ['RTC::UdpSocket::UserOnUdpDatagramReceived', 'worker'],
  ['RTC::WebRtcServer::WebRtcServer', 'worker'],
  ['PortManager::Bind', 'worker'],
  ['TcpServerHandle::OnUvConnection', 'worker'],
  ['Worker::HandleRequest', 'worker'],
])('%s belongs to the part %s', (origin, part) => {
  expect(readWorkerError(`[pid:7] ${origin}() | some text (with "(") 42`)).toEqual({ pid: 7, origin, part });
});

it.each(['worker process died unexpectedly [pid:7, code:null, signal:SIGKILL]', '[pid:x] a::b()', '', '[pid:7] text'])(
  'is not an error from inside a worker: %j',
  (text) => {
    expect(readWorkerError(text)).toBeNull();
  },
);
