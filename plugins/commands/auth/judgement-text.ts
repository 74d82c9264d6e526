/** How a dry run reads: yes or no, what the rules say, what the service itself asks for, and what would allow it. Pure. */

import { describeRule } from '../../../internal/auth/rules.ts';
import type { Account } from '../../../internal/contract/auth.ts';
import { defaultNamespace } from '../../../internal/contract/core.ts';
import type { JudgedCall, Judgement, OwnCheck } from './judge-call.ts';
import { resourceText } from './resource.ts';

type Asked = Pick<JudgedCall, 'account' | 'resource' | 'namespace'>;

export const judgementLines = (asked: Asked, judgement: Judgement): readonly string[] => {
  const { allowed, decision, own, allowing } = judgement;
  const { type, name, endpoint } = asked.resource;
  const what = type === 'service' ? `${name}:${endpoint}` : resourceText(asked.resource);
  return [
    `${allowed ? 'yes' : 'no'}: ${callerText(asked.account)} ${allowed ? 'may' : 'may not'} call ${what} in namespace ${asked.namespace}`,
    `rules: ${decision.allowed && decision.rule ? `${describeRule(decision.rule)} admits it` : decision.reason}`,
    ...(own === undefined ? [] : [`${name} itself: ${ownText(own)}`]),
    ...(allowing === undefined ? [] : [`to allow it: ${allowing}`]),
  ];
};

const callerText = (account: Account | undefined): string =>
  account === undefined ? 'a caller without an account' : `${account.id} of namespace ${account.issuer}`;

const ownText = (own: OwnCheck): string => {
  if (own.need === 'none') return 'asks for nothing';
  return own.refusal === undefined
    ? `asks for ${needText(own)}, which holds`
    : `asks for ${needText(own)}; ${own.refusal}`;
};

const needText = ({ need, namespace }: OwnCheck): string => {
  switch (need) {
    case 'none':
      return 'nothing';
    case 'account':
      return 'an account';
    case 'any':
      return `a user or service of namespace ${namespace}${namespace === defaultNamespace ? '' : ', or an admin of micro'}`;
    case 'admin':
      return `an admin of namespace ${namespace}${namespace === defaultNamespace ? '' : ' or micro'}`;
    case 'platform':
      return 'an admin of namespace micro';
  }
};

/** Undefined becomes null: every key is always there. */
export const judgementJson = (asked: Asked, { allowed, decision, own, allowing }: Judgement): unknown => ({
  allowed,
  account: asked.account === undefined ? null : { id: asked.account.id, namespace: asked.account.issuer },
  resource: asked.resource,
  namespace: asked.namespace,
  rule: decision.rule ?? null,
  reason: decision.reason,
  denial: decision.denial ?? null,
  own_check: own === undefined ? null : { ...own, admits: own.refusal === undefined },
  to_allow: allowing ?? null,
});
