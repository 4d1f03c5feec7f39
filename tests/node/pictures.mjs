// Real pictures for tests, made here.

import { crc32, deflateSync } from 'node:zlib';

function chunk(name, data) {
  const body = Buffer.concat([Buffer.from(name), data]);
  const frame = Buffer.alloc(body.length + 8);
  frame.writeUInt32BE(data.length);
  body.copy(frame, 4);
  frame.writeUInt32BE(crc32(body), body.length + 4);
  return frame;
}

/** A PNG: hills under a sky of this hue, 0 to 1. */
export function png(width, height, hue = 0.5) {
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width);
  head.writeUInt32BE(height, 4);
  head.set([8, 2], 8);
  const rows = Buffer.alloc(height * (1 + width * 3));
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const isHill = y / height > 0.62 + 0.14 * Math.sin((x / width) * 7);
      const isSun = Math.hypot(x - width * 0.75, y - height * 0.25) < Math.min(width, height) * 0.12;
      const sky = [120 + 120 * hue, 190 - 40 * hue, 235 - 90 * hue];
      rows.set(isHill ? [70, 140 - (60 * y) / height, 90] : isSun ? [255, 214, 102] : sky, y * (1 + width * 3) + 1 + x * 3);
    }
  }
  return Buffer.concat([
    Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]), chunk('IHDR', head), chunk('IDAT', deflateSync(rows)), chunk('IEND', Buffer.alloc(0)),
  ]);
}

/** A PDF, as far as its bytes tell. */
export const pdf = (bytes = 2000) => Buffer.concat([Buffer.from('%PDF-1.7\n'), Buffer.alloc(bytes, 32), Buffer.from('\n%%EOF\n')]);
