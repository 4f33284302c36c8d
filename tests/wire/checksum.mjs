// CRC-32 as zlib's: node has it from 20.15 on only.
const table = Array.from({ length: 256 }, (_, n) => Array.from({ length: 8 }).reduce((c) => (c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1), n));

export const checksum = (bytes) => (Buffer.from(bytes).reduce((c, byte) => table[(c ^ byte) & 255] ^ (c >>> 8), -1) ^ -1) >>> 0;
