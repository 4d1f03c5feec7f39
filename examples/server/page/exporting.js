// All that the server keeps of one, as a file.

import { api } from './api.js';
import { el } from './dom.js';
import { explain } from './errors.js';
import { t } from './texts.js';

/** A part of the settings: what it is, and a button that downloads it. */
export function exportSection() {
  const button = el('button', { type: 'button', id: 'download-data', className: 'soft', textContent: t('downloadData') });
  const said = el('p', { className: 'muted', role: 'status' });
  button.onclick = () => download(button, said);
  return el('section', {}, el('h3', { textContent: t('yourData') }), el('p', { className: 'muted', textContent: t('yourDataText') }), button, said);
}

async function download(button, said) {
  // Not disabled, so that the keyboard stays where it is.
  if (button.ariaBusy === 'true') return;
  button.ariaBusy = 'true';
  say(said, t('preparingData'));
  try {
    save(await api.export(), `chat-export-${new Date().toJSON().slice(0, 10)}.jsonl`);
    say(said, t('dataDownloaded'));
  } catch (error) {
    say(said, explain(error, { INCOMPLETE: t('dataIncomplete') }), true);
  } finally {
    button.ariaBusy = 'false';
  }
}

function say(said, words, isError = false) {
  said.textContent = words;
  said.className = isError ? 'error' : 'muted';
}

/** A browser that loads an address by itself sends no token, so it is given the bytes. */
function save(bytes, name) {
  const href = URL.createObjectURL(bytes);
  el('a', { href, download: name }).click();
  // Only once the browser has begun to read it.
  setTimeout(() => URL.revokeObjectURL(href), 60_000);
}
