// Where one writes: texts, with files, and pictures by their address.

import { answerAgain, answeredUuid, endAnswering, startAnswering } from './answering.js';
import { chat } from './api.js';
import { ChatError } from './chat.js';
import { $, on, onSubmit, webAddress } from './dom.js';
import { Editing } from './editing.js';
import { explain } from './errors.js';
import { isHeld, startHolding } from './holding.js';
import { Mentioning } from './mentioning.js';
import { attempt, toast } from './notices.js';
import { entryTakenBack, lastOwnMessage, openUuid, roomOpened, showEdited } from './room.js';
import { fitText, writeText } from './text-field.js';
import { startUploads, Uploads } from './uploads.js';

/** What was written and not sent, by room. */
const drafts = new Map();
let draftOf;
let editing;
let mentioning;
let uploads;

export function startComposer() {
  roomOpened.on(changeRoom);
  entryTakenBack.on(takeBack);
  mentioning = new Mentioning();
  editing = new Editing({ others: ['picture-open', 'attach'], lastOwn: lastOwnMessage, showEdited });
  startAnswering();
  startUploads();
  uploads = new Uploads({ place: openUuid, opened: roomOpened });
  startHolding({ isEditing: () => editing.isOn });
  onSubmit('composer', () => (editing.isOn ? editing.save() : sendText()));
  on('text', 'keydown', (event) => {
    // An input method's Enter ends a word, not the message.
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    $('composer').requestSubmit();
  });
  on('text', 'input', ({ target }) => {
    fitText();
    if (!editing.isOn) tellTyping(target.value.trim() !== '');
  });
  on('picture-open', 'click', () => openPicture());
  on('picture-cancel', 'click', () => $('picture').close());
  onSubmit('picture-form', sendPicture);
}

function changeRoom(uuid) {
  editing.end();
  if (draftOf !== uuid && draftOf) drafts.set(draftOf, $('text').value);
  if (draftOf !== uuid) $('text').value = drafts.get(uuid) ?? '';
  draftOf = uuid;
  typingToldAt = 0;
  if (!uuid) return;
  fitText();
  // A phone's keyboard would hide what one came to read.
  if (matchMedia('(hover: hover)').matches) $('text').focus();
}

function sendText() {
  const content = $('text').value.trim() || undefined;
  if ((!content && !uploads.any) || isHeld()) return;
  const files = uploads.take();
  if (!files || !send({ ...files, content })) return;
  uploads.end();
  writeText('');
  typingToldAt = 0;
}

/** Gives whether it was taken; if too much waits already, it stays where it was written. */
function send(draft) {
  try {
    const entry = chat.send(openUuid(), { ...draft, ...mentioning.in(draft.content), quotedMessageUuid: answeredUuid() });
    endAnswering();
    return entry;
  } catch (error) {
    toast(explain(error));
    return undefined;
  }
}

/** What was refused goes back to where it was written. */
function takeBack({ room, draft: { content, imageUrl, quotedMessageUuid, attachments, parentMessageUuid } }) {
  // That was in a thread.
  if (parentMessageUuid) return;
  if (quotedMessageUuid) attempt(() => answerAgain(room, quotedMessageUuid));
  if (attachments) uploads.putBack(room, attachments);
  if (imageUrl) return openPicture(imageUrl, content);
  editing.end();
  writeText([content, $('text').value].filter(Boolean).join('\n'));
  $('text').focus();
}

let typingToldAt = 0;
function tellTyping(isTyping) {
  if (isTyping ? Date.now() - typingToldAt < 2500 : typingToldAt === 0) return;
  typingToldAt = isTyping ? Date.now() : 0;
  chat.typing(openUuid(), isTyping);
}

function openPicture(url = '', caption = '') {
  $('picture-url').value = url;
  $('picture-caption').value = caption;
  $('picture-error').textContent = '';
  $('picture').showModal();
}

function sendPicture() {
  const imageUrl = webAddress($('picture-url').value.trim());
  if (!imageUrl) {
    $('picture-error').textContent = explain(new ChatError({ code: 'INVALID_INPUT', field: 'imageUrl' }));
    $('picture-url').focus();
    return;
  }
  if (isHeld()) return;
  const content = $('picture-caption').value.trim() || undefined;
  if (send({ type: 'IMAGE', imageUrl, content })) $('picture').close();
}
