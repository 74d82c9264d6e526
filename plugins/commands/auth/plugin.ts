/** Manifest of commands/auth: accounts, tokens and rules of a namespace. All words behind `auth` are its own; the auth service itself is reached by `micro call auth`. */

import { auth } from '../../../internal/contract/auth.ts';
import { client } from '../../../internal/contract/client.ts';
import { fields } from '../../../internal/contract/field.ts';
import { placeSettings } from '../../../internal/contract/place-settings.ts';
import { type ArgSpec, defineCommand, verb } from '../../../internal/contract/plugin.ts';
import { registry } from '../../../internal/contract/registry.ts';

export const config = placeSettings;
export const needs = { auth };
export const tokenNeeds = { auth, client };
export const canNeeds = { auth, client, registry };

/** A flag of each command's own, as in v3: the login stays that of the environment's namespace. */
const namespaceFlag = fields({
  namespace: { type: 'string', doc: 'Namespace to work on; default that of the environment' },
});
export const namespaceFlags = namespaceFlag;
export const ruleFlags = fields({
  scope: {
    type: 'string',
    doc: 'Whom it is about: empty for everybody, * for accounts of the namespace, + for any account, else a scope',
    default: '',
  },
  resource: { type: 'string', doc: 'What it is about, TYPE:NAME:ENDPOINT; * stands for anything', default: '' },
  access: { type: 'string', doc: 'granted or denied', default: 'granted' },
  priority: { type: 'int32', doc: 'Of the rules that match the highest decides', default: 0 },
  ...namespaceFlag,
});
export const accountFlags = fields({
  secret: { type: 'string', doc: 'Its secret; - asks for it; default a random one, which is shown', secret: true },
  scopes: { type: 'string', list: true, doc: 'A scope it holds, may be repeated; admin makes an admin' },
  type: { type: 'string', doc: 'user, service or a word of your own; default user' },
  ...namespaceFlag,
});
const notUsed = 'Taken as in v3, and not used';
export const deleteRuleFlags = fields({
  scope: { type: 'string', doc: notUsed },
  resource: { type: 'string', doc: notUsed },
  access: { type: 'string', doc: notUsed },
  priority: { type: 'int32', doc: notUsed },
  ...namespaceFlag,
});
export const deleteAccountFlags = fields({
  secret: { type: 'string', doc: notUsed, secret: true },
  scopes: { type: 'string', list: true, doc: notUsed },
  type: { type: 'string', doc: notUsed },
  ...namespaceFlag,
});
export const tokenFlags = fields({
  for: { type: 'duration', doc: 'How long it lives, such as 30m or 12h; default 15m' },
  id: { type: 'string', doc: 'The account as a flag, as in v3; the token then lives for 1m unless told otherwise' },
  secret: { type: 'string', doc: 'Secret of the account; asked for otherwise', secret: true },
  expiry: { type: 'int32', doc: 'How long it lives in seconds, as in v3' },
  output: { type: 'string', doc: 'Output format: text, raw for the token alone, or json', short: 'o' },
  ...namespaceFlag,
});
export const secretFlags = fields({
  old_secret: { type: 'string', doc: 'The secret it has; asked for otherwise', secret: true },
  new_secret: { type: 'string', doc: 'The secret it gets; asked for otherwise', secret: true },
  ...deleteAccountFlags,
});
export const rotateFlags = fields({
  end_old_tokens: {
    type: 'bool',
    doc: 'End all tokens that were signed before, at once; logins and services come by new ones',
  },
});
export const canFlags = fields({
  account_namespace: { type: 'string', doc: 'Namespace the account belongs to; default that of the call' },
  ...namespaceFlag,
});

const ruleId = (missing: string): ArgSpec => ({ name: 'id', doc: 'Id of the rule', required: true, missing });
const accountId: ArgSpec = {
  name: 'id',
  doc: 'Id of the account',
  required: true,
  missing: 'Missing argument: ID',
};

