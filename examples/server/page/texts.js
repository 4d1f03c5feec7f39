// What the page says, in the language that the reader chose, and how it writes times.

import { signal } from './signal.js';
import en from './texts.en.js';
import ko from './texts.ko.js';

const LANGUAGES = { en, ko };

let language;
let formats;

/** Tells that all texts are to be drawn anew. */
export const languageChanged = signal();

/** Tells that today is another day. */
export const dayTurned = signal();

export function awaitMidnight() {
  const next = new Date(midnight(Date.now()));
  next.setDate(next.getDate() + 1);
  setTimeout(() => {
    dayTurned();
    awaitMidnight();
  }, next - Date.now() + 500);
}

/** The text of a key. Where it has gaps, it is a function of what fills them. */
export function t(key, ...values) {
  const text = LANGUAGES[language][key];
  return typeof text === 'function' ? text(...values) : text;
}

export const hasText = (key) => key in en;

export function firstLanguage() {
  const kept = localStorage.getItem('language');
  return kept in LANGUAGES ? kept : navigator.language.startsWith('ko') ? 'ko' : 'en';
}

export const currentLanguage = () => language;

/** Speaks this language from now on. */
export function speak(code) {
  language = code;
  document.documentElement.lang = code;
  const format = (options) => new Intl.DateTimeFormat(code, options);
  formats = {
    clock: format({ hour: 'numeric', minute: '2-digit' }),
    longDate: format({ weekday: 'long', day: 'numeric', month: 'long' }),
    moment: format({ dateStyle: 'medium', timeStyle: 'short' }),
    fullDate: format({ weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' }),
    shortDate: format({ day: 'numeric', month: 'short' }),
    ago: new Intl.RelativeTimeFormat(code, { numeric: 'auto' }),
    span: (unit) => new Intl.NumberFormat(code, { style: 'unit', unit, unitDisplay: 'long' }),
    size: (unit) => new Intl.NumberFormat(code, { style: 'unit', unit, unitDisplay: unit === 'byte' ? 'long' : 'short', maximumSignificantDigits: 3 }),
  };
  translate(document);
  languageChanged();
}

/** The texts that stand in the HTML: `data-t` within a node, `data-t-label` and `data-t-hint` around it. */
function translate(root) {
  for (const node of root.querySelectorAll('[data-t]')) node.textContent = t(node.dataset.t);
  for (const node of root.querySelectorAll('[data-t-hint]')) node.placeholder = t(node.dataset.tHint);
  for (const node of root.querySelectorAll('[data-t-label]')) {
    node.ariaLabel = t(node.dataset.tLabel);
    if (node.matches('button, a')) node.title = node.ariaLabel;
  }
}

/** What a SYSTEM message tells, in the reader's language; a kind from a later server in the server's. */
export function systemText({ kind, sender, content }) {
  const texts = { joined: 'systemJoined', left: 'systemLeft', removed: 'systemRemoved', renamed: 'systemRenamed' };
  return kind in texts ? t(texts[kind], sender.nickname) : content;
}

/** What a message says, in a line of its own. */
export function wordsOf({ content, type, deletedAt, attachments = [] }) {
  if (deletedAt) return t('messageDeleted');
  if (content) return content;
  if (type === 'IMAGE') return attachments.length > 1 ? t('pictures', attachments.length) : t('picture');
  return attachments.length > 1 ? t('fileCount', attachments.length) : attachments[0]?.name ?? t('file');
}

// Times

export const midnight = (at) => new Date(at).setHours(0, 0, 0, 0);
const daysAgo = (at) => Math.round((midnight(Date.now()) - midnight(at)) / 86_400_000);

export const clockOf = (at) => formats.clock.format(at);

export const timeOf = (at) => formats.moment.format(at);

export function dayOf(at) {
  const isThisYear = new Date(at).getFullYear() === new Date().getFullYear();
  return [t('today'), t('yesterday')][daysAgo(at)] ?? formats[isThisYear ? 'longDate' : 'fullDate'].format(at);
}

/** A time in a narrow place. */
export const whenOf = (at) => (daysAgo(at) === 0 ? clockOf(at) : daysAgo(at) === 1 ? t('yesterday') : formats.shortDate.format(at));

export function agoOf(at) {
  const minutes = Math.round((at - Date.now()) / 60_000);
  if (minutes > -1) return t('justNow');
  if (minutes > -60) return formats.ago.format(minutes, 'minute');
  if (minutes > -24 * 60) return formats.ago.format(Math.round(minutes / 60), 'hour');
  return formats.ago.format(-Math.max(1, daysAgo(at)), 'day');
}

/** How many bytes, as people say it. */
export function sizeOf(bytes) {
  const [unit, size] = bytes < 1000 ? ['byte', bytes] : bytes < 1_000_000 ? ['kilobyte', bytes / 1000] : ['megabyte', bytes / 1_000_000];
  return formats.size(unit).format(size);
}

/** How long so many seconds are: 1 minute 30 seconds. */
export function spanOf(seconds) {
  const parts = [['hour', Math.floor(seconds / 3600)], ['minute', Math.floor((seconds % 3600) / 60)], ['second', seconds % 60]];
  return parts.filter(([, count]) => count > 0).map(([unit, count]) => formats.span(unit).format(count)).join(' ');
}

/** Until when; nothing, where it is for good. */
export function untilOf(time) {
  const at = new Date(time);
  if (!time || at.getUTCFullYear() >= 9999) return undefined;
  return daysAgo(at) === 0 ? clockOf(at) : timeOf(at);
}
