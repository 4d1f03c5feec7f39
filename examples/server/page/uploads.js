// Files that are to be sent with the next message: chosen, dropped or pasted, uploaded at once, and shown above where
// one writes until they are sent.

import { api } from './api.js';
import { $, el, fillList, icon, iconButton, on, textButton } from './dom.js';
import { explain } from './errors.js';
import { filesOfDraft, isPicture, keepUploaded } from './files.js';
import { toast } from './notices.js';
import { openUuid, roomOpened } from './room.js';
import { roomDropped } from './rooms.js';
import { languageChanged, sizeOf, t } from './texts.js';

/** A message has no more, unless the server says otherwise. */
const MOST = 10;
/** Uploads at once. A server takes a few of one person. */
const AT_ONCE = 2;
/** Refusals that may come to nothing when it is tried again. */
const PASSING = ['OFFLINE', 'RATE_LIMITED', 'UNAVAILABLE'];

/** By room: {key, name, size, file?, preview?, state, part, error?, attachment?, giveUp?}. `state`: waiting, uploading, done or failed. */
const chosen = new Map();
let lastKey = 0;

const here = () => chosen.get(openUuid()) ?? [];

export function startUploads() {
  on('attach', 'click', () => $('file').click());
  on('file', 'change', () => {
    add([...$('file').files]);
    $('file').value = '';
  });
  on('text', 'paste', (event) => {
    const files = [...event.clipboardData.files];
    // A copied table comes as a picture, too.
    if (files.length === 0 || event.clipboardData.getData('text/plain')) return;
    event.preventDefault();
    add(files);
  });
  startDropping();
  roomOpened.on(show);
  languageChanged.on(show);
  roomDropped.on(({ roomUuid }) => forget(roomUuid));
}

/** Onto the open room. Anywhere else the browser would leave the page for the file. */
function startDropping() {
  const hasFiles = ({ dataTransfer }) => dataTransfer?.types.includes('Files');
  for (const name of ['dragover', 'drop']) {
    document.addEventListener(name, (event) => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      event.dataTransfer.dropEffect = $('drop').contains(event.target) ? 'copy' : 'none';
    });
  }
  on('chat-room', 'dragenter', (event) => {
    if (hasFiles(event) && canAttach()) $('drop').hidden = false;
  });
  on('drop', 'dragleave', () => ($('drop').hidden = true));
  on('drop', 'drop', ({ dataTransfer }) => {
    $('drop').hidden = true;
    add([...dataTransfer.files]);
  });
}

const canAttach = () => !$('composer').hidden && !$('attach').hidden;

/** Takes files for the open room's next message, and begins to upload them. */
function add(files) {
  const room = openUuid();
  if (!room || !canAttach()) return;
  const left = MOST - here().length;
  if (files.length > left) toast(t('tooManyFiles', MOST));
  const items = files.slice(0, left).map((file) => {
    const preview = file.type.startsWith('image/') ? URL.createObjectURL(file) : undefined;
    return { key: String(++lastKey), room, file, name: file.name, size: file.size, preview, state: 'waiting', part: 0 };
  });
  chosen.set(room, [...here(), ...items]);
  uploadNext();
  $('text').focus();
}

function uploadNext() {
  show();
  const all = [...chosen.values()].flat();
  const going = all.filter(({ state }) => state === 'uploading').length;
  const next = all.find(({ state }) => state === 'waiting');
  if (!next || going >= AT_ONCE) return;
  upload(next);
  uploadNext();
}

async function upload(item) {
  const giving = new AbortController();
  Object.assign(item, { state: 'uploading', part: 0, giveUp: () => giving.abort() });
  const onProgress = (part) => {
    item.part = part;
    showProgress(item);
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
  for (const item of [...chosen.values()].flat()) {
    if (item.state === 'failed' && item.error.code === 'OFFLINE') item.state = 'waiting';
  }
  uploadNext();
}

// What becomes of them

export const hasFiles = () => here().length > 0;

/** What a draft holds of them; nothing, and a word why, while they are not all there. */
export function takeFiles() {
  const items = here();
  const isReady = items.every(({ state }) => state === 'done');
  if (!isReady) {
    toast(t(items.some(({ state }) => state === 'failed') ? 'filesFailed' : 'filesUploading'));
    return undefined;
  }
  const areAllPictures = items.every(({ attachment: { mediaType } }) => mediaType.startsWith('image/'));
  return { type: areAllPictures ? 'IMAGE' : 'TEXT', attachments: items.map(({ attachment }) => attachment.attachmentUuid) };
}

/** They are sent. */
export function endFiles() {
  forget(openUuid());
  show();
}

/** What was refused is to be sent once more. */
export function putFilesBack(room, ids) {
  const back = filesOfDraft(room, ids).map((attachment) => (
    { key: String(++lastKey), room, name: attachment.name, size: attachment.size, state: 'done', part: 1, attachment }
  ));
  chosen.set(room, [...back, ...(chosen.get(room) ?? [])].slice(0, MOST));
  show();
}

function forget(room) {
  (chosen.get(room) ?? []).forEach(drop);
  chosen.delete(room);
}

function drop({ giveUp, preview }) {
  giveUp?.();
  if (preview) URL.revokeObjectURL(preview);
}

function remove(item) {
  drop(item);
  chosen.set(item.room, chosen.get(item.room).filter((other) => other !== item));
  uploadNext();
  $('text').focus();
}

// Drawn

function show() {
  const items = here();
  $('files').hidden = items.length === 0;
  fillList($('files'), items.map(card));
}

function showProgress({ key, part }) {
  const bar = $('files').querySelector(`[data-key="${key}"] progress`);
  if (bar) bar.value = part;
}

function card(item) {
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
    iconButton('close', t('removeFile', name), () => remove(item), 'icon quiet'));
}

/** Why a file was not taken. */
function wordsOf({ code, field }) {
  const words = { PAYLOAD_TOO_LARGE: t('fileTooLarge'), TYPE_NOT_ALLOWED: t('fileNotAllowed'), FORBIDDEN: t('unreachable') };
  return code === 'INVALID_INPUT' && field !== 'name' ? { INVALID_INPUT: t('fileBroken') } : words;
}
