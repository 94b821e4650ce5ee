// Running a command: what comes out, and how it ends when it fails, hangs or does not exist.
import { expect, test } from '@jest/globals';
import { must, run } from '../../cluster/command.ts';

test('run hands input, output, errors and the code through', async () => {
  const result = await run(['sh', '-c', 'cat; echo wrong >&2; exit 3'], { stdin: 'in' });

  expect(result).toEqual({ code: 3, stdout: 'in', stderr: 'wrong\n' });
});

test('run kills a command at its deadline', async () => {
  const { code } = await run(['sleep', '60'], { deadlineMs: 50 });

  expect(code).toBe(137);
});

test('run has the code 127 for a program that does not exist', async () => {
  const { code, stderr } = await run(['no-such-program']);

  expect({ code, stderr }).toEqual({ code: 127, stderr: expect.stringContaining('ENOENT') });
});

test('must says which command failed, and what it said', async () => {
  await expect(must(['sh', '-c', 'echo no >&2; exit 2'])).rejects.toThrow(
    'sh -c echo no >&2; exit 2 failed with code 2: no',
  );
});
