import type { PeerAnswers } from './ask.ts';
import type { Membership } from './membership.ts';
import { checkMessage, PEER_OPS, PeerCall, type PeerOp, type PeerReply, type Question } from './messages.ts';

export type AnswerDeps = {
  readonly membership: Membership;
  readonly answers: PeerAnswers;
  /** When this process started, Unix milliseconds. */
  readonly startedAt: number;
};

/** Answers a call of another pod. Throws if the call is not valid. */
export async function answerPeer(deps: AnswerDeps, op: PeerOp, body: unknown): Promise<PeerReply> {
  const { answers, membership, startedAt } = deps;
  const call = checkMessage(PeerCall, body, 'body');
  const question = checkMessage(PEER_OPS[op].question, call.question, 'body.question');
  membership.heard(call.from, call.startedAt);
  const ask = answers[op] as (question: Question<PeerOp>, from: string) => unknown;
  const answer = await ask(question, call.from);
  // Read after the work: a roster that arrived meanwhile goes along.
  const { revision, roster } = membership;
  return { startedAt, revision, answer, ...(roster && revision > call.revision ? { roster } : {}) };
}
