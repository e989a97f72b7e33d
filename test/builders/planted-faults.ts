/** A fault in the code of the fleet that its model must find. */
export type PlantedFault = {
  readonly name: string;
  readonly file: string;
  /** Occurs once in the file. */
  readonly from: string;
  readonly to: string;
};

const FLEET = 'media-server/fleet';

export const PLANTED_FAULTS: readonly PlantedFault[] = [
  {
    name: 'a pod takes streams before others know it',
    file: `${FLEET}/joining.ts`,
    from: 'if (!waited.every((member) => this.#mayPass(member, clock.monotonic()))) return;',
    to: '',
  },
  {
    name: 'a pod does not introduce itself again once it takes streams',
    file: `${FLEET}/joining.ts`,
    from: 'if (this.#isClosed || !membership.isMember) return;',
    to: 'if (this.#isClosed || !membership.isMember || this.#isAdmitted) return;',
  },
  {
    name: 'a member that does not answer is taken for gone',
    file: `${FLEET}/ask.ts`,
    from: 'return error !== null && (!membership.member(uid) || (isRefused && membership.isDown(uid)));',
    to: 'return error !== null;',
  },
  {
    name: 'a refused connection is believed although the container runs',
    file: `${FLEET}/ask.ts`,
    from: '(isRefused && membership.isDown(uid))',
    to: 'isRefused',
  },
  {
    name: 'the end of an earlier process is believed of the present one',
    file: `${FLEET}/membership.ts`,
    from: 'endedAt !== undefined && endedAt >= this.startedAt(uid)',
    to: 'endedAt !== undefined',
  },
  {
    name: 'an older roster replaces a newer one',
    file: `${FLEET}/membership.ts`,
    from: 'roster.revision <= this.#roster.revision',
    to: 'roster.revision === this.#roster.revision',
  },
  {
    name: 'a roster is acknowledged before it is kept',
    file: `${FLEET}/membership.ts`,
    from: 'this.#deps.save(roster);',
    to: '',
  },
  {
    name: 'the revision in replies is ignored',
    file: `${FLEET}/ask.ts`,
    from: 'if (reply.roster) membership.offer(reply.roster);',
    to: '',
  },
  {
    name: 'members that a reply has named are not asked',
    file: `${FLEET}/ask.ts`,
    from: "    for (const { pod, uid } of membership.others()) {\n      if (outcomes.has(uid)) continue;",
    to: "    for (const { pod, uid } of membership.others()) {\n      if (outcomes.size >= 0) break;",
  },
  {
    name: 'a member is joined without its roster being taken over',
    file: `${FLEET}/answers.ts`,
    from: 'deps.membership.offer(roster);',
    to: 'void roster;',
  },
  {
    name: 'bans are not copied',
    file: `${FLEET}/fleet.ts`,
    from: 'for (const denial of denials) deps.deny.add(denial);',
    to: 'void denials;',
  },
  {
    name: 'bans of a pod that introduces itself are not copied',
    file: `${FLEET}/joining.ts`,
    from: '    copy(uid, knowledge);\n',
    to: '    void copy;\n    void knowledge;\n',
  },
  {
    name: 'a pod does not pass on what it has copied',
    file: `${FLEET}/joining.ts`,
    from: 'if (denials.length + names.length === 0) return;',
    to: 'if (denials.length + names.length >= 0) return;',
  },
  {
    name: 'a ban holds only where the stream was',
    file: `${FLEET}/terminate.ts`,
    from: 'if (late.length === 0) return replies;',
    to: 'return replies;',
  },
  {
    name: 'a partial answer is 404',
    file: `${FLEET}/combine.ts`,
    from: '  if (replies.some(({ error }) => error !== null)) return 503;\n',
    to: '',
  },
  {
    name: 'claims are not ordered',
    file: `${FLEET}/names.ts`,
    from: '(mine.isLive || isEarlier(this.#ofThisPod(mine), claim))',
    to: 'mine.isLive',
  },
  {
    name: 'a publication does not ask for its name',
    file: `${FLEET}/names.ts`,
    from: 'if (membership.others().length === 0) return true;',
    to: 'return true;',
  },
  {
    name: 'a member that was cut off is not told again what is live',
    file: `${FLEET}/names.ts`,
    from: '      for (const each of changes.values()) this.#note(uid, each);\n',
    to: '',
  },
  {
    name: 'two publications of one name go on after a cut',
    file: `${FLEET}/names.ts`,
    from: 'if (mine === undefined) continue;',
    to: 'if (mine !== null) continue;',
  },
  {
    name: 'both of two publications of one name end after a cut',
    file: `${FLEET}/names.ts`,
    from: 'if (!isMine) this.#deps.lose(each.appKey, each.name);',
    to: 'if (!isMine || mine.isLive) this.#deps.lose(each.appKey, each.name);',
  },
  {
    name: 'the operator drops a member whose container is down',
    file: 'operator/pods/roster.ts',
    from: '(pod.isRunning || known.has(pod.uid))',
    to: 'pod.isRunning',
  },
];
