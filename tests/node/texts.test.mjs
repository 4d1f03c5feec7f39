// The words of the page, against what the API documents name: what the server may tell has words in every language.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import english from '../../examples/server/page/texts.en.js';
import korean from '../../examples/server/page/texts.ko.js';
import { startServer } from './server.mjs';

let server;
let schemas;
before(async () => {
  server = await startServer();
  const document = await (await fetch(`${server.url}/api/openapi.json`)).json();
  schemas = document.components.schemas;
});
after(() => server?.stop());

const languages = Object.entries({ english, korean });

/** The names that a field of a schema may have. */
function namesOf(schema, field) {
  const { $ref, enum: names } = schemas[schema].properties[field];
  return names ?? schemas[$ref.split('/').at(-1)].enum;
}

const ofTexts = (texts, prefix) => Object.keys(texts).filter((key) => key.startsWith(prefix)).map((key) => key.slice(prefix.length));

describe('the texts of the page', () => {
  for (const [name, texts] of languages) {
    test(`have every act of the audit trail, and no other: ${name}`, () => {
      assert.deepEqual(ofTexts(texts, 'act_').toSorted(), namesOf('Act', 'act').toSorted());
    });

    test(`name who did each, to whom, and what: ${name}`, () => {
      const values = { who: 'Ana', whom: 'Ben', until: '18:00', role: 'admin', outcome: 'let be', span: '30 s', days: 30, messages: 1000 };
      const [whom, outcome] = [['Ben'], ['let be']];
      const more = {
        mute: [...whom, '18:00'], unmute: whom, ban: [...whom, '18:00'], unban: whom, remove: whom, deleteMessage: whom, setRole: [...whom, 'admin'],
        slowMode: ['30 s'], resolveReport: [...whom, ...outcome], setRetention: ['30', '1000'], approveMessage: whom, rejectMessage: whom,
        approveJoin: whom, rejectJoin: whom, setPermissions: [], setVisibility: [], revokeInvite: whom, rename: [], setTopic: [], setPicture: [], setCustom: [],
        pinMessage: whom, unpinMessage: whom, closeRoom: [], reopenRoom: [], deleteRoom: [],
      };
      assert.deepEqual(Object.keys(more).toSorted(), namesOf('Act', 'act').toSorted());
      for (const [act, words] of Object.entries(more)) {
        const said = texts[`act_${act}`](values);
        for (const word of ['Ana', ...words]) assert.ok(said.includes(word), `${act}: ${said}`);
        assert.doesNotMatch(said, /undefined|null|NaN|\[object/);
      }
    });

    test(`say a rule for what is kept by its parts, and that there is none: ${name}`, () => {
      const kept = (rule) => texts.act_setRetention({ who: 'Ana', ...rule });
      const all = [{ days: 1 }, { days: 30 }, { messages: 1000 }, { days: 30, messages: 1000 }, {}].map(kept);
      assert.equal(new Set(all).size, all.length);
      for (const said of all) assert.doesNotMatch(said, /undefined|null|, $|: $/);
    });

    test(`have every limit that can be reached, with how many there may be: ${name}`, () => {
      const limits = ofTexts(texts, 'error_LIMIT_REACHED_');
      assert.deepEqual(limits.toSorted(), namesOf('Error', 'limit').toSorted());
      for (const limit of limits) assert.match(texts[`error_LIMIT_REACHED_${limit}`](77), /77/);
    });

    test(`have every outcome of a report and every role: ${name}`, () => {
      assert.deepEqual(ofTexts(texts, 'outcome_').toSorted(), namesOf('Act', 'outcome').toSorted());
      assert.deepEqual(ofTexts(texts, 'role_').toSorted(), namesOf('Act', 'role').toSorted());
    });
  }
});
