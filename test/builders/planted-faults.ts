/** A fault in the code of the fleet that its model must find. */
export type PlantedFault = {
  readonly name: string;
  readonly file: string;
  /** What is replaced, and by what; each occurs once in the file. */
  readonly edits: readonly (readonly [from: string, to: string])[];
};

const FLEET = 'media-server/fleet';

export const PLANTED_FAULTS: readonly PlantedFault[] = [
  {
    name: 'a pod takes streams before others know it',
    file: `${FLEET}/joining.ts`,
    edits: [['if (!waited.every((member) => this.#mayPass(member, clock.monotonic()))) return;', '']],
  },
  {
    name: 'a pod does not introduce itself again once it takes streams',
    file: `${FLEET}/joining.ts`,
    edits: [
      [
        'if (this.#isClosed || !membership.isMember) return;',
        'if (this.#isClosed || !membership.isMember || this.#isAdmitted) return;',
      ],
    ],
  },
  {
    name: 'a member that does not answer is taken for gone',
    file: `${FLEET}/ask.ts`,
    edits: [
      [
        'return error !== null && (!membership.member(uid) || (isRefused && membership.isDown(uid)));',
        'return error !== null;',
      ],
    ],
  },
  {
    name: 'a refused connection is believed although the container runs',
    file: `${FLEET}/ask.ts`,
    edits: [['(isRefused && membership.isDown(uid))', 'isRefused']],
  },
  {
    name: 'the end of an earlier process is believed of the present one',
    file: `${FLEET}/membership.ts`,
    edits: [['endedAt !== undefined && endedAt >= this.startedAt(uid)', 'endedAt !== undefined']],
  },
  {
    name: 'an older roster replaces a newer one',
    file: `${FLEET}/membership.ts`,
    edits: [['roster.revision <= this.#roster.revision', 'roster.revision === this.#roster.revision']],
  },
  {
    name: 'a roster is acknowledged before it is kept',
    file: `${FLEET}/membership.ts`,
    edits: [['this.#deps.save(roster);', '']],
  },
  {
    name: 'the revision in replies is ignored',
    file: `${FLEET}/ask.ts`,
    edits: [['if (reply.roster) membership.offer(reply.roster);', '']],
  },
  {
    name: 'members that a reply has named are not asked',
    file: `${FLEET}/ask.ts`,
    edits: [
      ['const MOST_ROUNDS = 3;', 'const MOST_ROUNDS = 1;'],
      ['outcomes.set(uid, { pod, uid, answer: null, error, ...ANSWERED });', 'void [pod, error];'],
    ],
  },
  {
    name: 'a member is joined without its roster being taken over',
    file: `${FLEET}/answers.ts`,
    edits: [['deps.membership.offer(roster);', 'void roster;']],
  },
  {
    name: 'bans are not copied',
    file: `${FLEET}/fleet.ts`,
    edits: [['for (const denial of denials) deps.deny.add(denial);', 'void denials;']],
  },
  {
    name: 'bans of a pod that introduces itself are not copied',
    file: `${FLEET}/joining.ts`,
    edits: [['    copy(uid, knowledge);\n', '    void copy;\n    void knowledge;\n']],
  },
  {
    name: 'a pod does not pass on what it has copied',
    file: `${FLEET}/joining.ts`,
    edits: [['if (denials.length + names.length === 0) return;', 'if (denials.length + names.length >= 0) return;']],
  },
  {
    name: 'a ban holds only where the stream was',
    file: `${FLEET}/terminate.ts`,
    edits: [['if (late.length === 0) return replies;', 'return replies;']],
  },
  {
    name: 'a partial answer is 404',
    file: `${FLEET}/combine.ts`,
    edits: [['  if (replies.some(({ error }) => error !== null)) return 503;\n', '']],
  },
  {
    name: 'an id that a page has chosen is taken for unique',
    file: `${FLEET}/terminate.ts`,
    edits: [['ids?.every(isServerMade) ? ids : null', 'ids']],
  },
  {
    name: 'an id that a page has chosen is not asked for',
    file: `${FLEET}/stream-ids.ts`,
    edits: [['if (membership.others().length === 0) return false;', 'return false;']],
  },
  {
    name: 'claims are not ordered',
    file: `${FLEET}/names.ts`,
    edits: [['(mine.isLive || comesFirst(this.#ofThisPod(mine), claim))', 'mine.isLive']],
  },
  {
    name: 'a pod holds its own claims against others',
    file: `${FLEET}/names.ts`,
    edits: [['if (claim.holder === membership.uid) return { isTaken: false, remembered: [] };', '']],
  },
  {
    name: 'a publication does not ask for its name',
    file: `${FLEET}/names.ts`,
    edits: [['if (membership.others().length === 0) return true;', 'return true;']],
  },
  {
    name: 'a member that was cut off is not told again what is live',
    file: `${FLEET}/names.ts`,
    edits: [['      for (const each of changes.values()) this.#note(uid, each);\n', '']],
  },
  {
    name: 'two publications of one name go on after a cut',
    file: `${FLEET}/names.ts`,
    edits: [['if (own === undefined) return null;', 'if (own !== null) return null;']],
  },
  {
    name: 'both of two publications of one name end after a cut',
    file: `${FLEET}/names.ts`,
    edits: [
      [
        'if (!comesFirst(mine, theirs)) this.#deps.lose(theirs.appKey, theirs.name);',
        'this.#deps.lose(theirs.appKey, theirs.name);',
      ],
    ],
  },
  {
    name: 'a pod does not wait for the playbacks on other pods to end',
    file: `${FLEET}/outgoing-pipes.ts`,
    edits: [['if (!(await told.promise)) silent.push(pod);', '']],
  },
  {
    name: 'a pod that does not confirm the end of its playbacks is taken for one that did',
    file: `${FLEET}/outgoing-pipes.ts`,
    edits: [['told.resolve(false), CONFIRM_MS)', 'told.resolve(true), CONFIRM_MS)']],
  },
  {
    name: 'playbacks outlive the pipe that brought their publication',
    file: `${FLEET}/incoming-pipe.ts`,
    edits: [['await terminator.endPlaybacks(this, orderedAt)', 'await Promise.resolve()']],
  },
  {
    name: 'playbacks end with their publication before the order that ends both',
    file: `${FLEET}/incoming-pipe.ts`,
    edits: [['if (order !== null) await orders.wait(order, ORDER_MS);', '']],
  },
  {
    name: 'a silent pipe is kept',
    file: `${FLEET}/conversation.ts`,
    edits: [
      [
        "this.#clock.setTimeout(() => this.#end('it is silent'), SILENCE_MS)",
        'this.#clock.setTimeout(() => undefined, 0)',
      ],
    ],
  },
  {
    name: 'a pipe without playbacks stays open',
    file: `${FLEET}/incoming-pipe.ts`,
    edits: [['if (now - seen.playedAt >= IDLE_MS) conversation.close();', '']],
  },
];
