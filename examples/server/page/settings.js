// What one lets others see of oneself: whether one is here, when one was last seen, and what one has read. And one's own data.

import { api } from './api.js';
import { ask } from './dialogs.js';
import { el, on } from './dom.js';
import { exportSection } from './exporting.js';
import { attempt } from './notices.js';
import { signal } from './signal.js';
import { t } from './texts.js';

let settings = { lastSeen: 'everyone', invisible: false, readReceipts: true };

export const settingsChanged = signal();

export const isInvisible = () => settings.invisible;

export function startSettings() {
  on('settings-open', 'click', () => attempt(async () => {
    await loadSettings();
    openDialog();
  }));
}

export const loadSettings = async () => takeSettings(await api.settings());

/** They may have been changed on another device. */
export function takeSettings({ lastSeen, invisible, readReceipts }) {
  settings = { lastSeen, invisible, readReceipts };
  settingsChanged();
}

function openDialog() {
  const invisible = el('input', { id: 'set-invisible', type: 'checkbox', checked: settings.invisible });
  const receipts = el('input', { id: 'set-receipts', type: 'checkbox', checked: settings.readReceipts });
  const choices = [['everyone', 'seenByEveryone'], ['friends', 'seenByFriends'], ['nobody', 'seenByNobody']];
  const lastSeen = el('select', { id: 'set-last-seen' }, ...choices.map(([value, label]) => el('option', { value, textContent: t(label) })));
  lastSeen.value = settings.lastSeen;
  const check = (box, label, hint) => (
    el('label', { className: 'check' }, box, el('span', {}, t(label), el('small', { className: 'muted', textContent: t(hint) })))
  );
  ask({
    title: t('settings'),
    content: [
      el('section', {},
        el('h3', { textContent: t('whatOthersSee') }),
        check(invisible, 'setInvisible', 'setInvisibleText'),
        check(receipts, 'setReceipts', 'setReceiptsText'),
        el('div', { className: 'field' }, el('label', { htmlFor: lastSeen.id, textContent: t('setLastSeen') }), lastSeen)),
      exportSection(),
    ],
    action: t('save'),
    act: async () => takeSettings(await api.updateSettings({
      invisible: invisible.checked, readReceipts: receipts.checked, lastSeen: lastSeen.value,
    })),
  });
}
