// The pictures of a message, one at a time and as large as the window.

import { $, el, on } from './dom.js';
import { addressOf, download } from './file-links.js';
import { attempt } from './notices.js';
import { t } from './texts.js';

let pictures = [];
let at = 0;

export function startViewer() {
  on('viewer-close', 'click', () => $('viewer').close());
  on('viewer-download', 'click', () => download(pictures[at]));
  on('viewer-before', 'click', () => go(-1));
  on('viewer-after', 'click', () => go(1));
  on('viewer', 'keydown', ({ key }) => {
    if (key === 'ArrowLeft') go(-1);
    if (key === 'ArrowRight') go(1);
  });
  // Beside the picture.
  on('viewer-stage', 'click', ({ target }) => !target.closest('img, button') && $('viewer').close());
  on('viewer', 'close', () => $('viewer-picture').replaceChildren());
}

export function openViewer(all, first) {
  pictures = all;
  at = all.indexOf(first);
  $('viewer').showModal();
  attempt(show);
}

function go(step) {
  const next = at + step;
  if (!pictures[next]) return;
  at = next;
  attempt(show);
}

async function show() {
  const picture = pictures[at];
  const { name } = picture;
  $('viewer-name').textContent = name;
  $('viewer-count').textContent = pictures.length > 1 ? t('countOf', at + 1, pictures.length) : '';
  for (const [id, isEnd] of [['viewer-before', at === 0], ['viewer-after', at === pictures.length - 1]]) {
    $(id).hidden = pictures.length === 1;
    $(id).disabled = isEnd;
  }
  const image = el('img', { alt: t('pictureNamed', name) });
  image.onload = () => image.classList.add('loaded');
  $('viewer-picture').replaceChildren(image);
  image.src = await addressOf(picture);
}
