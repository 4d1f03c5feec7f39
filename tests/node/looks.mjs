// However the page looks: light and dark, on a desktop and on a phone, in both languages.

import { describe, test } from 'node:test';

import english from '../../examples/server/page/texts.en.js';
import korean from '../../examples/server/page/texts.ko.js';
import { PHONE } from './browser.mjs';

const LOOKS = {
  light: { colorScheme: 'light' }, dark: { colorScheme: 'dark' },
  'a light phone': { ...PHONE, colorScheme: 'light' }, 'a dark phone': { ...PHONE, colorScheme: 'dark', locale: 'ko-KR' },
};

/**
 * axe finds nothing serious in a scene. `scene(look, words, check)`: `words` are those of the look's language, `check(person,
 * where)` looks at what shows now. `shots`: how its screenshots begin.
 */
export function isAccessibleInEachLook(shots, scene) {
  describe('axe finds nothing serious', { timeout: 240_000 }, () => {
    for (const [name, look] of Object.entries(LOOKS)) {
      const check = async (person, where) => {
        await person.shoot([shots, name, where].join('-').replaceAll(' ', '-'));
        await person.isAccessible(where);
        await person.isWell();
      };
      test(name, () => scene(look, look.locale ? korean : english, check));
    }
  });
}
