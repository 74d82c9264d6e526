/**
 * What protobufjs's own conversions leave open, for one message type: decoded maps lose their prototype, an enum name that does not exist is
 * an error instead of zero, and fields called like members of Object.prototype are read as fields. Touches only the fields concerned.
 */

import { badRequest } from '../contract/error.ts';
import { type FieldData, fieldsOf, type SchemaData } from './schema-data.ts';

type Plain = Record<string, unknown>;

export interface PlainForm {
  /** Finishes a decoded value in place. */
  decoded(value: object): void;
  /** The value to hand to fromObject; throws badRequest for an unknown enum name. */
  toEncode(value: object): object;
}

/** Made once per message type. */
export const plainForm = (schema: SchemaData, message: string): PlainForm => {
  const onDecode = makePlan(schema, message, (f) => f.key !== undefined);
  const onEncode = makePlan(schema, message, (f) => f.type === 'enum' || isInherited(f.name));
  return {
    decoded: (value) => {
      if (onDecode.needed) stripMaps(onDecode, value as Plain);
    },
    toEncode: (value) => (onEncode.needed ? prepare(onEncode, value as Plain, schema, '') : value),
  };
};

const isInherited = (name: string): boolean => name in Object.prototype;

/** The fields of one message that need work, and those that lead to messages with such fields. */
interface Plan {
  needed: boolean;
  readonly own: FieldData[];
  readonly below: { readonly field: FieldData; readonly plan: Plan }[];
}

const makePlan = (schema: SchemaData, message: string, concerns: (f: FieldData) => boolean): Plan => {
  const plans = new Map<string, Plan>();
  const planOf = (name: string): Plan => {
    const known = plans.get(name);
    if (known) return known;
    const own = fieldsOf(schema, name).filter(concerns);
    const plan: Plan = { needed: own.length > 0, own, below: [] };
    plans.set(name, plan);
    for (const field of fieldsOf(schema, name))
      if (field.type === 'message') plan.below.push({ field, plan: planOf(field.of!) });
    return plan;
  };
  const top = planOf(message);
  // Types may hold each other, so need travels up until nothing changes.
  for (let changed = true; changed; ) {
    changed = false;
    for (const plan of plans.values()) {
      if (plan.needed || !plan.below.some((b) => b.plan.needed)) continue;
      plan.needed = true;
      changed = true;
    }
  }
  for (const plan of plans.values()) plan.below.splice(0, Infinity, ...plan.below.filter((b) => b.plan.needed));
  return top;
};

/** Decoded values have every list and map, and their depth is bounded by the decoder. */
const stripMaps = (plan: Plan, value: Plain): void => {
  for (const { field, plan: inner } of plan.below) {
    const given = value[field.name];
    if (given === null || given === undefined) continue;
    if (field.repeated) for (const item of given as readonly Plain[]) stripMaps(inner, item);
    else if (field.key === undefined) stripMaps(inner, given as Plain);
    else for (const item of Object.values(given as Plain)) stripMaps(inner, item as Plain);
  }
  for (const { name } of plan.own) value[name] = bareMap(value[name] as Plain);
};

/** Inherits nothing, not even `__proto__`, yet stays as quick as a plain object, which Object.create(null) is not. */
const bareMap = (given: Plain): Plain => {
  const map = new BareMap();
  for (const key of Object.keys(given)) map[key] = given[key];
  return map;
};

const BareMap = function BareMap() {} as unknown as new () => Plain;
BareMap.prototype = Object.create(null);

/** A copy without prototype along the way to the fields concerned; values of a wrong shape are left to fromObject, which refuses them. */
const prepare = (plan: Plan, value: Plain, schema: SchemaData, path: string): Plain => {
  const copy: Plain = Object.assign(Object.create(null), value);
  for (const field of plan.own)
    if (field.type === 'enum') each(field, copy[field.name], (v) => checkEnum(schema, field, v, path));
  for (const { field, plan: inner } of plan.below) {
    if (copy[field.name] === undefined) continue;
    const at = `${path}${field.name}.`;
    copy[field.name] = each(field, copy[field.name], (v) => (isObject(v) ? prepare(inner, v, schema, at) : v));
  }
  return copy;
};

const each = (field: FieldData, value: unknown, step: (v: unknown) => unknown): unknown => {
  if (field.repeated && Array.isArray(value)) return value.map(step);
  if (field.key === undefined || !isObject(value)) return step(value);
  const map: Plain = Object.create(null);
  for (const [key, item] of Object.entries(value)) map[key] = step(item);
  return map;
};

const isObject = (v: unknown): v is Plain => typeof v === 'object' && v !== null;

const checkEnum = (schema: SchemaData, field: FieldData, value: unknown, path: string): void => {
  if (typeof value !== 'string') return;
  const values = schema.enums[field.of!] ?? {};
  if (Object.hasOwn(values, value)) return;
  const names = Object.keys(values).join(', ');
  throw badRequest('codec', `${path}${field.name}: want one of ${names}, got ${JSON.stringify(value)}`);
};