export const plugin = defineCommand({
  id: 'commands/auth',
  summary: 'Manage accounts, tokens and the rules of who may call what',
  config,
  verbs: [
    verb({
      words: 'auth list rules',
      summary: 'List the rules of a namespace',
      flags: namespaceFlags,
      needs,
      examples: ['micro auth list rules', 'micro --output json auth list rules'],
      load: () => import('./list-rules.ts'),
    }),
    verb({
      words: 'auth list accounts',
      summary: 'List the accounts of a namespace',
      flags: namespaceFlags,
      needs,
      examples: ['micro auth list accounts'],
      load: () => import('./list-accounts.ts'),
    }),
    verb({
      words: 'auth list keys',
      summary: 'List the keys that tokens are signed with',
      needs,
      examples: ['micro auth list keys'],
      load: () => import('./list-keys.ts'),
    }),
    verb({
      words: 'auth create rule',
      summary: 'Allow or deny calls',
      args: [ruleId('Too many arguments, expected one argument: ID')],
      flags: ruleFlags,
      needs,
      examples: ['micro auth create rule --scope=dev --resource=service:helloworld:* dev-helloworld'],
      load: () => import('./create-rule.ts'),
    }),
    verb({
      words: 'auth create account',
      summary: 'Create an account and show its secret',
      args: [accountId],
      flags: accountFlags,
      needs,
      examples: ['micro auth create account --scopes=dev jane'],
      load: () => import('./create-account.ts'),
    }),
    verb({
      words: 'auth create token',
      summary: 'Create a token that lives for a given time',
      description:
        'Without ACCOUNT it stands for you, else for the account whose secret is given. Only the token goes to stdout, unless --id is used.',
      args: [{ name: 'account', doc: 'Id or name of the account; you otherwise' }],
      flags: tokenFlags,
      needs: tokenNeeds,
      examples: ['micro auth create token --for 30m'],
      load: () => import('./create-token.ts'),
    }),
    verb({
      words: 'auth can',
      summary: 'Say whether an account may call an endpoint, and what decides',
      description: [
        'Nothing is called: the rules, and the checks of the core services, are asked. ACCOUNT is an id or a name; - or nobody stands for a caller',
        'without an account. SERVICE ENDPOINT may also be written as rules have it: TYPE:NAME:ENDPOINT. Exit code 0 is yes, 10 is no.',
      ].join('\n'),
      args: [
        { name: 'account', doc: 'Who calls', required: true },
        { name: 'service', doc: 'Name of the service', required: true },
        { name: 'endpoint', doc: 'Endpoint of the service, such as Helloworld.Call' },
      ],
      flags: canFlags,
      needs: canNeeds,
      examples: ['micro auth can jane helloworld Helloworld.Call', 'micro auth can nobody helloworld Helloworld.Call'],
      load: () => import('./can.ts'),
    }),
    verb({
      words: 'auth delete rule',
      summary: 'Delete a rule',
      args: [ruleId('Expected one argument: ID')],
      flags: deleteRuleFlags,
      needs,
      examples: ['micro auth delete rule dev-helloworld'],
      load: () => import('./delete-rule.ts'),
    }),
    verb({
      words: 'auth update secret',
      summary: 'Give an account another secret',
      description: 'Tokens and logins that came from the secret before end at once. What no flag gave is asked for.',
      args: [accountId],
      flags: secretFlags,
      needs: tokenNeeds,
      examples: ['micro auth update secret --new_secret=other jane'],
      load: () => import('./update-secret.ts'),
    }),
    verb({
      words: 'auth delete account',
      summary: 'Delete an account; its tokens end at once',
      args: [accountId],
      flags: deleteAccountFlags,
      needs,
      examples: ['micro auth delete account jane'],
      load: () => import('./delete-account.ts'),
    }),
    verb({
      words: 'auth rotate keys',
      summary: 'Sign tokens with a new key from now on',
      description:
        'Tokens that were signed before stay valid until they end, so that nobody is logged out. Needs an admin of namespace micro.',
      flags: rotateFlags,
      needs,
      examples: ['micro auth rotate keys'],
      load: () => import('./rotate-keys.ts'),
    }),
  ],
});
