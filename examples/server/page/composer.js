// Where one writes: texts, and pictures by their address.

import { $, on, onSubmit, webAddress } from './dom.js';
import { Problem, explain } from './errors.js';
import { live } from './live.js';
import { send } from './outbox.js';
import { entryTakenBack, openUuid, roomOpened, showEntry } from './room.js';

/** What was written and not sent, by room. */
const drafts = new Map();
let draftOf;

export function startComposer() {
  roomOpened.on(changeRoom);
  entryTakenBack.on(takeBack);
  onSubmit('composer', sendText);
  on('text', 'keydown', (event) => {
    // An input method's Enter ends a word, not the message.
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    $('composer').requestSubmit();
  });
  on('text', 'input', ({ target }) => {
    fitText();
    tellTyping(target.value.trim() !== '');
  });
  on('picture-open', 'click', () => openPicture());
  on('picture-cancel', 'click', () => $('picture').close());
  onSubmit('picture-form', sendPicture);
}

function changeRoom(uuid) {
  if (draftOf !== uuid && draftOf) drafts.set(draftOf, $('text').value);
  if (draftOf !== uuid) $('text').value = drafts.get(uuid) ?? '';
  draftOf = uuid;
  typingToldAt = 0;
  if (!uuid) return;
  fitText();
  // A phone's keyboard would hide what one came to read.
  if (matchMedia('(hover: hover)').matches) $('text').focus();
}

/** As high as what is written. */
function fitText() {
  $('text').style.height = 'auto';
  $('text').style.height = `${$('text').scrollHeight}px`;
}

function sendText() {
  const content = $('text').value.trim();
  if (!content) return;
  $('text').value = '';
  fitText();
  typingToldAt = 0;
  showEntry(send(openUuid(), { type: 'TEXT', content }));
}

/** What was refused goes back to where it was written. */
function takeBack({ type, content, imageUrl }) {
  if (type === 'IMAGE') return openPicture(imageUrl, content);
  $('text').value = content;
  fitText();
  $('text').focus();
}

let typingToldAt = 0;
function tellTyping(isTyping) {
  if (isTyping ? Date.now() - typingToldAt < 2500 : typingToldAt === 0) return;
  typingToldAt = isTyping ? Date.now() : 0;
  live.request('typing', { room: openUuid(), isTyping }).catch(() => {});
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
    $('picture-error').textContent = explain(new Problem({ code: 'INVALID_INPUT', field: 'imageUrl' }));
    $('picture-url').focus();
    return;
  }
  $('picture').close();
  const content = $('picture-caption').value.trim() || undefined;
  showEntry(send(openUuid(), { type: 'IMAGE', imageUrl, content }));
}
