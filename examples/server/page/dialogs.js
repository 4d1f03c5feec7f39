// The one dialog that asks: to confirm, for a text, or which of several.

import { $, el, on, onSubmit, textButton } from './dom.js';
import { explain } from './errors.js';
import { t } from './texts.js';

let act;
let words;

export function startDialogs() {
  on('ask-cancel', 'click', () => $('ask').close());
  onSubmit('ask-form', async () => {
    $('ask-error').textContent = '';
    $('ask-action').disabled = true;
    try {
      await act($('ask-input').value.trim());
      $('ask').close();
    } catch (error) {
      $('ask-error').textContent = explain(error, words);
    } finally {
      $('ask-action').disabled = false;
    }
  });
}

/**
 * Asks, and runs `act` with what was written. It closes when that succeeds, and shows what went wrong.
 * `label` and `value`: of an input, which may be left empty where it `isOptional`. `content`: more to choose from. `isDangerous`: it cannot be undone.
 */
export function ask(question) {
  act = question.act;
  words = question.words;
  $('ask-title').textContent = question.title;
  $('ask-text').textContent = question.text ?? '';
  $('ask-label').replaceChildren(question.label ?? '', ...(question.isOptional ? [' ', el('span', { className: 'muted optional', textContent: t('optional') })] : []));
  $('ask-label').hidden = $('ask-input').hidden = !question.label;
  $('ask-input').value = question.value ?? '';
  $('ask-input').required = Boolean(question.label) && !question.isOptional;
  $('ask-content').replaceChildren(...(question.content ?? []));
  $('ask-error').textContent = '';
  $('ask-action').textContent = question.action ?? '';
  $('ask-action').hidden = !question.action;
  $('ask-action').disabled = false;
  $('ask-action').className = question.isDangerous ? 'danger' : 'primary';
  if (!$('ask').open) $('ask').showModal();
  if (question.label) $('ask-input').select();
}

/** Lets one choose: {label, act, isDangerous?} each. */
export function choose(title, choices) {
  const content = choices.map(({ label, act: choice, isDangerous }) => {
    const chosen = () => ($('ask').close(), choice());
    return el('li', {}, textButton(label, chosen, isDangerous ? 'choice dangerous' : 'choice'));
  });
  ask({ title, content: [el('ul', { className: 'choices' }, ...content)] });
}
