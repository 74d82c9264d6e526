/** How messages reach people: here by the log of the service, which its operator reads. Replace this file to send mail. */

import type { Logger } from 'micro';

export interface Post {
  code(email: string, o: { readonly code: string; readonly seconds: number }): Promise<void>;
  reminder(email: string, o: { readonly namespace: string }): Promise<void>;
}

export const createPost = (log: Logger): Post => ({
  code: async (email, { code, seconds }) => log.info('code to sign up', { email, code, seconds }),
  reminder: async (email, { namespace }) => log.info('reminder', { email, namespace }),
});
