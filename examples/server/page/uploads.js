// Files that are to be sent with the next message, of a room or of a thread: chosen, dropped or pasted, uploaded at once, and
// shown above where one writes until they are sent.

import { api } from './api.js';
import { $, el, fillList, icon, iconButton, on, textButton } from './dom.js';
import { explain } from './errors.js';
import { filesOfDraft, isPicture, keepUploaded } from './files.js';
import { toast } from './notices.js';
import { openUuid } from './room.js';
import { roomDropped } from './rooms.js';
import { signal } from './signal.js';
import { languageChanged, sizeOf, t } from './texts.js';

/** A message has no more, unless the server says otherwise. */
const MOST = 10;
/** Uploads at once. A server takes a few of one person. */
const AT_ONCE = 2;
/** Refusals that may come to nothing when it is tried again. */
const PASSING = ['OFFLINE', 'RATE_LIMITED', 'UNAVAILABLE', 'QUOTA_EXCEEDED'];

/** By the id of a room, or of a thread's root: {key, place, room, name, size, file?, preview?, state, part, error?, attachment?, giveUp?}.
 *  `state`: waiting, uploading, done or failed. */
const chosen = new Map();
let lastKey = 0;

const allChosen = () => [...chosen.values()].flat();

/** Tells that there are others, or that they stand otherwise. */
const uploadsChanged = signal();
/** Tells of a file of which more is out. */
const progressed = signal();

export function startUploads() {
  roomDropped.on(({ roomUuid }) => forget(({ room }) => room === roomUuid));
  // Anywhere but where it is taken the browser would leave the page for the file.
  for (const name of ['dragover', 'drop']) {
    document.addEventListener(name, (event) => {
      if (!isOfFiles(event)) return;
      event.preventDefault();
      event.dataTransfer.dropEffect = event.target.closest?.('.drop') ? 'copy' : 'none';
    });
  }
}

const isOfFiles = ({ dataTransfer }) => dataTransfer?.types.includes('Files');

// Uploaded

function uploadNext() {
  uploadsChanged();
  const going = allChosen().filter(({ state }) => state === 'uploading').length;
  const next = allChosen().find(({ state }) => state === 'waiting');
  if (!next || going >= AT_ONCE) return;
  upload(next);
  uploadNext();
}

async function upload(item) {
  const giving = new AbortController();
  Object.assign(item, { state: 'uploading', part: 0, giveUp: () => giving.abort() });
  const onProgress = (part) => {
    item.part = part;
    progressed(item);
  };
  try {
    item.attachment = await api.upload(item.room, item.file, { signal: giving.signal, onProgress });
    keepUploaded(item.attachment);
    item.state = 'done';
  } catch (error) {
    Object.assign(item, { state: 'failed', error });
  }
  uploadNext();
}

/** The connection is back. */
export function resumeUploads() {
  for (const item of allChosen()) {
    if (item.state === 'failed' && item.error.code === 'OFFLINE') item.state = 'waiting';
  }
  uploadNext();
}

function forget(isGone) {
  for (const [place, items] of chosen) {
    items.filter(isGone).forEach(drop);
    const left = items.filter((item) => !isGone(item));
    if (left.length > 0) chosen.set(place, left);
    else chosen.delete(place);
  }
  uploadNext();
}

function drop({ giveUp, preview }) {
  giveUp?.();
  if (preview) URL.revokeObjectURL(preview);
}

/** Those of one place where one writes: the room's, or a thread's. */
export class Uploads {
  #part;
  #place;

