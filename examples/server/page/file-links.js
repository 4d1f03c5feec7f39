// Addresses of files. A browser that loads one by itself sends no token, so each file gets a link when it is needed.

import { api } from './api.js';
import { el, webAddress } from './dom.js';
import { attempt } from './notices.js';

/** Links that are kept. */
const MOST = 400;
/** A link that holds no longer than so many milliseconds is as good as none. */
const SOON = 20_000;

/** By attachmentUuid: promises of links. */
const links = new Map();

/** Addresses of the file that need no token. */
async function linkOf({ roomUuid, attachmentUuid }) {
  const known = await links.get(attachmentUuid);
  if (known && Date.parse(known.expiresAt) - Date.now() > SOON) return known;
  const asked = api.link(roomUuid, attachmentUuid);
  links.delete(attachmentUuid);
  links.set(attachmentUuid, asked.catch(() => undefined));
  const [oldest] = links.keys();
  if (links.size > MOST) links.delete(oldest);
  return asked;
}

const absolute = (address) => webAddress(new URL(address, location.href).href);

/** The address of a picture, or of its thumbnail. */
export async function addressOf(file, isSmall = false) {
  const { url, thumbnailUrl } = await linkOf(file);
  return absolute((isSmall && thumbnailUrl) || url);
}

export const download = (file) => attempt(async () => {
  const { url } = await linkOf(file);
  el('a', { href: absolute(url), download: file.name }).click();
});
