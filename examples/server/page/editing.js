// Editing a message of one's own, where one writes. What was being written waits until that is done.

import { chat } from './api.js';
import { $, on } from './dom.js';
import { explain } from './errors.js';
import { messageHidden } from './hiding.js';
import { editAsked } from './message-menu.js';
import { toast } from './notices.js';
import { lastOwnMessage, messageChanged, showEdited } from './room.js';
import { fitText, writeText } from './text-field.js';
import { t } from './texts.js';

/** {message, draft}: what is edited, and what was being written. */
let edited;
let isSaving = false;

export const isEditing = () => Boolean(edited);

export function startEditing() {
  editAsked.on(edit);
  messageChanged.on(({ messageUuid, deletedAt }) => {
    if (deletedAt && messageUuid === edited?.message.messageUuid) endEditing();
  });
  messageHidden.on(({ messageUuid }) => messageUuid === edited?.message.messageUuid && endEditing());
  on('editing-cancel', 'click', endEditing);
  on('below', 'keydown', (event) => {
    if (event.key !== 'Escape' || event.isComposing || !edited) return;
    // Else it leaves the room, or lets go of what is answered.
    event.stopPropagation();
    event.preventDefault();
    endEditing();
  });
  on('text', 'keydown', (event) => {
    if (event.key !== 'ArrowUp' || event.isComposing || edited || $('text').value) return;
    const last = lastOwnMessage();
    if (!last) return;
    event.preventDefault();
    edit(last);
  });
}

function edit(message) {
  const draft = edited ? edited.draft : $('text').value;
  edited = { message, draft };
  showMode();
  writeText(message.content ?? '');
  $('text').focus();
  $('text').setSelectionRange($('text').value.length, $('text').value.length);
}

/** Ends it, saved or not. */
export function endEditing() {
  if (!edited) return;
  const { draft } = edited;
  edited = undefined;
  showMode();
  writeText(draft);
  if (!$('composer').hidden) $('text').focus({ preventScroll: true });
}

function showMode() {
  $('editing').hidden = !edited;
  $('picture-open').hidden = $('attach').hidden = Boolean(edited);
  $('send').dataset.tLabel = edited ? 'save' : 'send';
  $('send').ariaLabel = $('send').title = t($('send').dataset.tLabel);
  showEdited(edited?.message.messageUuid);
  fitText();
}

/** A picture and a file may lose their words; a text needs some. */
export async function saveEdit() {
  const { message } = edited;
  const content = $('text').value.trim() || null;
  const hasFiles = message.attachments?.length > 0;
  if (isSaving || (!content && message.type === 'TEXT' && !hasFiles)) return;
  if (content === (message.content || null)) return endEditing();
  isSaving = true;
  try {
    await chat.edit(message.roomUuid, message.messageUuid, content);
    if (edited?.message === message) endEditing();
  } catch (error) {
    toast(explain(error, { FORBIDDEN: t('tooLate') }));
  } finally {
    isSaving = false;
  }
}
