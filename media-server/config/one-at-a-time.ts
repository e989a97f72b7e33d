/** Returns a function that runs `task`. A call during a run starts one more run afterwards. `task` must not reject. */
export function oneAtATime(task: () => Promise<void>): () => void {
  let isRunning = false;
  let again = false;
  const run = async (): Promise<void> => {
    isRunning = true;
    do {
      again = false;
      await task();
    } while (again);
    isRunning = false;
  };
  return () => {
    again = true;
    if (!isRunning) void run();
  };
}
