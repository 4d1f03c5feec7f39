// The invite links of the open room, in a panel beside it: they are made, copied and revoked. Whoever comes by one is in
// arriving.js.

import { inviteLink } from './address.js';
import { announceText } from './announcer.js';
import { api, me } from './api.js';
import { ask } from './dialogs.js';
import { $, el, fillList, on, onSubmit, textButton } from './dom.js';
import { loader } from './loading.js';
import { nicknameOf, noteName } from './names.js';
import { attempt } from './notices.js';
import { openUuid, roomOpened } from './room.js';
import { may, rooms, roomsChanged } from './rooms.js';
import { closeSide, isBeside, openSide } from './side.js';
import { dayTurned, languageChanged, t, timeOf, untilOf } from './texts.js';

/** For so many milliseconds a button says that it has copied. */
const COPIED = 2500;
/** What has expired is looked for after so many milliseconds at the soonest, and at the latest: this clock may be wrong. */
const [SOON, LATE] = [5000, 3_600_000];

/** Those of the open room that hold, the newest first. */
let links = [];
let isLoaded = false;
/** The code of the one that was copied just now. */
let copied;
let isMaking = false;
let copiedTimer;
let expiryTimer;

const mayInvite = (room) => room?.type !== 'DIRECT' && may(room, 'invite');

/** Whether one makes links, or may at least revoke them. */
export const seesLinks = (room) => mayInvite(room) || (room?.type !== 'DIRECT' && may(room, 'remove'));

export function startInviting() {
  on('links-open', 'click', openPanel);
  onSubmit('link-form', () => attempt(make));
  roomOpened.on(forget);
  roomsChanged.on((uuid) => {
    if (!isBeside('invite-links') || (uuid && uuid !== openUuid())) return;
    if (seesLinks(rooms.get(openUuid()))) showForm();
    else closeSide();
  });
  for (const change of [languageChanged, dayTurned]) change.on(show);
}

function forget() {
  [links, isLoaded, copied] = [[], false, undefined];
}

function openPanel() {
  forget();
  // The button that the keyboard comes from stands in a panel that is closed by this.
  openSide('invite-links', $('invite-links').querySelector('.close'), () => $('people-open'));
  show();
  attempt(load);
}

const load = loader(async (uuid = openUuid()) => {
  // Those for one person alone are invitations.
  const found = (await api.invites(uuid)).filter(({ userUuid }) => userUuid === null);
  if (found.some(({ createdBy }) => createdBy !== null && !nicknameOf(createdBy))) (await api.participants(uuid)).forEach(noteName);
  return { uuid, found };
}, ({ uuid, found }) => {
  if (uuid !== openUuid()) return;
  links = found;
  isLoaded = true;
  show();
  awaitExpiry();
});

/** Somebody has come in, perhaps by one of them, or the connection is there again: nothing is told of links. */
export function refreshLinks(roomUuid = openUuid()) {
  if (roomUuid === openUuid() && isBeside('invite-links')) load().catch(() => {});
}

function awaitExpiry() {
  clearTimeout(expiryTimer);
  const ends = links.filter(({ expiresAt }) => expiresAt).map(({ expiresAt }) => Date.parse(expiresAt));
  if (ends.length === 0) return;
  expiryTimer = setTimeout(refreshLinks, Math.max(SOON, Math.min(LATE, Math.min(...ends) - Date.now() + 500)));
}

// What people do

async function make() {
  // Pressed twice, it is one.
  if (isMaking) return;
  isMaking = true;
  try {
    const chosen = (id) => Number($(id).value) || undefined;
    const { code } = await api.createInvite(openUuid(), { expiresIn: chosen('link-time'), maxUses: chosen('link-uses') });
    await load();
    announceText(t('linkMade'));
    itemOf(code)?.querySelector('button').focus();
  } finally {
    isMaking = false;
  }
}

async function copy({ code }) {
  try {
    await navigator.clipboard.writeText(inviteLink(code));
  } catch {
    // There is no clipboard on a page that came without TLS, and none for a browser that asks and hears no.
    return showLink(code);
  }
  copied = code;
  show();
  announceText(t('linkCopied'));
  clearTimeout(copiedTimer);
  copiedTimer = setTimeout(() => {
    copied = undefined;
    show();
  }, COPIED);
}

/** Shows it, to be copied by hand. */
function showLink(code) {
  const field = el('input', { id: 'link-shown', readOnly: true, value: inviteLink(code) });
  ask({
    title: t('copyByHand'),
    content: [el('div', { className: 'field' }, el('label', { htmlFor: field.id, textContent: t('inviteLink') }), field)],
    action: t('putAway'),
    act: async () => {},
  });
  field.select();
}

function askToRevoke(link) {
  const at = links.indexOf(link);
  ask({ title: t('revokeTitle'), text: t('revokeText'), action: t('revoke'), isDangerous: true, act: () => revoke(link) });
  // The button that the keyboard came from is gone by then: it goes on with the next link.
  $('ask').addEventListener('close', () => {
    const { activeElement: has, body } = document;
    if ((has === body || $('ask').contains(has)) && $('invite-links').checkVisibility()) focusNear(at);
  }, { once: true });
}

async function revoke({ roomUuid, code }) {
  try {
    await api.revokeInvite(roomUuid, code);
  } catch (error) {
    // It holds no more, which is what was wanted.
    if (error.code !== 'INVITE_NOT_FOUND') throw error;
  }
  links = links.filter((one) => one.code !== code);
  show();
  announceText(t('linkRevoked'));
  refreshLinks(roomUuid);
}

// Drawn

const itemOf = (code) => [...$('links-list').children].find(({ dataset }) => dataset.key === code);

function focusNear(at) {
  const next = $('links-list').children[Math.min(at, links.length - 1)]?.querySelector('button');
  const [first] = [next, $('link-make'), $('invite-links').querySelector('.close')].filter((button) => button?.checkVisibility());
  first.focus();
}

function showForm() {
  $('link-form').hidden = !mayInvite(rooms.get(openUuid()));
}

function show() {
  if (!isBeside('invite-links')) return;
  showForm();
  const hadFocus = $('links-list').contains(document.activeElement);
  fillList($('links-list'), links.map(item));
  $('links-empty').hidden = links.length > 0 || !isLoaded;
  // One that has ended takes its buttons with it.
  if (hadFocus && !$('links-list').contains(document.activeElement)) $('invite-links').querySelector('.close').focus();
}

function item(link) {
  const { code, createdBy, expiresAt, maxUses, uses } = link;
  const until = expiresAt ? t('untilWhen', untilOf(expiresAt)) : t('neverExpires');
  const used = t('linkUsed', uses, maxUses);
  const maker = createdBy === null ? t('theHost') : nicknameOf(createdBy) ?? createdBy;
  const words = createdBy === me.userUuid ? used : `${used} · ${t('linkBy', maker)}`;
  const buttons = [
    textButton(t(copied === code ? 'copied' : 'copyLink'), () => copy(link), 'small soft'),
    textButton(t('revoke'), () => askToRevoke(link), 'small soft'),
  ];
  // Which one of several it is.
  for (const button of buttons) button.ariaLabel = `${button.textContent}: ${until}, ${words}`;
  return el('li', { className: 'person asking', dataset: { key: code } },
    el('span', { className: 'who' },
      el('strong', { textContent: until, title: expiresAt ? timeOf(new Date(expiresAt)) : '' }),
      el('span', { className: 'muted words', textContent: words, dir: 'auto' })),
    el('span', { className: 'answers' }, ...buttons));
}
