// The open room stands in the address, so that Back closes it and a reload opens it again. An invite link is an address of the
// page, too: what stands behind its # is sent to no server, and so is in no server's log.

export const roomInAddress = () => /^#([0-9A-Z]{26})$/.exec(location.hash)?.[1];

export const goToRoom = (uuid) => { location.hash = uuid; };

export const goToList = () => { location.hash = ''; };

const inviteLinks = () => `${location.origin}${location.pathname}#invite=`;

/** The address by which one comes in. */
export const inviteLink = (code) => `${inviteLinks()}${code}`;

/** Whether an address leads to this page, and into a room. */
export const isInviteLink = (href) => href.startsWith(inviteLinks());

/** The code of an invite link that the page was opened by. The address that was `before` shows from then on, also after Back. */
export function takeInvite(before = location.pathname + location.search) {
  // A full stop behind a link is no part of it.
  const code = /^#invite=([\w-]+)/.exec(location.hash)?.[1];
  if (code) history.replaceState(null, '', before);
  return code;
}
