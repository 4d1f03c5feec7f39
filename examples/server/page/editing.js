// Editing a message of one's own, where one writes. What was being written waits until that is done.

import { chat } from './api.js';
import { $, on } from './dom.js';
import { explain } from './errors.js';
import { messageHidden } from './hiding.js';
import { editAsked } from './message-menu.js';
import { toast } from './notices.js';
import { messageChanged } from './room.js';
import { fitText, writeText } from './text-field.js';
import { t } from './texts.js';

export class Editing {
  #part;
  #text;
  #others;
  #lastOwn;
  #showEdited;
  /** {message, draft}: what is edited, and what was being written. */
  #edited;
  #isSaving = false;

  /** `prefix`: of the ids of its parts, and of `others`, for which there is no use meanwhile. `lastOwn` gives the newest message that
   *  one could edit, `showEdited` shows which one is. */
  constructor({ prefix = '', isThread = false, others, lastOwn, showEdited }) {
    this.#part = (id) => $(prefix + id);
    this.#text = this.#part('text');
    this.#others = others.map(this.#part);
    this.#lastOwn = lastOwn;
    this.#showEdited = showEdited;
    editAsked.on((message, isInThread) => isInThread === isThread && this.#edit(message));
    const isEdited = ({ messageUuid }) => messageUuid === this.#edited?.message.messageUuid;
    messageChanged.on((change) => change.deletedAt && isEdited(change) && this.end());
    messageHidden.on((message) => isEdited(message) && this.end());
    on(`${prefix}editing-cancel`, 'click', () => this.end());
    on(`${prefix}below`, 'keydown', (event) => {
      if (event.key !== 'Escape' || event.isComposing || !this.#edited) return;
      // Else it leaves the room, or lets go of what is answered.
      event.stopPropagation();
      event.preventDefault();
      this.end();
    });
    this.#text.addEventListener('keydown', (event) => {
      if (event.key !== 'ArrowUp' || event.isComposing || this.#edited || this.#text.value) return;
      const last = this.#lastOwn();
      if (!last) return;
      event.preventDefault();
      this.#edit(last);
    });
  }

  get isOn() {
    return Boolean(this.#edited);
  }

  #edit(message) {
    const text = this.#text;
    this.#edited = { message, draft: this.#edited ? this.#edited.draft : text.value };
    this.#showMode();
    writeText(message.content ?? '', text);
    text.focus();
    text.setSelectionRange(text.value.length, text.value.length);
  }

  /** Ends it, saved or not. */
  end() {
    if (!this.#edited) return;
    const { draft } = this.#edited;
    this.#edited = undefined;
    this.#showMode();
    writeText(draft, this.#text);
    if (!this.#part('composer').hidden) this.#text.focus({ preventScroll: true });
  }

  #showMode() {
    this.#part('editing').hidden = !this.#edited;
    for (const other of this.#others) other.hidden = Boolean(this.#edited);
    const send = this.#part('send');
    send.dataset.tLabel = this.#edited ? 'save' : 'send';
    send.ariaLabel = send.title = t(send.dataset.tLabel);
    this.#showEdited(this.#edited?.message.messageUuid);
    fitText(this.#text);
  }

  /** A picture and a file may lose their words; a text needs some. */
  async save() {
    const { message } = this.#edited;
    const content = this.#text.value.trim() || null;
    const hasFiles = message.attachments?.length > 0;
    if (this.#isSaving || (!content && message.type === 'TEXT' && !hasFiles)) return;
    if (content === (message.content || null)) return this.end();
    this.#isSaving = true;
    try {
      await chat.edit(message.roomUuid, message.messageUuid, content);
      if (this.#edited?.message === message) this.end();
    } catch (error) {
      toast(explain(error, { FORBIDDEN: t('tooLate') }));
    } finally {
      this.#isSaving = false;
    }
  }
}
