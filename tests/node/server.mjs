// The server under test: the one at CHAT_TEST_URL, or the example server started for the test file.

import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

export const BINARY = process.env.CHAT_SERVER_BIN
  ?? fileURLToPath(new URL('../../target/debug/examples/server', import.meta.url));

/** The PostgreSQL on which each server gets a database of its own; without it, each has a file. */
const POSTGRES = process.env.CHAT_TEST_NODE_POSTGRES;
let databases = 0;

/** A database of one's own, on that PostgreSQL or on the one that all tests have. */
export async function freshDatabase() {
  const server = POSTGRES ?? process.env.CHAT_TEST_POSTGRES;
  if (!server) throw new Error('CHAT_TEST_POSTGRES names no PostgreSQL');
  const name = `node_${process.pid}_${databases += 1}`;
  await promisify(execFile)('psql', [server, '--quiet', '--command', `CREATE DATABASE ${name}`]);
  return server.replace('/postgres?', `/${name}?`);
}

/** The server that a test file shares. */
export async function sharedServer() {
  const url = process.env.CHAT_TEST_URL?.replace(/\/$/, '');
  return url ? { url, stop: async () => {} } : startServer();
}

/**
 * Starts a server of the test's own, in development mode unless `dev` is false. `secret`: the HS256 key that its tokens are
 * signed with. `folder` and `db`: where its key and its rows are, for a second start on the same ones.
 */
export async function startServer(
  { secret, folder: given, db: same, addr = '127.0.0.1:0', dev = true, args = [] } = {},
) {
  const folder = given ?? await mkdtemp(join(tmpdir(), 'chat-core-'));
  const db = same ?? (POSTGRES ? await freshDatabase() : join(folder, 'chat.db'));
  const options = ['--addr', addr, '--db', db, ...(dev ? ['--dev'] : []), ...args];
  if (secret !== undefined) {
    await writeFile(join(folder, 'secret'), secret);
    options.push('--jwt-secret-file', join(folder, 'secret'));
  }
  const child = spawn(BINARY, options, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  const log = [];
  createInterface({ input: child.stderr }).on('line', (line) => log.push(line));
  const ended = once(child, 'exit').then(([code, signal]) => {
    process.removeListener('exit', kill);
    return { code, signal };
  });

  const url = await firstUrl(child, log);
  return {
    url,
    folder,
    db,
    pid: child.pid,
    log,
    ended,
    /** Ends it by its pid, and says how it ended. */
    async stop({ keep = false } = {}) {
      child.kill('SIGTERM');
      const timer = setTimeout(kill, 15_000);
      const how = await ended;
      clearTimeout(timer);
      if (!keep) await rm(folder, { recursive: true, force: true });
      const panic = log.find((line) => line.includes('panicked'));
      if (panic) throw new Error(`the server panicked:\n${log.join('\n')}`);
      return how;
    },
  };
}

/** The line that says that it accepts connections, which ends with its URL. */
async function firstUrl(child, log) {
  const lines = createInterface({ input: child.stdout });
  const failed = (why) => new Error(`the server did not start: ${why}\n${log.join('\n')}`);
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(failed('it said nothing for 20 s')), 20_000);
    lines.once('line', (line) => {
      clearTimeout(timer);
      const url = /https?:\/\/\S+$/.exec(line)?.[0].replace(/\/$/, '');
      if (url) resolve(url);
      else reject(failed(`it said ${JSON.stringify(line)}`));
    });
    child.once('error', (error) => reject(failed(error.message)));
    child.once('exit', (code) => reject(failed(`it ended with ${code}`)));
  });
}
