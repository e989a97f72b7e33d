import { UserFault } from '../../../process/user-fault.ts';
import type { SessionList } from './options.ts';

/** How much of an entry an error shows, in characters. */
const SHOWN = 200;

/** Returns the ids in the JSON of a list of sessions. Throws `UserFault` if a session has no id. */
export function sessionIdsOf(list: unknown, { ids, where }: Omit<SessionList, 'call'>): string[] {
  const [name = '', ...parents] = ids.toReversed();
  const sessions = parents.reduceRight(
    (found, field) => found.flatMap((each) => entriesOf(fieldOf(each, field))),
    entriesOf(list),
  );
  return sessions
    .filter((session) => where === null || String(fieldOf(session, where.field)) === where.text)
    .flatMap((session) => {
      const found = fieldOf(session, name);
      if (entriesOf(found).every(isId) && found !== undefined && found !== null) return entriesOf(found).map(String);
      const entry = JSON.stringify(session).slice(0, SHOWN);
      throw new UserFault(`--ids ${ids.join('.')}: an entry of the list has no "${name}": ${entry}`);
    });
}

const isId = (value: unknown): boolean => typeof value === 'string' || typeof value === 'number';

function entriesOf(value: unknown): unknown[] {
  if (Array.isArray(value)) return value;
  return value === undefined || value === null ? [] : [value];
}

function fieldOf(value: unknown, field: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[field] : undefined;
}
