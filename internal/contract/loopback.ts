/** Which addresses are of this machine alone, by their text; resolves no names. What listens there is reached from nowhere else. */

/** 127.0.0.0/8, ::1 and localhost; brackets around IPv6 are allowed. */
export const isLoopbackHost = (host: string): boolean =>
  host === 'localhost' || host === '::1' || host === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(host);

/** The same for `host:port`; Go's `:port` is every interface. */
export const isLoopbackAddress = (address: string): boolean =>
  isLoopbackHost(address.slice(0, Math.max(0, address.lastIndexOf(':'))));

/** Where programs of this machine dial one of these listeners of one service: a loopback one first, and a listener on every interface over loopback. */
export const dialableHere = (addresses: readonly string[]): string | undefined => {
  const [first] = addresses;
  const found = addresses.find(isLoopbackAddress) ?? first;
  return found?.replace(/^(?:0\.0\.0\.0)?(?=:\d*$)/, '127.0.0.1').replace(/^\[::\](?=:)/, '[::1]');
};
