import { Type } from 'typebox';
import { END_CAUSES } from '../../../crds/schema/end-causes.ts';
import { StreamObject } from '../../../crds/schema/stream.ts';
import { StreamFilter } from '../../../crds/schema/stream-filter.ts';

const Scope = Type.Enum(['fleet', 'pod'], {
  description: '`fleet` = all pods of the MediaServer (the default), `pod` = only the pod that gets the request',
});
export const TerminateQuery = Type.Object(
  {
    dryRun: Type.Optional(
      Type.Enum(['true', 'false'], { description: '`true` = report what would end, but end nothing' }),
    ),
    scope: Type.Optional(Scope),
    denyFor: Type.Optional(
      Type.String({ description: 'How long to refuse the same stream to the same client, such as `60s`; at most 24h' }),
    ),
  },
  { additionalProperties: false },
);
export type TerminateQuery = Type.Static<typeof TerminateQuery>;

const Display = Type.Array(Type.Enum(['metrics']), { maxItems: 1, description: '`["metrics"]` adds `metrics`' });
/** WCS clients send text. A terminate accepts JSON booleans only. */
const Published = Type.Union([Type.Boolean(), Type.Enum(['true', 'false'])], {
  description: '`true` = publications, `false` = playbacks; also as text',
});
export const FindBody = Type.Object(
  { ...StreamFilter.properties, published: Type.Optional(Published), display: Type.Optional(Display) },
  { additionalProperties: false, description: 'A filter; `{}` = all streams' },
);
export const FindAllBody = Type.Object({ display: Type.Optional(Display) }, { additionalProperties: false });
export const FindQuery = Type.Object({ scope: Type.Optional(Scope) }, { additionalProperties: false });
export type FindQuery = Type.Static<typeof FindQuery>;
export const FoundStream = Type.Object(
  { ...StreamObject.properties, metrics: Type.Optional(Type.Record(Type.String(), Type.Number())) },
  { additionalProperties: true },
);

export const Ended = Type.Object(
  {
    ...StreamObject.properties,
    cause: Type.Enum(Object.keys(END_CAUSES), { description: 'Why it ended; `info` is its text' }),
    endedAt: Type.Integer({ description: 'Unix time in milliseconds' }),
    held: Type.Boolean({ description: 'Whether it was captured and stays ended until somebody starts it again' }),
  },
  { additionalProperties: true },
);