  /** `prefix`: of the ids of its parts. `place` gives the id of what is written in, the open room or the open thread's root; `opened`
   *  tells that it is another one. */
  constructor({ prefix = '', place, opened }) {
    this.#part = (id) => $(prefix + id);
    this.#place = place;
    on(`${prefix}attach`, 'click', () => this.#part('file').click());
    on(`${prefix}file`, 'change', () => {
      this.#add([...this.#part('file').files]);
      this.#part('file').value = '';
    });
    on(`${prefix}text`, 'paste', (event) => {
      const files = [...event.clipboardData.files];
      // A copied table comes as a picture, too.
      if (files.length === 0 || event.clipboardData.getData('text/plain')) return;
      event.preventDefault();
      this.#add(files);
    });
    this.#heedDrops();
    for (const change of [opened, languageChanged, uploadsChanged]) change.on(() => this.#show());
    progressed.on((item) => this.#showProgress(item));
  }

  #heedDrops() {
    const target = this.#part('drop');
    target.parentElement.addEventListener('dragenter', (event) => {
      if (isOfFiles(event) && this.#canAttach) target.hidden = false;
    });
    target.addEventListener('dragleave', () => (target.hidden = true));
    target.addEventListener('drop', ({ dataTransfer }) => {
      target.hidden = true;
      this.#add([...dataTransfer.files]);
    });
  }

  get #here() {
    return chosen.get(this.#place()) ?? [];
  }

  get #canAttach() {
    return !this.#part('composer').hidden && !this.#part('attach').hidden;
  }

  /** Takes files for the next message, and begins to upload them. */
  #add(files) {
    const [place, room] = [this.#place(), openUuid()];
    if (!place || !this.#canAttach) return;
    const left = MOST - this.#here.length;
    if (files.length > left) toast(t('tooManyFiles', MOST));
    const items = files.slice(0, left).map((file) => {
      const preview = file.type.startsWith('image/') ? URL.createObjectURL(file) : undefined;
      return { key: String(++lastKey), place, room, file, name: file.name, size: file.size, preview, state: 'waiting', part: 0 };
    });
    chosen.set(place, [...this.#here, ...items]);
    uploadNext();
    this.#part('text').focus();
  }

  // What becomes of them

  get any() {
    return this.#here.length > 0;
  }

  /** What a draft holds of them; nothing, and a word why, while they are not all there. */
  take() {
    const items = this.#here;
    const isReady = items.every(({ state }) => state === 'done');
    if (!isReady) {
      toast(t(items.some(({ state }) => state === 'failed') ? 'filesFailed' : 'filesUploading'));
      return undefined;
    }
    if (items.length === 0) return { type: 'TEXT' };
    const areAllPictures = items.every(({ attachment: { mediaType } }) => mediaType.startsWith('image/'));
    return { type: areAllPictures ? 'IMAGE' : 'TEXT', attachments: items.map(({ attachment }) => attachment.attachmentUuid) };
  }

  /** They are sent. */
  end() {
    const place = this.#place();
    forget((item) => item.place === place);
  }

  /** What was refused is to be sent once more, from where it was written. */
  putBack(room, ids, place = room) {
    const back = filesOfDraft(room, ids).map((attachment) => (
      { key: String(++lastKey), place, room, name: attachment.name, size: attachment.size, state: 'done', part: 1, attachment }
    ));
    chosen.set(place, [...back, ...(chosen.get(place) ?? [])].slice(0, MOST));
    uploadsChanged();
  }

  #remove(gone) {
    forget((item) => item === gone);
    // It counts among those that one may keep until it is gone, which it is in a day anyway.
    if (gone.attachment) api.discard(gone.room, gone.attachment.attachmentUuid).catch(() => {});
    this.#part('text').focus();
  }

  // Drawn

  #show() {
    const list = this.#part('files');
    list.hidden = !this.any;
    fillList(list, this.#here.map((item) => this.#card(item)));
  }

  #showProgress({ key, part }) {
    const bar = this.#part('files').querySelector(`[data-key="${key}"] progress`);
    if (bar) bar.value = part;
  }

  #card(item) {
    const { key, name, size, preview, state, part, error, attachment } = item;
    const isKnown = attachment && !isPicture(attachment);
    const picture = preview && !isKnown ? el('img', { src: preview, alt: '' }) : icon(preview || (attachment && !isKnown) ? 'picture' : 'file');
    const how = state === 'failed' ? el('span', { className: 'error', role: 'alert', textContent: explain(error, wordsOf(error)) })
      : state === 'done' ? el('span', { className: 'muted', textContent: sizeOf(size) })
        : el('progress', { max: 1, value: part, ariaLabel: t('uploading', name) });
    const retry = () => {
      item.state = 'waiting';
      uploadNext();
    };
    return el('li', { className: `upload ${state}`, dataset: { key } },
      el('span', { className: 'preview' }, picture),
      el('span', { className: 'who' }, el('strong', { textContent: name, dir: 'auto', title: name }), how),
      state === 'failed' && PASSING.includes(error.code) && textButton(t('uploadAgain'), retry, 'link'),
      iconButton('close', t('removeFile', name), () => this.#remove(item), 'icon quiet'));
  }
}

/** Why a file was not taken. */
function wordsOf({ code, field }) {
  const words = { PAYLOAD_TOO_LARGE: t('fileTooLarge'), TYPE_NOT_ALLOWED: t('fileNotAllowed'), FORBIDDEN: t('unreachable') };
  return code === 'INVALID_INPUT' && field !== 'name' ? { INVALID_INPUT: t('fileBroken') } : words;
}
