/** The database on Node's own SQLite. */

import { testDatabase } from '../../test/conformance/database.ts';
import { nodeEngine } from './engine-choice.ts';

testDatabase(nodeEngine);
