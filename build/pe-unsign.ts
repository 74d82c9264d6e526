/** Takes the entry of the signature out of a Windows executable's header: after injection it names bytes that are something else now. Signs nothing. */

/** Offsets of the PE format: where the header's place stands, and in the header of a 64-bit image the table of data directories. */
const headerPlace = 0x3c;
const optionalHeader = 24;
const magic64 = 0x20b;
const directories = optionalHeader + 112;
/** The certificate table, of 8 bytes per entry. */
const securityEntry = directories + 4 * 8;

/** A copy of the file without the entry. Throws when it is no 64-bit PE file. */
export const unsignPe = (file: Uint8Array): Uint8Array => {
  const copy = Buffer.from(file);
  const header = copy.length > headerPlace + 4 ? copy.readUInt32LE(headerPlace) : 0;
  const isPe = copy.toString('latin1', header, header + 4) === 'PE\0\0';
  if (!isPe || copy.readUInt16LE(header + optionalHeader) !== magic64) throw new Error('not a 64-bit PE file');
  copy.fill(0, header + securityEntry, header + securityEntry + 8);
  return copy;
};
