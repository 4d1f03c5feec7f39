// Where one writes in a thread.

import { chat } from './api.js';
import { $, on, onSubmit } from './dom.js';
import { Editing } from './editing.js';
import { explain } from './errors.js';
import { isHeld, whyNot } from './holding.js';
import { Mentioning } from './mentioning.js';
import { toast } from './notices.js';
import { entryTakenBack, openUuid } from './room.js';
import { rooms, roomsChanged } from './rooms.js';
import { fitText, writeText } from './text-field.js';
import { languageChanged } from './texts.js';
import { askForThread } from './threads.js';
import { Uploads } from './uploads.js';

/** What was written and not sent, by root. */
const drafts = new Map();
/** The root of the open thread. */
let root;
let editing;
let mentioning;
let uploads;

/** `threadOpened` tells of the root of the thread that is open; `lastOwn` and `showEdited` are for editing. */
export function startThreadComposer({ threadOpened, lastOwn, showEdited }) {
  // First, since what is shown of the others goes by the root.
  threadOpened.on(change);
  editing = new Editing({ prefix: 'thread-', isThread: true, others: ['attach', 'show-label'], lastOwn, showEdited });
  mentioning = new Mentioning('thread-');
  uploads = new Uploads({ prefix: 'thread-', place: () => root, opened: threadOpened });
  entryTakenBack.on(takeBack);
  roomsChanged.on((uuid) => root && (!uuid || uuid === openUuid()) && showHolding());
  languageChanged.on(() => root && showHolding());
  onSubmit('thread-composer', () => (editing.isOn ? editing.save() : send()));
  on('thread-text', 'keydown', (event) => {
    // An input method's Enter ends a word, not the message.
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    $('thread-composer').requestSubmit();
  });
  on('thread-text', 'input', () => fitText($('thread-text')));
}

function change(uuid) {
  editing.end();
  if (root) drafts.set(root, $('thread-text').value);
  root = uuid;
  writeText(drafts.get(root) ?? '', $('thread-text'));
  $('thread-show').checked = false;
  if (root) showHolding();
}

function showHolding() {
  const why = whyNot(rooms.get(openUuid()));
  const hadFocus = $('thread-composer').contains(document.activeElement);
  $('thread-composer').hidden = Boolean(why);
  $('thread-show-label').hidden = Boolean(why) || editing.isOn;
  $('thread-closed').hidden = !why;
  if ($('thread-closed').textContent !== (why ?? '')) $('thread-closed').textContent = why ?? '';
  if (why && hadFocus) $('thread-scroller').focus({ preventScroll: true });
}

function send() {
  const content = $('thread-text').value.trim() || undefined;
  if ((!content && !uploads.any) || isHeld()) return;
  const files = uploads.take();
  if (!files) return;
  const showInRoom = $('thread-show').checked || undefined;
  try {
    chat.send(openUuid(), { ...files, content, ...mentioning.in(content), parentMessageUuid: root, showInRoom });
  } catch (error) {
    // Too much waits already: it stays where it was written.
    return toast(explain(error));
  }
  uploads.end();
  writeText('', $('thread-text'));
  $('thread-show').checked = false;
}

/** What was refused goes back to where it was written. */
function takeBack({ room, draft: { content, attachments, parentMessageUuid, showInRoom } }) {
  if (!parentMessageUuid) return;
  askForThread({ roomUuid: room, messageUuid: parentMessageUuid }, { isWriting: true });
  editing.end();
  if (attachments) uploads.putBack(room, attachments, parentMessageUuid);
  $('thread-show').checked = Boolean(showInRoom);
  writeText([content, $('thread-text').value].filter(Boolean).join('\n'), $('thread-text'));
  $('thread-text').focus();
}
