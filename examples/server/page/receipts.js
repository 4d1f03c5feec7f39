// Who has read a message: what the server said when it was loaded, and the read marks that moved since.

/**
 * `marks`: where others' read marks stand, by user. `joins`: the place of the message that told of their
 * joining; whoever joined later is no reader of what was said before. Gives how many others have read it,
 * and whether that is everybody.
 */
export function readersOf({ seq, sender, readByUuids, readCount, isRead }, room, marks, joins) {
  const wasThere = (user) => !(joins.get(user) > seq);
  const readers = new Set(readByUuids);
  for (const [user, mark] of marks) if (mark >= seq && wasThere(user)) readers.add(user);
  readers.delete(sender.userUuid);
  const others = (room?.participantUuids ?? []).filter((user) => user !== sender.userUuid && wasThere(user));
  // The server names at most so many people; beyond that only it can tell that all have read.
  const knowsAll = room && room.participantCount <= room.participantUuids.length && others.length > 0;
  return {
    count: Math.max(readers.size, readCount - 1),
    isRead: isRead || Boolean(knowsAll && others.every((user) => readers.has(user))),
  };
}
