import type { TestProject } from 'vitest/node';
import { Kube } from '../harness/kube.ts';
import { openTarget, type Target } from './target.ts';

declare module 'vitest' {
  interface ProvidedContext {
    target: Omit<Target, 'release'>;
  }
}

/** Starts the cluster, loads the image and installs the chart, once for all tests. Takes down what it has started. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const { release, ...target } = await openTarget((text) => console.log(`cluster: ${text}`));
  try {
    await new Kube({ ...target, release }).install();
  } catch (error) {
    await release();
    throw error;
  }
  project.provide('target', target);
  return release;
}
