// A sample backend. It allows every stream, prints each call, and answers 403 for denied streams.
//
//   node examples/backend/backend.ts [port [address]]          (default 8088 on 127.0.0.1)
//   curl -d '{"name":"stream1","published":false}' http://127.0.0.1:8088/control/deny
//   curl -d '{}' http://127.0.0.1:8088/control/allow
import { createServer, type IncomingMessage } from 'node:http';

type Fields = Readonly<Record<string, unknown>>;

/** A stream is denied if all fields of one of these rules match it. */
const denied: Fields[] = [];

const server = createServer(async (request, response) => {
  const method = (request.url ?? '').split('?')[0]?.split('/').at(-1) ?? '';
  const body = await readJson(request);
  if (request.method !== 'POST' || body === null) {
    response.writeHead(400).end();
    return;
  }
  if (request.url?.startsWith('/control/')) {
    control(method, body);
    response.writeHead(204).end();
    return;
  }
  const status = method === 'StreamKeepAliveEvent' && isDenied(body) ? 403 : 200;
  console.log(`${method} ${body['mediaType'] ?? ''} ${body['name'] ?? ''} ${body['status'] ?? ''} -> ${status}`);
  response.writeHead(status).end();
});

function control(command: string, body: Fields): void {
  if (command === 'deny') denied.push(body);
  if (command === 'allow') denied.length = 0;
}

function isDenied(stream: Fields): boolean {
  return denied.some((rule) => Object.entries(rule).every(([field, value]) => stream[field] === value));
}

async function readJson(request: IncomingMessage): Promise<Fields | null> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  try {
    const value: unknown = JSON.parse(Buffer.concat(chunks).toString('utf8'));
    return typeof value === 'object' && value !== null ? { ...value } : null;
  } catch {
    return null;
  }
}

const [port = '8088', address = '127.0.0.1'] = process.argv.slice(2);
const host = address.includes(':') ? `[${address}]` : address;
server.listen(Number(port), address, () => console.log(`the backend listens on http://${host}:${port}/MyAPI`));
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(0));
