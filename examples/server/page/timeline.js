// The part of a room's history that is on the page: what is loaded as one scrolls, and what stays in sight.

import { api } from './api.js';
import { $, onceAFrame } from './dom.js';
import { unsent } from './held.js';
import { Messages } from './messages.js';
import { signal } from './signal.js';
import { t } from './texts.js';
import { isAside } from './threads.js';

/** How many messages are loaded at a time. */
const PAGE = 40;
/** How many stay on the page; those further off are loaded again when one comes back. */
const KEPT = 280;

const seqsOf = ({ messages }) => messages.map(({ seq }) => seq);

/** Tells that what stands at the end was in sight. */
export const endSeen = signal();

export class Timeline {
  isLoaded = false;
  isLoading = false;
  hasFailed = false;
  /** Whether it is still the one on the page. */
  isOpen = true;
  #hasOlder = false;
  /** The places from which on and up to which all messages are there that one is to see. */
  #from;
  #to = 0;
  /** The newest one that came while those above it were not on the page. */
  #missed = 0;
  /** There are messages below the last one on the page. */
  #hasNewer = false;
  /** Whether the newest message is in sight, and is to stay there. */
  #isFollowing = true;
  /** How many have come while one was reading further up. */
  #newCount = 0;
  #uuid;
  #room;
  #messages;
  #isPlacing = false;
  /** Fulfilled once what is being loaded is there, or has failed. */
  #loading;
  /** Once a frame, however much has come. */
  #follow = onceAFrame(() => {
    if (!this.isOpen || !this.#isPlacing) return;
    this.#isPlacing = false;
    this.#trimOldest();
    this.scrollDown();
  });

  /** `room` gives what is known of the room; the rest is for `Messages`. */
  constructor(uuid, { room, ...more }) {
    this.#uuid = uuid;
    this.#room = room;
    this.#messages = new Messages({ room, ...more });
    this.#placeEntries();
    this.#showState();
    this.#showJump();
  }

  get messages() {
    return this.#messages;
  }

  get isAtEnd() {
    const { scrollHeight, scrollTop, clientHeight } = $('scroller');
    return !this.#hasNewer && scrollHeight - scrollTop - clientHeight < 80;
  }

  /** Loads the newest messages. `unreadCount`: where reading goes on. */
  async open(unreadCount) {
    if (!await this.#load({}, (page) => this.#takeAround(page, (this.#room()?.seq ?? 0) + 1))) return;
    this.isLoaded = true;
    this.#showState();
    // Little of it may be for the room to show.
    const isShort = () => $('scroller').scrollHeight <= $('scroller').clientHeight;
    while (this.isOpen && this.#hasOlder && isShort() && await this.loadOlder());
    if (!this.isOpen) return;
    const firstUnread = this.#messages.markUnread(unreadCount);
    if (!firstUnread) return this.scrollDown();
    firstUnread.scrollIntoView({ block: 'start' });
    this.scrolled();
  }

  /** Gives whether it could be asked for. */
  async loadOlder() {
    const [before, shown] = [this.#from, this.#messages.oldestSeq];
    const isTaken = await this.#load({ before }, (page) => {
      // Places have no gaps. Of those that it covers a page leaves out what one is not to see: it may be all of them.
      this.#from = Math.max(1, before - PAGE);
      this.#takePage(page, { hasOlder: page.hasMoreBefore }, true);
    });
    if (isTaken && this.#hasOlder && this.#messages.oldestSeq === shown) return this.loadOlder();
    return isTaken;
  }

  async #loadNewer() {
    const [after, shown] = [this.#to, this.#messages.newestSeq];
    const isTaken = await this.#load({ after }, (page) => {
      this.#to = page.hasMoreAfter ? after + PAGE : Math.max(after, ...seqsOf(page));
      this.#takePage(page, { hasNewer: page.hasMoreAfter });
    });
    if (isTaken && this.#hasNewer && this.#messages.newestSeq === shown) await this.#loadNewer();
  }

  /** The connection is back: what could not be loaded may be now. */
  resume() {
    this.hasFailed = false;
    this.#showState();
    return this.scrolled();
  }

  /** Brings the message of this place into sight, wherever it is, and gives it; nothing, where there is none any more. A reply that is for its thread alone is only given. */
  async show(seq) {
    while (this.isLoading) await this.#loading;
    if (!this.isOpen) return undefined;
    let aside;
    if (!this.#messages.at(seq)) {
      await this.#load({ around: seq }, (page) => {
        aside = page.messages.find((one) => one.seq === seq && isAside(one));
        if (!aside) this.#replace(page, seq);
      });
    }
    if (this.isOpen && aside) return aside;
    const message = this.isOpen ? this.#messages.at(seq) : undefined;
    if (!message) return undefined;
    this.isLoaded = true;
    this.#showState();
    [this.#isFollowing, this.#isPlacing] = [false, false];
    this.#messages.showFound(seq);
    this.scrolled()?.catch(() => {});
    return message;
  }

  /** Takes a page in place of all that is there. */
  #replace(page, place) {
    this.#messages.trim(0, true);
    // What waits to be sent is gone as well, and comes back with the newest messages.
    this.#hasNewer = true;
    this.#to = 0;
    this.#takeAround(page, place);
  }

  /** Takes a page where there is nothing yet. `place`: where it is, in case that nothing is on it. */
  #takeAround(page, place) {
    const seqs = seqsOf(page);
    this.#from = Math.min(...seqs, place);
    this.#to = Math.max(...seqs, this.#to, seqs.length > 0 ? 0 : place - 1);
    this.#takePage(page, { hasOlder: page.hasMoreBefore, hasNewer: page.hasMoreAfter });
  }

  /** Loads a page and takes it, unless another room was opened meanwhile. Gives whether it was taken. */
  async #load(where, take) {
    if (this.isLoading) return false;
    const load = this.#loadPage(where, take);
    this.#loading = load.catch(() => {});
    return load;
  }

  async #loadPage(where, take) {
    this.isLoading = true;
    this.hasFailed = false;
    this.#missed = 0;
    this.#showState();
    try {
      const page = await api.history(this.#uuid, { ...where, limit: PAGE });
      if (!this.isOpen) return false;
      this.#keepingPlace(() => take(page));
      return true;
    } catch (error) {
      this.hasFailed = true;
      throw error;
    } finally {
      this.isLoading = false;
      if (this.isOpen) this.#showState();
    }
  }

  #takePage({ messages }, { hasOlder = this.#hasOlder, hasNewer = this.#hasNewer }, isOlder = false) {
    messages.filter((message) => !isAside(message)).forEach((message) => this.#messages.place({ message }));
    this.#hasOlder = hasOlder;
    // What has come while the page was on its way was not placed.
    this.#setNewer(hasNewer || this.#missed > this.#to);
    if (isOlder) this.#trimNewest();
    else this.#trimOldest();
  }

  #trimOldest() {
    if (!this.#messages.trim(KEPT, false)) return;
    this.#hasOlder = true;
    this.#from = this.#messages.oldestSeq ?? this.#to + 1;
  }

  #trimNewest() {
    if (!this.#messages.trim(KEPT, true)) return;
    this.#setNewer(true);
    this.#to = this.#messages.newestSeq ?? this.#from - 1;
  }

  /** What waits to be sent stands at the very end, where that is on the page. */
  #setNewer(hasNewer) {
    const hadNewer = this.#hasNewer;
    this.#hasNewer = hasNewer;
    if (hasNewer) this.#entries().forEach((entry) => this.#messages.remove(entry));
    else if (hadNewer) this.#placeEntries();
  }

  #entries() {
    return unsent().filter(({ room, draft }) => room === this.#uuid && !isAside(draft));
  }

  #placeEntries() {
    this.#entries().forEach((entry) => this.#messages.place({ entry }));
  }

  /** What one reads stays where it is, whatever is put above it or taken away. */
  #keepingPlace(change) {
    const scroller = $('scroller');
    const top = scroller.getBoundingClientRect().top;
    const anchor = Array.from($('messages').querySelectorAll('.bubble, .note')).find((node) => node.getBoundingClientRect().bottom > top);
    const before = anchor?.getBoundingClientRect().top;
    change();
    if (anchor?.isConnected) scroller.scrollTop += anchor.getBoundingClientRect().top - before;
  }

  /** The line above the oldest message. It always has its height, so that nothing moves. */
  #showState() {
    const isAwaited = this.isLoading || !(this.isLoaded || this.hasFailed);
    const isAllThere = !isAwaited && !this.#hasOlder && !this.hasFailed;
    $('history-note').textContent = isAwaited ? t('loading') : isAllThere ? t('beginning') : '';
    $('history-retry').hidden = !this.hasFailed;
  }

  showTexts() {
    this.#messages.redraw();
    this.#showState();
    this.#showJump();
  }

  // Scrolling

  scrollDown() {
    this.#isFollowing = true;
    $('scroller').scrollTop = $('scroller').scrollHeight;
    this.#atEnd();
  }

  /** Goes to the newest message, which may not be on the page. */
  async toNewest() {
    if (!this.#hasNewer) return this.scrollDown();
    await this.#load({}, (page) => this.#replace(page, (this.#room()?.seq ?? 0) + 1));
    this.scrollDown();
  }

  /** The height or the content has changed: the end stays in sight. */
  keepEnd() {
    if (this.#isFollowing) this.scrollDown();
  }

  scrolled() {
    // About to be scrolled down by itself: where it stands until then says nothing.
    if (this.#isPlacing) return;
    this.#isFollowing = this.isAtEnd;
    if (this.#isFollowing) this.#atEnd();
    else this.#showJump();
    if (!this.isLoaded || this.isLoading || this.hasFailed) return undefined;
    const { scrollHeight, scrollTop, clientHeight } = $('scroller');
    if (this.#hasOlder && scrollTop < 1.5 * clientHeight) return this.loadOlder();
    if (this.#hasNewer && scrollHeight - scrollTop < 2.5 * clientHeight) return this.#loadNewer();
    return undefined;
  }

  #atEnd() {
    this.#newCount = 0;
    this.#showJump();
    endSeen();
  }

  /** The way down, and how much is new there. */
  #showJump() {
    const isFar = $('scroller').scrollHeight - $('scroller').scrollTop > 2 * $('scroller').clientHeight;
    $('jump').hidden = this.#isFollowing || !(isFar || this.#newCount > 0 || this.#hasNewer);
    $('jump-text').textContent = this.#newCount > 0 ? t('newMessages', this.#newCount) : t('toNewest');
  }

  // What happens

  /** A message that others, or another device, have sent, or that an entry has become. */
  take(message) {
    const { seq, isMyMessage, type } = message;
    const isNew = seq > this.#to;
    // It is loaded with those around it.
    if (this.#hasOlder && seq < this.#from) return false;
    if (isAside(message)) return this.#passOver(seq);
    const counts = isNew && !isMyMessage && type !== 'SYSTEM';
    if (counts && !this.#isFollowing) this.#newCount += 1;
    if (!this.#isFollowing && this.#messages.count >= KEPT) this.#setNewer(true);
    if (this.#hasNewer) this.#missed = Math.max(this.#missed, seq);
    else {
      this.#messages.place({ message });
      this.#to = Math.max(this.#to, seq);
    }
    if (this.#isFollowing) {
      this.#isPlacing = true;
      this.#follow();
    } else this.#showJump();
    return isNew;
  }

  /** A reply that is not for the room. Where the end is in sight it is behind what one has read. */
  #passOver(seq) {
    if (this.#hasNewer) this.#missed = Math.max(this.#missed, seq);
    else this.#to = Math.max(this.#to, seq);
    if (this.#isFollowing) endSeen();
    return false;
  }

  /** A message has changed, which may be on the page. */
  takeChange({ messageUuid }) {
    const show = () => this.#messages.takeChange(messageUuid);
    if (this.#isFollowing) show();
    else this.#keepingPlace(show);
  }

  /** A message is gone for whoever reads this. */
  hide(messageUuid) {
    this.#keepingPlace(() => this.#messages.hide(messageUuid));
    this.scrolled()?.catch(() => {});
  }

  /** The newest message of one's own, where the newest ones are on the page. */
  get lastOwn() {
    return this.#hasNewer ? undefined : this.#messages.lastOwn;
  }

  /** An entry of the outbox, which is new or stands otherwise now. */
  takeEntry(entry) {
    if (isAside(entry.draft)) return this.#messages.showThreads(entry.draft.parentMessageUuid);
    if (!this.#hasNewer) this.#messages.place({ entry });
    return entry.state === 'sending' ? this.toNewest() : undefined;
  }
}
