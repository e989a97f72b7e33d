import { UserFault } from '../../../process/user-fault.ts';
import type { SessionList } from './options.ts';

/** Returns the ids in the JSON of a list of sessions. Throws `UserFault` if a session has no id. */
export function sessionIdsOf(list: unknown, { ids, where }: Omit<SessionList, 'call'>): string[] {
  const sessions = ids
    .slice(0, -1)
    .reduce((found, field) => found.flatMap((each) => entriesOf(fieldOf(each, field))), entriesOf(list));
  const name = ids.at(-1) ?? '';
  return sessions
    .filter((session) => where === null || String(fieldOf(session, where.field)) === where.text)
    .map((session) => {
      const id = fieldOf(session, name);
      if (typeof id === 'string' || typeof id === 'number') return String(id);
      throw new UserFault(`--ids ${ids.join('.')}: an entry of the list has no "${name}": ${JSON.stringify(session)}`);
    });
}

function entriesOf(value: unknown): unknown[] {
  if (Array.isArray(value)) return value;
  return value === undefined || value === null ? [] : [value];
}

function fieldOf(value: unknown, field: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[field] : undefined;
}
