// Measures the figures in docs/performance.md and prints medians and percentiles.
import { benchFleet } from './fleet.ts';
import { benchForwarding } from './forwarding.ts';
import { benchHeap } from './heap.ts';
import { benchKeepAlive } from './keepalive.ts';
import { benchKick } from './kick/bench.ts';
import { benchOperator } from './operator.ts';
import { benchPipes } from './pipes.ts';
import { benchTermination } from './termination.ts';

console.log('Memory');
await benchHeap();
console.log('\nTermination (about a minute)');
await benchTermination();
console.log('\nKick (half a minute)');
await benchKick();
console.log('\nFleet (about a minute)');
await benchFleet();
console.log('\nPipes between pods (half a minute)');
await benchPipes();
console.log('\nForwarding (about a minute)');
await benchForwarding();
console.log('\nKeep-alive (about a minute)');
await benchKeepAlive();
console.log('\nOperator, on a cluster (about five minutes)');
await benchOperator();
process.exit(0);
