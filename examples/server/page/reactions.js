// The reactions on a message: a small button each, below it, which says who has left them.

import { api, chat, me } from './api.js';
import { el } from './dom.js';
import { attempt } from './notices.js';
import { t } from './texts.js';

/** More people than so many are only counted. */
const MOST = 12;

/** Shows a message's reactions in `body`, above its thread, in place of those that stand there, and keeps the keyboard's place. */
export function showReactions(body, message) {
  const before = body.querySelector('.reactions');
  const key = before?.contains(document.activeElement) && document.activeElement.dataset.key;
  before?.remove();
  const { reactions = [], ownReactions = [] } = message;
  const buttons = reactions.map((one) => button(message, one, ownReactions.includes(one.reaction)));
  if (buttons.length > 0) body.insertBefore(el('div', { className: 'reactions', role: 'group', ariaLabel: t('reactions') }, ...buttons), body.querySelector('.thread'));
  if (key) (buttons.find(({ dataset }) => dataset.key === key) ?? body.querySelector('.more'))?.focus({ preventScroll: true });
}

function button(message, { reaction, count }, isOwn) {
  const node = el('button', {
    type: 'button', className: 'reaction', dataset: { key: reaction }, ariaPressed: String(isOwn),
  }, el('span', { textContent: reaction }), ' ', el('span', { className: 'count', textContent: count }));
  node.onclick = () => attempt(() => chat.react(message.roomUuid, message.messageUuid, reaction, !isOwn));
  node.onpointerenter = node.onfocus = async () => {
    // It is told once more when one points again.
    node.title ||= await names(message, reaction, count).catch(() => '');
  };
  return node;
}

/** The message that was asked about last, and its first page. */
let asked;

async function names({ roomUuid, messageUuid, version }, reaction, count) {
  if (asked?.messageUuid !== messageUuid || asked.version !== version) {
    const page = api.reactions(roomUuid, messageUuid);
    asked = { messageUuid, version, page };
    page.catch(() => { asked = undefined; });
  }
  const { reactions } = await asked.page;
  const users = reactions.filter((one) => one.reaction === reaction).map(({ user }) => user).slice(0, MOST);
  const shown = users.map(({ userUuid, nickname }) => (userUuid === me.userUuid ? t('you') : nickname));
  return t('reactedBy', shown, Math.max(0, count - shown.length));
}
