// What one can do with a message: react to it, answer it, pass it on, pin it, report it, delete it for oneself, and edit or
// delete one's own.

import { chat, me } from './api.js';
import { ask } from './dialogs.js';
import { $, el, icon, on, onSubmit } from './dom.js';
import { explain } from './errors.js';
import { askToReport, mayModerate } from './moderating.js';
import { attempt } from './notices.js';
import { may, rooms } from './rooms.js';
import { signal } from './signal.js';
import { t } from './texts.js';
import { askForThread } from './threads.js';

const EMOJI = ['👍', '❤️', '😂', '🎉', '😮', '😢', '🙏', '👀'];
/** From the window's edge and from its button. */
const GAP = 8;

/** Tells of a message that one wants to edit, and whether in its thread. */
export const editAsked = signal();

/** Tells of a message that one wants to answer. */
export const answerAsked = signal();

/** Tells of a message that one wants to pass on. */
export const forwardAsked = signal();

/** The message that it is open for, and whether that is in the panel of its thread. */
let chosen;
let isInThread = false;

export function startMessageMenu() {
  $('emoji').replaceChildren(...EMOJI.map((emoji, n) => (
    el('button', { type: 'button', textContent: emoji, autofocus: n === 0, onclick: () => react(emoji, !isOwn(emoji)) })
  )));
  on('emoji', 'keydown', moveAlong);
  onSubmit('reaction-form', () => {
    const reaction = $('reaction').value.trim();
    if (reaction) react(reaction, true);
  });
  const answerInThread = (message) => askForThread(message, { isWriting: true });
  const choices = { 'answer-message': answerAsked, 'thread-message': answerInThread, 'forward-message': forwardAsked, 'pin-message': pin, 'report-message': askToReport, 'edit-message': editAsked, 'delete-message': askToDelete, 'hide-message': askToHide };
  for (const [id, act] of Object.entries(choices)) {
    on(id, 'click', () => {
      $('menu').hidePopover();
      act(chosen, isInThread);
    });
  }
}

/** The button that opens it. `current` gives the message as it is by then. */
export function menuButton(current) {
  const isMine = current().sender.userUuid === me.userUuid;
  const label = t(isMine ? 'reactOrChange' : 'reactOrAnswer');
  const button = el('button', { type: 'button', className: 'more', ariaLabel: label, title: label }, icon('more'));
  button.popoverTargetElement = $('menu');
  button.onclick = () => open(current(), button);
  return button;
}

const isOwn = (reaction) => Boolean(chosen.ownReactions?.includes(reaction));

/** Fills it. The browser shows and hides it, and gives the keyboard back. */
function open(message, button) {
  chosen = message;
  isInThread = Boolean(button.closest('#thread'));
  for (const one of $('emoji').children) one.ariaPressed = String(isOwn(one.textContent));
  $('reaction').value = '';
  $('reaction-error').textContent = '';
  const room = rooms.get(message.roomUuid);
  $('answer-message').hidden = $('thread-message').hidden = isInThread || !may(room, 'send');
  $('pin-message').hidden = !may(room, 'pin');
  $('pin-message').querySelector('span').textContent = t(message.pinned ? 'unpin' : 'pin');
  const isMine = message.sender.userUuid === me.userUuid;
  $('report-message').hidden = isMine;
  $('edit-message').hidden = !isMine;
  $('own-message').hidden = !isMine && !mayModerate(room);
  // It has no size before it is shown, and the message may be drawn anew by then.
  const around = button.getBoundingClientRect();
  requestAnimationFrame(() => place(around));
}

/** Above the button where there is room, else below it, and within the window. */
function place({ left, right, top, bottom }) {
  const { offsetWidth: width, offsetHeight: height, style } = $('menu');
  const within = (at, size, all) => `${Math.max(GAP, Math.min(at, all - size - GAP))}px`;
  style.left = within((left + right - width) / 2, width, innerWidth);
  style.top = within(top - height - GAP >= GAP ? top - height - GAP : bottom + GAP, height, innerHeight);
}

/** The arrows go along the emoji. */
function moveAlong(event) {
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (!step) return;
  event.preventDefault();
  const buttons = [...$('emoji').children];
  buttons.at((buttons.indexOf(document.activeElement) + step) % buttons.length).focus();
}

async function react(reaction, isOn) {
  $('reaction-error').textContent = '';
  try {
    await chat.react(chosen.roomUuid, chosen.messageUuid, reaction, isOn);
    $('menu').hidePopover();
  } catch (error) {
    $('reaction-error').textContent = explain(error);
  }
}

const pin = ({ roomUuid, messageUuid, pinned }) => attempt(() => chat.pin(roomUuid, messageUuid, !pinned));

function askToDelete({ roomUuid, messageUuid }) {
  askFirst({ title: t('deleteTitle'), text: t('deleteText'), words: { FORBIDDEN: t('tooLate') } }, () => chat.delete(roomUuid, messageUuid));
}

function askToHide({ roomUuid, messageUuid }) {
  askFirst({ title: t('hideTitle'), text: t('hideText') }, () => chat.hide(roomUuid, messageUuid));
}

function askFirst(question, remove) {
  ask({
    ...question,
    action: t('delete'),
    isDangerous: true,
    async act() {
      await remove();
      // The button that the keyboard came from is gone.
      $('ask').addEventListener('close', () => $(isInThread ? 'thread-scroller' : 'scroller').focus({ preventScroll: true }), { once: true });
    },
  });
}
