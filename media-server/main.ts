#!/usr/bin/env node
import { runProgram } from '../process/command-line.ts';
import { createLogger } from '../process/logger.ts';
import { readEnv, USAGE } from './env.ts';
import { run } from './lifecycle.ts';

runProgram(async () => {
  const env = readEnv(process.argv.slice(2), process.env);
  await run(env, createLogger(env.logLevel));
  return 0;
}, USAGE);
