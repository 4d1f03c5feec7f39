// A server that has a long history from its start, by the import of lines of JSON.

import { execFile } from 'node:child_process';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { BINARY, startServer } from './server.mjs';

const DIGITS = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
/** The n-th id of a kind. */
const ulid = (kind, n) => `01J${kind}${Array.from({ length: 22 }, (_, place) => DIGITS[Math.floor(n / 32 ** (21 - place)) % 32]).join('')}`;

export const SEEDED_ROOM = ulid('R', 1);

/**
 * Starts a server in whose one room `people` (names) have said `messages` ({by, at, content?, imageUrl?}, oldest
 * first). All of them have read all of it.
 */
export async function startSeeded(people, messages) {
  const folder = await mkdtemp(join(tmpdir(), 'chat-core-'));
  const [file, db] = [join(folder, 'seed.jsonl'), join(folder, 'chat.db')];
  await writeFile(file, lines(people, messages).map((line) => `${JSON.stringify(line)}\n`).join(''));
  await promisify(execFile)(BINARY, ['--db', db, '--import', file], { cwd: folder });
  return startServer({ folder, db });
}

function lines(people, messages) {
  const room = SEEDED_ROOM;
  const began = new Date(messages[0].at).toJSON();
  const users = people.map((name) => name.toLowerCase());
  const said = Object.fromEntries(users.map((user) => [user, 0]));
  const told = messages.map(({ by, at, content, imageUrl }, n) => ({
    record: 'message', room, seq: n + 1, id: ulid('M', n + 1), sender: by.toLowerCase(), type: imageUrl ? 'IMAGE' : 'TEXT',
    content, imageUrl, createdAt: new Date(at).toJSON(), n: n + 1, ownN: (said[by.toLowerCase()] += 1),
  }));
  const seq = messages.length;
  return [
    { record: 'header', format: 1 },
    ...people.map((nickname, n) => ({ record: 'profile', user: users[n], nickname })),
    { record: 'room', id: room, type: 'GROUP', name: 'A long story', active: true, createdAt: began, seq, countable: seq },
    ...told,
    ...users.map((user) => ({
      record: 'member', room, user, role: 'member', active: true, joinedAt: began, joinedSeq: 0, markedAt: began,
      readSeq: seq, deliveredSeq: seq, readN: seq, readOwnN: said[user], ownN: said[user],
    })),
    { record: 'footer', profiles: people.length, relations: 0, rooms: 1, members: people.length, messages: seq },
  ];
}
