/** What counts as an address here. It becomes an account id and stands in log lines, so it is strict and in lower case. */

import { badRequest } from 'micro';

const charsMax = 254;
const form = /^[a-z0-9._%+-]+@[a-z0-9-]+(?:\.[a-z0-9-]+)*$/;

/** Throws badRequest for what is no address, or is not of these domains; no domains means all. */
export const readEmail = (text: string, domains: readonly string[]): string => {
  const email = text.trim().toLowerCase();
  if (email.length > charsMax || !form.test(email)) throw badRequest('signup', 'that is not an email address');
  const domain = email.slice(email.indexOf('@') + 1);
  if (domains.length > 0 && !domains.includes(domain))
    throw badRequest('signup', `addresses of ${domain} cannot sign up here`);
  return email;
};
