// Measures what the docs promise, each against its limit in the same run. Prints medians and percentiles.
import { benchKeepAlive } from './keepalive.ts';
import { benchTermination } from './termination.ts';

console.log('Termination (about a minute)');
await benchTermination();
console.log('\nKeep-alive (about a minute)');
await benchKeepAlive();
