/** Whether a connection comes from this machine, over loopback: such a peer needs no TLS. Judges addresses as the system tells them; resolves no names. */

/** 127.0.0.0/8 and ::1, IPv4 inside IPv6 included. False for what is no such address, and for none. */
export const isLocalPeer = (address: string | undefined): boolean =>
  address !== undefined && (address === '::1' || /^(?:::ffff:)?127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/i.test(address));
