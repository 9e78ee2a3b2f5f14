/** One benchmark command: its resources, and its exit code. */
export type Command = (resources: AsyncDisposableStack) => Promise<number>;

/** Wrong arguments: the usage goes with the message. */
export class UsageError extends Error {}

/**
 * Runs a command and disposes of its resources however it ends: SIGINT and SIGTERM included (exit code 130). Exit code 2
 * for wrong arguments, 1 for an error.
 */
export async function runCommand(command: Command): Promise<void> {
  const interrupted = new Promise<number>((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => resolve(130));
  });
  const resources = new AsyncDisposableStack();
  try {
    process.exitCode = await Promise.race([command(resources), interrupted]);
  } catch (error) {
    process.stderr.write(`rockpool: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = error instanceof UsageError ? 2 : 1;
  }
  await resources.disposeAsync();
  // An interrupted command may still wait for something that will not come.
  process.exit();
}

/** A line for people while something runs. On standard error: standard output is the report's. */
export function tell(line: string): void {
  process.stderr.write(`rockpool: ${line}\n`);
}
