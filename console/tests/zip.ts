// An archive of a few text files, as CreateFunction takes it: stored, not compressed.

import { crc32 } from "node:zlib";

/** In base64. */
export function zip(files: Readonly<Record<string, string>>): string {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const [path, text] of Object.entries(files)) {
    const [name, data] = [Buffer.from(path), Buffer.from(text)];
    const fields = fieldsOf(name, data);
    const local = Buffer.concat([number(0x04034b50, 4), fields, name, data]);
    // Made by Unix, so that the attributes are its permissions: a file that everybody may read.
    const attributes = number(((0o100644 << 16) >>> 0) as number, 4);
    const made = number((3 << 8) | 20, 2);
    directory.push(number(0x02014b50, 4), made, fields, number(0, 2), number(0, 2), number(0, 2), attributes);
    directory.push(number(offset, 4), name);
    parts.push(local);
    offset += local.length;
  }
  const central = Buffer.concat(directory);
  const count = number(parts.length, 2);
  const end = [number(0x06054b50, 4), number(0, 2), number(0, 2), count, count, number(central.length, 4)];
  return Buffer.concat([...parts, central, ...end, number(offset, 4), number(0, 2)]).toString("base64");
}

/** What a file's own header and its entry in the directory have in common. */
function fieldsOf(name: Buffer, data: Buffer): Buffer {
  const [version, flags, stored, time, date] = [20, 0, 0, 0, (1 << 5) | 1];
  const shorts = [version, flags, stored, time, date].map((value) => number(value, 2));
  const sizes = [crc32(data), data.length, data.length].map((value) => number(value, 4));
  return Buffer.concat([...shorts, ...sizes, number(name.length, 2), number(0, 2)]);
}

function number(value: number, bytes: number): Buffer {
  const buffer = Buffer.alloc(bytes);
  buffer.writeUIntLE(value, 0, bytes);
  return buffer;
}
