// What one client was told of its rooms over all of its connections, and whether that was right.

export class Account {
  /** What was wrong, in words. */
  faults = [];
  /** Each message that was told: its room, `seq`, id and content, when it came, from which node, and whether it was live. */
  told = [];
  /** How often the client had to load everything anew. */
  reloads = 0;
  /** By room: all up to here was told. */
  #upto = new Map();
  /** As of the token that the client would come back with. */
  #safe = new Map();
  /** By room: the `seq`s of its own that were answered, which no event tells. */
  #own = new Map();
  /** What was passed over, and must be the client's own. */
  #passed = [];
  #isCatchingUp = false;
  /** What came live while everything is being loaded. */
  #meanwhile;

  constructor(name, rooms) {
    this.name = name;
    for (const room of rooms) this.#own.set(room, new Set());
    this.loaded(Object.fromEntries(rooms.map((room) => [room, 0])));
  }

  get rooms() {
    return [...this.#own.keys()];
  }

  /** The client comes back with its token: what a catch-up told that did not end, it is told again. */
  resumes() {
    this.#upto = new Map(this.#safe);
    this.#isCatchingUp = true;
  }

  caughtUp() {
    this.#isCatchingUp = false;
    this.#safe = new Map(this.#upto);
  }

  /** It could not be told what it missed, and begins to load all of its rooms. */
  loads() {
    this.reloads += 1;
    this.#meanwhile = [];
  }

  /** It has loaded its rooms up to these `seq`s. What comes live may be among it. */
  loaded(heads) {
    this.heads = heads;
    this.#upto = new Map(Object.entries(heads));
    this.caughtUp();
    const meanwhile = this.#meanwhile ?? [];
    this.#meanwhile = undefined;
    meanwhile.forEach((args) => this.event(...args));
  }

  event(message, node) {
    if (this.#meanwhile) return void this.#meanwhile.push([message, node]);
    const { roomUuid: room, seq, messageUuid: id, content } = message;
    const upto = this.#upto.get(room);
    if (upto === undefined) return void this.faults.push(`a message of room ${room}, which is none of the client's`);
    this.told.push({ room, seq, id, content, at: performance.now(), node, isLive: !this.#isCatchingUp });
    const how = this.#isCatchingUp ? 'in a catch-up' : 'live';
    if (seq <= upto) {
      if (seq > this.heads[room]) this.faults.push(`${room}: ${seq} ${how} by node ${node} after ${upto}`);
      return;
    }
    for (let passed = upto + 1; passed < seq; passed += 1) {
      this.#passed.push({ room, seq: passed, where: `${how} by node ${node} before ${seq}` });
    }
    this.#upto.set(room, seq);
    if (!this.#isCatchingUp) this.#safe.set(room, seq);
  }

  /** The client's own message was answered. */
  sent(room, seq) {
    this.#own.get(room).add(seq);
  }

  /** How many messages up to these `seq`s were not told yet. */
  lacks(heads) {
    let lacking = 0;
    for (const [room, own] of this.#own) {
      for (let seq = this.#upto.get(room) + 1; seq <= heads[room]; seq += 1) lacking += own.has(seq) ? 0 : 1;
    }
    return lacking;
  }

  /** All that was wrong. `history`: by room, the ids of its messages, that of `seq` 1 being the first. */
  verdict(history) {
    const gaps = this.#passed.filter(({ room, seq }) => !this.#own.get(room).has(seq));
    const wrong = this.told.filter(({ room, seq, id }) => history[room][seq - 1] !== id);
    return [
      ...this.faults,
      ...gaps.map(({ room, seq, where }) => `${room}: ${seq} is missing, ${where}`),
      ...wrong.map(({ room, seq }) => `${room}: ${seq} is another message in the store`),
    ].map((fault) => `${this.name}: ${fault}`);
  }
}
