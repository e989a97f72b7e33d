#!/usr/bin/env node
import { runProgram } from '../../process/command-line.ts';
import { createLogger } from '../../process/logger.ts';
import { readCaptureOptions, USAGE } from './options.ts';
import { runCaptures } from './program.ts';

runProgram(async () => {
  const options = readCaptureOptions(process.argv.slice(2), process.env);
  await runCaptures(options, createLogger(options.logLevel));
  return 0;
}, USAGE);
