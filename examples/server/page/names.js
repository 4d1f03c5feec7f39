// What people are called, as far as they were met.

const names = new Map();

export const noteName = ({ userUuid, nickname }) => names.set(userUuid, nickname);

/** Nothing, where nobody of this id was met. */
export const nicknameOf = (userUuid) => names.get(userUuid);
