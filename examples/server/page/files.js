// The files of messages: pictures by their thumbnails, others by their names.

import { el, icon } from './dom.js';
import { addressOf, download } from './file-links.js';
import { sizeOf, t } from './texts.js';
import { openViewer } from './viewer.js';

/** What a browser shows as a picture. */
const SHOWN = ['image/jpeg', 'image/png', 'image/gif', 'image/webp', 'image/avif'];
/** The box of a single picture, in pixels. */
const BOX = { width: 300, height: 340, narrowest: 120 };
/** No longer than this times as high as wide, or as wide as high; beyond it, it is cut. */
const LONGEST = 3;

export const isPicture = ({ mediaType, width }) => SHOWN.includes(mediaType) && width > 0;

/** The files of a message, as they stand in its bubble. */
export function filesOf(files) {
  const pictures = files.filter(isPicture);
  const others = files.filter((file) => !isPicture(file));
  return [
    pictures.length > 0 && el('div', { className: 'pictures' }, ...pictures.map((file) => tile(file, pictures))),
    ...others.map(row),
  ].filter(Boolean);
}

/** Links are asked for as pictures come near, in the room and in a thread; where a browser knows no such margin, as they come into sight. */
const nearing = new IntersectionObserver((seen) => {
  for (const { target, isIntersecting } of seen) {
    if (!isIntersecting) continue;
    nearing.unobserve(target);
    target.load();
  }
}, { scrollMargin: '600px' });

/** A picture in a box of its own shape, so that nothing moves when it comes. */
function tile(file, all) {
  const image = el('img', { alt: t('pictureNamed', file.name), decoding: 'async' });
  const button = el('button', { type: 'button', className: 'tile', title: file.name, onclick: () => openViewer(all, file) }, image);
  if (all.length === 1) {
    const { width, ratio } = boxOf(file);
    button.style.width = `${width}px`;
    button.style.aspectRatio = ratio;
  }
  image.onload = () => button.classList.add('loaded');
  image.onerror = () => fail(button);
  button.load = async () => {
    try {
      image.src = await addressOf(file, true);
    } catch {
      fail(button);
    }
  };
  nearing.observe(button);
  return button;
}

const fail = (button) => {
  button.classList.add('gone');
  button.prepend(icon('picture'));
};

function boxOf({ width, height }) {
  const ratio = Math.max(1 / LONGEST, Math.min(LONGEST, width / height));
  const wide = Math.min(BOX.width, BOX.height * ratio, Math.max(width, BOX.narrowest));
  return { width: Math.round(Math.max(BOX.narrowest, wide)), ratio };
}

function row(file) {
  return el('button', { type: 'button', className: 'file', title: t('download', file.name), onclick: () => download(file) },
    icon('file'),
    el('span', { className: 'who' },
      el('strong', { textContent: file.name, dir: 'auto' }),
      el('span', { className: 'muted', textContent: sizeOf(file.size) })),
    icon('download'));
}

// What is uploaded and not sent. Until the server has the message, it is known by the ids of its files alone.

const KEPT = 'uploaded';
/** More than may wait in any message or two. */
const MOST_KEPT = 60;

const uploaded = () => JSON.parse(sessionStorage.getItem(KEPT) ?? '[]');

export function keepUploaded(file) {
  sessionStorage.setItem(KEPT, JSON.stringify([...uploaded(), file].slice(-MOST_KEPT)));
}

/** The files of a draft. One of an earlier tab is known by nothing but its id. */
export function filesOfDraft(room, ids = []) {
  const known = uploaded();
  const unknown = (attachmentUuid) => ({ attachmentUuid, roomUuid: room, name: t('file'), mediaType: '', size: 0, width: null, height: null });
  return ids.map((id) => known.find(({ attachmentUuid }) => attachmentUuid === id) ?? unknown(id));
}
