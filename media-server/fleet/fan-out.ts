/** The answer of one member of the fleet to a terminate. */
export type MemberAnswer = {
  readonly pod: string;
  /** Ids of the streams that matched. */
  readonly matchedIds: readonly string[];
  readonly terminated: number;
  readonly denied: number;
  /** Why the member could not be asked, or what it could not do. */
  readonly error?: string;
};

/** One pod of the fleet, this one or another. */
export type Member<Q> = { readonly pod: string; ask(question: Q): Promise<MemberAnswer> };

export type FleetAnswer = {
  readonly status: 200 | 404 | 503;
  readonly matched: number;
  readonly terminated: number;
  readonly denied: number;
  readonly pods: readonly { pod: string; matched: number; terminated: number; error?: string }[];
};

/**
 * Asks every member in parallel and combines the answers: 200 if all answered and something matched, or if every
 * given id was found; 404 if all answered and nothing matched; else 503.
 */
export async function askFleet<Q>(
  members: readonly Member<Q>[],
  question: Q,
  ids: readonly string[] | null,
): Promise<FleetAnswer> {
  const answers = await Promise.all(members.map((member) => askMember(member, question)));
  const found = new Set(answers.flatMap(({ matchedIds }) => matchedIds));
  const sum = (read: (answer: MemberAnswer) => number): number =>
    answers.reduce((total, answer) => total + read(answer), 0);
  return {
    status: statusOf(answers, found, ids),
    matched: sum(({ matchedIds }) => matchedIds.length),
    terminated: sum(({ terminated }) => terminated),
    denied: sum(({ denied }) => denied),
    pods: answers.map(({ error, matchedIds, pod, terminated }) => ({
      pod,
      matched: matchedIds.length,
      terminated,
      ...(error === undefined ? {} : { error }),
    })),
  };
}

async function askMember<Q>(member: Member<Q>, question: Q): Promise<MemberAnswer> {
  try {
    return await member.ask(question);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { pod: member.pod, matchedIds: [], terminated: 0, denied: 0, error: reason };
  }
}

function statusOf(
  answers: readonly MemberAnswer[],
  found: ReadonlySet<string>,
  ids: readonly string[] | null,
): FleetAnswer['status'] {
  if (ids && ids.length > 0 && ids.every((id) => found.has(id))) return 200;
  if (answers.some(({ error }) => error !== undefined)) return 503;
  return found.size > 0 ? 200 : 404;
}
