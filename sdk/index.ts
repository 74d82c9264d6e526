/** `micro`: what authors of services import. The list of names is the contract; nothing is defined here. */

export { badRequest } from '../internal/contract/error.ts';
export const service = (): void => {};
