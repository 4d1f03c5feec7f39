// What those who look after a room do to its people: mute, remove, ban. And what anybody may: report a message.

import { api, me } from './api.js';
import { ask, choose } from './dialogs.js';
import { el } from './dom.js';
import { attempt, toast } from './notices.js';
import { may, ROLES, rooms } from './rooms.js';
import { signal } from './signal.js';
import { t } from './texts.js';

const [HOUR, DAY, WEEK] = [3600, 86_400, 604_800];

/** Tells of a room in which something was done. */
export const moderated = signal();

export const mayModerate = (room) => room?.type !== 'DIRECT' && may(room, 'moderate');

/** Whether one may do this to somebody: nobody does it to their like. */
export const mayActOn = (room, verb, { userUuid, role }) => (
  userUuid !== me.userUuid && room?.type !== 'DIRECT' && may(room, verb) && ROLES.indexOf(role) < ROLES.indexOf(room.role)
);

export const isMuted = ({ mutedUntil }) => Date.parse(mutedUntil) > Date.now();

/** Runs what was asked for, and tells of it. */
const act = (roomUuid, work, said) => async (...values) => {
  await work(...values);
  if (said) toast(said);
  moderated(roomUuid);
};

/** What can be done to somebody, to choose from. */
function choicesFor(roomUuid, person) {
  const { userUuid, nickname } = person;
  const muteFor = (seconds, label) => ({
    label, act: () => attempt(act(roomUuid, () => api.mute(roomUuid, userUuid, seconds), t('mutedSomebody', nickname))),
  });
  const unmute = { label: t('unmute'), act: () => attempt(act(roomUuid, () => api.unmute(roomUuid, userUuid), t('unmutedSomebody', nickname))) };
  return [
    ...(isMuted(person) ? [unmute] : []),
    muteFor(HOUR, t('muteHour')),
    muteFor(DAY, t('muteDay')),
    muteFor(undefined, t('muteForGood')),
    { label: t('ban'), act: () => askToBan(roomUuid, person), isDangerous: true },
  ];
}

/** `others`: what else can be done. */
export const chooseFor = (roomUuid, person, others) => choose(person.nickname, [...others, ...choicesFor(roomUuid, person)]);

/** Bans somebody, for a time that is chosen. `then` runs once it is done. */
export function askToBan(roomUuid, { userUuid, nickname }, then = () => {}) {
  const times = [[DAY, 'aDay'], [WEEK, 'aWeek'], [30 * DAY, 'aMonth'], ['', 'forGood']];
  const select = el('select', { id: 'ban-time' }, ...times.map(([value, label]) => el('option', { value, textContent: t(label) })));
  select.value = '';
  ask({
    title: t('banTitle', nickname),
    text: t('banText'),
    label: t('reason'),
    isOptional: true,
    content: [el('div', { className: 'field' }, el('label', { htmlFor: 'ban-time', textContent: t('howLong') }), select)],
    action: t('ban'),
    isDangerous: true,
    act: act(roomUuid, async (reason) => {
      await api.ban(roomUuid, userUuid, { expiresIn: Number(select.value) || undefined, reason: reason || undefined });
      await then();
    }, t('bannedSomebody', nickname)),
  });
}

/** Has a message looked at by those who look after its room. */
export function askToReport({ roomUuid, messageUuid }) {
  ask({
    title: t('reportTitle'),
    text: t(rooms.get(roomUuid)?.type === 'DIRECT' ? 'reportDirectText' : 'reportText'),
    label: t('reason'),
    isOptional: true,
    action: t('report'),
    async act(reason) {
      await api.report(roomUuid, messageUuid, reason || undefined);
      toast(t('reported'));
    },
  });
}
