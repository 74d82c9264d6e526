/** The text of `micro get service` (cli.md 2.5). Pure. */

import type { ValueTree } from '../../../internal/contract/handler.ts';
import { valueTreeDepthMax } from '../../../internal/contract/limits.ts';
import type { Endpoint, Node, Service } from '../../../internal/contract/registry.ts';

/** Nodes of every version; endpoints are those of the first. */
export const describeService = (versions: readonly [Service, ...Service[]]): string =>
  [`service  ${versions[0].name}`, ...versions.flatMap(versionLines), ...versions[0].endpoints.map(endpointText)]
    .map(printable)
    .join('\n');

const versionLines = (service: Service): readonly string[] => [
  ...(service.version === '' ? [] : [`\nversion ${service.version}`]),
  '\nID\tAddress\tMetadata',
  ...service.nodes.map(nodeLine),
];

const nodeLine = (node: Node): string => [node.id, node.address, metadataText(node.metadata)].join('\t');

const endpointText = (endpoint: Endpoint): string => {
  const metadata = metadataText(endpoint.metadata);
  return [
    `\nEndpoint: ${endpoint.name}\n`,
    ...(metadata === '' ? [] : [`Metadata: ${metadata}\n`]),
    `Request: ${messageText(endpoint.request)}\n`,
    `Response: ${messageText(endpoint.response)}\n`,
  ].join('\n');
};

const messageText = (message: ValueTree | undefined): string =>
  message === undefined || message.values.length === 0
    ? '{}'
    : ['{', ...message.values.flatMap((value) => fieldLines(value, 1)), '}'].join('\n');

/** What a service registered elsewhere may nest deeper is not shown. */
const fieldLines = (value: ValueTree, depth: number): readonly string[] => {
  const line = `${'\t'.repeat(depth)}${value.name} ${value.type}`;
  if (value.values.length === 0 || depth > valueTreeDepthMax) return [line];
  return [`${line} {`, ...value.values.flatMap((below) => fieldLines(below, depth + 1)), `${'\t'.repeat(depth)}}`];
};

const metadataText = (metadata: Readonly<Record<string, string>>): string =>
  Object.entries(metadata)
    .map(([key, value]) => `${key}=${value}`)
    .sort()
    .join(',');

// What a service registers is a stranger's text: nothing in it may steer the terminal.
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it replaces
const printable = (text: string): string => text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, '?');
