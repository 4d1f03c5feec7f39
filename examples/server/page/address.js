// The open room stands in the address, so that Back closes it and a reload opens it again.

export const roomInAddress = () => /^#([0-9A-Z]{26})$/.exec(location.hash)?.[1];

export const goToRoom = (uuid) => { location.hash = uuid; };

export const goToList = () => { location.hash = ''; };
