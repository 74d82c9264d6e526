/** The service that `micro signup` talks to. Owns the order of the steps; codes are pending.ts, accounts accounts.ts, and post.ts delivers messages. */

import { badRequest, type Context, service, tooMany, unauthorized } from 'micro';

import { alreadyThere, createAccount, namespaceOf, newNamespace } from './accounts.ts';
import { readEmail } from './email.ts';
import { type Check, createPending } from './pending.ts';
import { createPost } from './post.ts';
import { readSettings } from './settings.ts';

const secretCharsMin = 8;

const settings = readSettings(process.env);
const pending = createPending({ lifeMs: settings.codeSeconds * 1_000, now: Date.now });
/** Addresses that asked for a reminder; the code that nobody gets only keeps them from asking at once again. */
const reminded = createPending({ lifeMs: 60_000, now: Date.now });

const emailOf = (text: string): string => readEmail(text, settings.domains);
const codeOf = (text: string): string => text.replace(/[\s-]/g, '').toUpperCase();

const requireRight = (check: Check): void => {
  const hint = 'micro signup sends a new one';
  if (check === 'expired') throw badRequest('signup', 'the code has expired', { hint });
  if (check === 'wrong') throw badRequest('signup', 'the code is wrong', { hint });
};

/** Undefined: one was asked for a moment ago. */
const askFor = (list: typeof pending, email: string): string | undefined => {
  try {
    return list.open(email);
  } catch (cause) {
    throw tooMany('signup', 'too many people are signing up: try again later', { cause });
  }
};

/** An admin or a service of namespace micro: who takes the payments. */
const requireOperator = ({ account }: Context): void => {
  const isOperator =
    account?.issuer === 'micro' &&
    ((account.type === 'user' && account.scopes.includes('admin')) ||
      (account.type === 'service' && account.scopes.includes('service')));
  if (!isOperator) throw unauthorized('signup', 'an admin of namespace micro is required');
};

const signup = service({
  name: 'signup',
  handlers: {
    Signup: {
      async sendVerificationEmail(req: { email: string }) {
        const email = emailOf(req.email);
        const code = askFor(pending, email);
        if (code !== undefined) await post.code(email, { code, seconds: settings.codeSeconds });
        return {};
      },

      /** Whoever has the code reads the mail of that address, and may be told whether it has an account. */
      async verify(req: { email: string; token: string }, ctx: Context) {
        const email = emailOf(req.email);
        requireRight(pending.check(email, codeOf(req.token)));
        if ((await namespaceOf(ctx.store, email)) !== undefined) throw alreadyThere(email);
        const message = settings.paymentUrl && `Please pay at ${settings.paymentUrl}`;
        return {
          namespaces: settings.join === '' ? [] : [settings.join],
          message,
          payment_required: settings.paymentUrl !== '',
        };
      },

      setPaymentMethod(req: { email: string }, ctx: Context) {
        requireOperator(ctx);
        if (!pending.pay(emailOf(req.email))) throw badRequest('signup', `${req.email} is not signing up`);
        return {};
      },

      hasPaymentMethod(req: { token: string }) {
        return { has: pending.hasPaid(codeOf(req.token)) };
      },

      async completeSignup(req: { email: string; token: string; secret: string; namespace: string }, ctx: Context) {
        const email = emailOf(req.email);
        const code = codeOf(req.token);
        if (req.secret.length < secretCharsMin)
          throw badRequest('signup', `the password is shorter than ${secretCharsMin} characters`);
        const joins = req.namespace !== '';
        if (joins && req.namespace !== settings.join)
          throw badRequest('signup', `the namespace ${req.namespace} cannot be joined`);
        const unpaid = !joins && settings.paymentUrl !== '' && !pending.hasPaid(code);
        const taken = pending.take(email, code);
        requireRight(taken.check);
        try {
          if (unpaid) throw badRequest('signup', 'a payment is required');
          if ((await namespaceOf(ctx.store, email)) !== undefined) throw alreadyThere(email);
          const namespace = joins ? req.namespace : newNamespace(email);
          const scopes = !joins && settings.ownersAreAdmins ? ['admin'] : [];
          const parts = { client: signup.client, store: ctx.store };
          const authToken = await createAccount(parts, { email, secret: req.secret, namespace, scopes });
          ctx.log.info('account created', { email, namespace });
          return { authToken, namespace };
        } catch (e) {
          taken.undo();
          throw e;
        }
      },

      async recover(req: { email: string }, ctx: Context) {
        const email = emailOf(req.email);
        const isFirst = askFor(reminded, email) !== undefined;
        const namespace = await namespaceOf(ctx.store, email);
        if (isFirst && namespace !== undefined) await post.reminder(email, { namespace });
        return {};
      },
    },
  },
});

const post = createPost(signup.log);
await signup.run();
